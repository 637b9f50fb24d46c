"""How a trajectory ended, and the number of its steps."""

import numpy as np

from eos_sweep.contract import CONVERGED, DIVERGED, Variable

NEEDS = ()
KEPT = FLAGS = COUNTS = 0


def variables(model):
    return {
        "steps_taken": Variable("int32", "gradient descent steps taken", fill=-1),
        "outcome": Variable(
            "int8",
            "why the trajectory ended",
            fill=0,
            flags={"not_computed": 0, "converged": 1, "diverged": 2, "budget_spent": 3},
            decides_regime=True,
        ),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    outcome = np.select([end.status == CONVERGED, end.status == DIVERGED], [1, 2], 3)
    return {"steps_taken": end.steps, "outcome": outcome}

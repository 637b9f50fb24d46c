"""Whether a trajectory ends on a periodic orbit: it neither converges nor sharpens again."""

import numpy as np

from eos_sweep.contract import CONVERGED, LONGEST, ORBIT, RUNNING, Variable

NEEDS = (ORBIT,)
KEPT = FLAGS = COUNTS = 0


def variables(model):
    words = f"period of the orbit on which the trajectory ends (1: at rest; 0: none of at most {LONGEST} steps)"
    return {"period": Variable("int8", words, fill=-1)}


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    return {"period": np.select([end.status == RUNNING, end.status == CONVERGED], [end.period, 1], 0)}

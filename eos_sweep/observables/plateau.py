"""The number of steps with the loss on the plateau of zero weights: within 1 % of its value there.

At zero weights the gradients of a product of layers vanish, and a run that comes near leaves slowly.  For ``bivariate``
the plateau is at lambda2/2, all of the relevant loss; a sign flip of alpha may end there.
"""

import numpy as np

from eos_sweep.bits import population
from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined
from eos_sweep.state import enter

NEEDS = ()
KEPT = 1  # the loss at zero weights
FLAGS = 1
COUNTS = 1
WITHIN = 0.01  # relative


def variables(model):
    if not hasattr(model, "loss") or not getattr(model, "DESCENT", True):  # zero coordinates are not zero weights
        return {}
    return {
        "plateau_steps": Variable(
            "int32", f"number of steps with the loss within {WITHIN:.0%} of that of zero weights", -1
        )
    }


def start(begin):
    zero = np.zeros_like(begin.loss)
    level = begin.model.loss(enter(begin.model, dict.fromkeys(begin.model.STATE, zero), begin.p), begin.p)
    return (zero + level,), (np.zeros_like(begin.steps),)


@inlined
def watch(kept, moment):
    return kept, (abs(moment.loss - kept[0]) < WITHIN * kept[0],)


@inlined
def fold(counts, bits, age, steps):
    return (counts[0] + population(bits[0]),)


def finish(begin, end, kept, counts):
    return {"plateau_steps": counts[0]}

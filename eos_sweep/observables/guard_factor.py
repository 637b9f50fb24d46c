"""How near the guarded coordinate came to a sign flip: the smallest factor by which a step multiplied it.

In the model ``bivariate`` a step multiplies alpha by about 1 - eta lambda1 beta1^2.  A run that is moved by rounding
swings as high as before, but not exactly as high, so a flip was possible where this factor came close to zero.
"""

import numpy as np

from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined, select, smaller

NEEDS = ()
KEPT = 1
FLAGS = COUNTS = 0


def variables(model):
    if not model.GUARD:
        return {}
    words = "smallest factor by which a step multiplied the guarded coordinate, at most 1; below zero where it flipped"
    return {"guard_factor_min": Variable("float64", words, float("nan"))}


def start(begin):
    return (np.ones_like(begin.loss),), ()


@inlined
def watch(kept, moment):
    away = moment.guard_before != 0.0  # zero has no sign that could flip
    factor = moment.guard / select(away, moment.guard_before, 1.0)
    return (smaller(select(away, factor, 1.0), kept[0]),), ()


def finish(begin, end, kept, counts):
    return {"guard_factor_min": kept[0]}

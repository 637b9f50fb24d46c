"""When and how often the guarded coordinate changes sign; on its way through zero it keeps the sign it had."""

import numpy as np

from eos_sweep import lanes
from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined, select

NEEDS = ()
KEPT = 1  # the last sign that was not zero
COUNTS = 2  # first flip, number of flips


def variables(model):
    return {
        "first_sign_flip": Variable("int32", "first step on which the guarded coordinate changed sign (-1: never)", -2),
        "sign_flips": Variable("int32", "number of steps on which the guarded coordinate changed sign", -1),
    }


def start(begin):
    zero = np.zeros_like(begin.steps)
    return (np.sign(begin.model.guard(begin.theta)),), (zero - 1, zero)


@inlined
def watch(kept, moment):
    before = kept[0]
    sign = select(moment.guard > 0.0, 1.0, select(moment.guard < 0.0, -1.0, before))
    return (sign,), sign * before < 0.0


@inlined
def fold(counts, bits, age, steps):
    first, flips = counts
    here = age + 1 + lanes.lowest(bits)
    return select((first < 0) & (bits != 0), here, first), flips + lanes.population(bits)


def finish(begin, end, kept, counts):
    return {"first_sign_flip": counts[0], "sign_flips": counts[1]}

"""The number of steps on which the loss rose: none in a monotone descent, about half at the edge of stability."""

import numpy as np

from eos_sweep.bits import population
from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined

NEEDS = ()
KEPT = 0
FLAGS = 1
COUNTS = 1


def variables(model):
    return {"loss_rises": Variable("int32", "number of steps on which the loss rose", -1)}


def start(begin):
    return (), (np.zeros_like(begin.steps),)


@inlined
def watch(kept, moment):
    return (), (moment.loss > moment.loss_before,)


@inlined
def fold(counts, bits, age, steps):
    return (counts[0] + population(bits[0]),)


def finish(begin, end, kept, counts):
    return {"loss_rises": counts[0]}

"""The share of the steps on which the gradient clip or the projection acted."""

import numpy as np

from eos_sweep.bits import population
from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined

NEEDS = ()
KEPT = 0
FLAGS = 1
COUNTS = 1


def variables(model):
    return {"clip_fraction": Variable("float64", "fraction of steps that a clip or projection changed", float("nan"))}


def start(begin):
    return (), (np.zeros_like(begin.steps),)


@inlined
def watch(kept, moment):
    return (), (moment.clipped,)


@inlined
def fold(counts, bits, age, steps):
    return (counts[0] + population(bits[0]),)


def finish(begin, end, kept, counts):
    return {"clip_fraction": counts[0] / np.maximum(end.steps, 1)}

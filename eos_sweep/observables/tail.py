"""The sharpness over that at the edge, 2/eta, in the last tenth of the budget: mean, least and largest.

A trajectory that converged earlier keeps its last value through the rest of the window; one that diverged has no tail.
"""

import numpy as np

from eos_sweep.contract import DIVERGED, TAIL, Variable
from eos_sweep.eigen.sharpness import edge_of, over_edge, ratio_words
from eos_sweep.scalar import inlined, select

NEEDS = (TAIL,)
KEPT = 4  # sum, least, largest, number
FLAGS = COUNTS = 0


def window(budget):
    """Return the number of steps in the window: a tenth of the budget, at least one."""
    return max(1, budget // 10)


def variables(model):
    words, nan = ratio_words(model), float("nan")
    return {
        "tail_mean": Variable("float64", f"mean of {words} over the last tenth of the budget", nan, centre=1.0),
        "tail_min": Variable("float64", f"least {words} in the last tenth of the budget", nan, centre=1.0),
        "tail_max": Variable("float64", f"largest {words} in the last tenth of the budget", nan, centre=1.0),
    }


def start(begin):
    zero = np.zeros_like(begin.loss)
    return (zero, zero + np.inf, zero - np.inf, zero), ()


@inlined
def watch_sharpness(kept, ratio):
    total, least, largest, number = kept
    return (
        total + ratio,
        select(ratio < least, ratio, least),
        select(ratio > largest, ratio, largest),
        number + 1.0,
    )


def finish(begin, end, kept, counts):
    total, least, largest, number = kept
    last = over_edge(end.top(), edge_of(end.model)(end.theta, end.p))
    missing = window(end.budget) - number
    ended = missing > 0
    mean = (total + missing * np.where(ended, last, 0.0)) / window(end.budget)
    values = {
        "tail_mean": mean,
        "tail_min": np.where(ended, np.minimum(least, last), least),
        "tail_max": np.where(ended, np.maximum(largest, last), largest),
    }
    return {name: np.where(end.status == DIVERGED, np.nan, value) for name, value in values.items()}

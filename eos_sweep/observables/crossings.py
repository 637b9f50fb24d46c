"""Crossings of the edge of stability, 2/eta, by the sharpness: the first, their number, the steps above.

A sharpness of exactly 2/eta counts as above: gradient descent is stable while S < 2/eta.  Another update rule has
another edge in its place.
"""

import numpy as np

from eos_sweep.bits import lowest, population
from eos_sweep.contract import Variable
from eos_sweep.eigen.sharpness import edge_of, edge_words
from eos_sweep.scalar import inlined, select

NEEDS = ()
KEPT = 0
FLAGS = 1
COUNTS = 4  # first step above, upward crossings, steps above, whether the last step was above


def variables(model):
    edge = edge_words(model)
    return {
        "first_crossing": Variable(
            "int32",
            f"first step with sharpness at or above {edge} (0: from the start; -1: never)",
            -2,
            decides_regime=True,
        ),
        "crossings": Variable(
            "int32", f"number of steps from below {edge} to a sharpness at or above it", -1, decides_regime=True
        ),
        "steps_above": Variable(
            "int32", f"number of steps with sharpness at or above {edge}, the start included", -1, decides_regime=True
        ),
        "final_above": Variable(
            "int8",
            f"whether the last step was at or above {edge}",
            0,
            flags={"not_computed": 0, "below": 1, "above": 2},
            decides_regime=True,
        ),
    }


def start(begin):
    model, theta, p = begin.model, begin.theta, begin.p
    above = (~model.stable(model.curvature(theta, p), edge_of(model)(theta, p))).astype(np.int64)
    return (), (above - 1, np.zeros_like(above), above, above)


@inlined
def watch(kept, moment):
    return (), (moment.stable,)


@inlined
def fold(counts, bits, age, steps):
    first, crossings, total, last = counts
    bits = ~bits[0] & ((np.int64(1) << steps) - 1)  # above
    upward = bits & ~((bits << 1) | last)
    here = age + 1 + lowest(bits)
    return (
        select((first < 0) & (bits != 0), here, first),
        crossings + population(upward),
        total + population(bits),
        (((bits << 1) | last) >> steps) & 1,
    )


def finish(begin, end, kept, counts):
    first, crossings, total, last = counts
    return {"first_crossing": first, "crossings": crossings, "steps_above": total, "final_above": last + 1}

"""How far rounding may have moved a trajectory: an estimate, not a bound.

Each step moves each coordinate, and each number of an update rule's memory, by a unit u in its last place, to one side
or the other, and carries the error so far along: v <- J v +- u, with J the Jacobian of the step.  The ``magnification``
is the largest error that any coordinate has had, in bits of its unit.  Beyond some 45 bits the 53 of a double are used
up, and rounding may decide where the trajectory goes.

An error that is put in only at the start would not tell: where its unstable part contracts first, and grows only after
the slow part is all that is left of it, that growth stays unseen.  Nor would errors to one side only: where each step
turns an error round, they cancel.  In a direction that neither grows nor shrinks, errors to both sides add up to a few
units, where those of a random walk would be sqrt(steps): up to 10 bits more after 1e6 steps.

Where a run diverges, the errors on its way out say nothing: they grow with it.  Then the largest one counts that it had
before the loss rose for the last time, to its highest value at each step.
"""

import numpy as np

from eos_sweep.contract import DIVERGED, SIZES, TANGENT, Variable
from eos_sweep.scalar import added, inlined, larger, largest, leading, on_sides, quotients, scaled, select
from eos_sweep.state import turned as numbers_of

NEEDS = (TANGENT, SIZES)
KEPT = 4  # largest error; a number in [0, 1) that decides on the sides; largest loss; the error when it last fell
FLAGS = COUNTS = 0
GOLDEN = 0.6180339887498949  # multiples of it, without their whole parts, never repeat
MOST = 2.0**900  # errors beyond this are all the same, and stay finite


def variables(model):
    if not hasattr(model, "tangent"):
        return {}
    words = "log2 of the largest error that rounding may have made, in units in the last place (an estimate)"
    return {"magnification": Variable("float64", words, float("nan"), brings=("guard_factor_min",))}


def start(begin):
    one = np.ones_like(begin.loss)
    return (one, one * 0.0, begin.loss, one, *(one * 0.0 for _ in numbers_of(begin.model))), ()


@inlined
def watch(kept, moment, turned, coordinates, sizes):
    side = kept[1] + GOLDEN
    side = select(side < 1.0, side, side - 1.0)
    v = added(turned, on_sides(sizes, side))
    error = largest(leading(quotients(v, sizes), coordinates))
    worst, highest = larger(error, kept[0]), kept[2]
    before = select(moment.loss > highest, kept[3], worst)
    v = scaled(v, select(error > MOST, 1.0 / MOST, 1.0))
    return (worst, side, larger(moment.loss, highest), before, *v), ()


def finish(begin, end, kept, counts):
    worst, before = kept[0], kept[3]
    return {"magnification": np.log2(np.where(end.status == DIVERGED, before, worst))}

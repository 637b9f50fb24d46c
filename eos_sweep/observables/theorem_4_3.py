"""Theorem 4.3 of Liu et al. 2025: progressive sharpening, S increases while it is below 2/eta.

It is asked of each step from the start on, up to the one that takes S to 2/eta for the first time: this is phase I.
Later S is below 2/eta again and again, and falls there at first, while beta1 is still large; that belongs to phase II.
``worst`` is the largest S before a step over S after it.
"""

import numpy as np

from eos_sweep import tally
from eos_sweep.contract import CLAIM, EDGE, EVERY_STEP
from eos_sweep.scalar import inlined, select
from eos_sweep.sharpness import top
from eos_sweep.tally import ROUNDING, begun, counted, described, results

NEEDS = (EVERY_STEP, CLAIM)
KEPT = tally.KEPT + 2  # eta S before the step, and the largest so far
FLAGS = COUNTS = 0
TOLERANCE = ROUNDING


def variables(model):
    return described(model, "theorem_4_3", "S increases", "on each step up to the first with S >= 2/eta")


def start(begin):
    now = top(begin.model, begin.theta, begin.p)
    return (*begun(begin, TOLERANCE), now, now), ()


@inlined
def watch_sharpness(kept, ratio, claim):
    before, highest = kept[4:]
    asked = select(highest < EDGE, before / claim, np.nan)
    return (*counted(kept[:4], TOLERANCE, asked), claim, select(claim > highest, claim, highest))


def finish(begin, end, kept, counts):
    return results("theorem_4_3", kept[:4])

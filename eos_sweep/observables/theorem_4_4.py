"""Theorem 4.4 of Liu et al. 2025: above 2/eta a run is in phase II.1, |beta1| grows, or in phase II.2, alpha falls.

It is asked of each step that begins with S >= 2/eta: elsewhere the theorem lets S rise.  That the phases follow each
other, so that S oscillates about 2/eta, is what ``crossings`` counts.  ``worst`` is the largest of the lesser of
|beta1|/|beta1'| and |alpha'|/|alpha|.
"""

import numpy as np

from eos_sweep import tally
from eos_sweep.contract import CLAIM, EDGE
from eos_sweep.scalar import inlined, select
from eos_sweep.tally import ROUNDING, begun, counted, described, results

NEEDS = (CLAIM,)
KEPT = tally.KEPT + 1  # whether S was above 2/eta before the step
FLAGS = COUNTS = 0
TOLERANCE = ROUNDING


def variables(model):
    return described(model, "theorem_4_4", "|beta1| grows or alpha falls", "on each step that begins above 2/eta")


def start(begin):
    stable = begin.model.stable(begin.model.curvature(begin.theta, begin.p), EDGE)
    return (*begun(begin, TOLERANCE), select(stable, 0.0, 1.0)), ()


@inlined
def watch(kept, moment, claim):
    asked = select(kept[4] > 0.0, claim, np.nan)
    return (*counted(kept[:4], TOLERANCE, asked), select(moment.stable, 0.0, 1.0)), ()


def finish(begin, end, kept, counts):
    return results("theorem_4_4", kept[:4])

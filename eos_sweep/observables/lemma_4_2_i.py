"""Lemma 4.2 (i) of Liu et al. 2025: lambda1 alpha^2 <= S <= 1.12 lambda1 alpha^2.

It is asked of every state, the start included: the lemma speaks of the whole trajectory.  Only the upper bound can
fail: no diagonal entry of a symmetric matrix is above its top eigenvalue.  ``worst`` is the largest S/(1.12 lambda1
alpha^2).
"""

from eos_sweep import tally
from eos_sweep.contract import CLAIM, EVERY_STEP
from eos_sweep.scalar import inlined
from eos_sweep.sharpness import top
from eos_sweep.tally import ROUNDING, begun, counted, described, results

NEEDS = (EVERY_STEP, CLAIM)
KEPT = tally.KEPT
FLAGS = COUNTS = 0
TOLERANCE = ROUNDING


def variables(model):
    return described(
        model, "lemma_4_2_i", "lambda1 alpha^2 <= S <= 1.12 lambda1 alpha^2", "at the start and after every step"
    )


def start(begin):
    model, theta, p = begin.model, begin.theta, begin.p
    ratio = model.claims.lemma_4_2_i(model.curvature(theta, p), top(model, theta, p))
    return begun(begin, TOLERANCE, ratio), ()


@inlined
def watch_sharpness(kept, ratio, claim):
    return counted(kept, TOLERANCE, claim)


def finish(begin, end, kept, counts):
    return results("lemma_4_2_i", kept)

"""Lemma 4.2 (ii) of Liu et al. 2025: |cos(v, e_beta1)| > 0.9 for the top eigenvector v of the Hessian.

It is asked of every state, the start included: the lemma speaks of the whole trajectory.  ``worst`` is the largest
sin^2(v, e_beta1)/(1 - 0.9^2), so that the least |cos| is sqrt(1 - 0.19 worst).
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
        model, "lemma_4_2_ii", "|cos(v, e_beta1)| > 0.9 for the top eigenvector v", "at the start and after every step"
    )


def start(begin):
    model, theta, p = begin.model, begin.theta, begin.p
    ratio = model.claims.lemma_4_2_ii(model.curvature(theta, p), top(model, theta, p))
    return begun(begin, TOLERANCE, ratio), ()


@inlined
def watch_sharpness(kept, ratio, claim):
    return counted(kept, TOLERANCE, claim)


def finish(begin, end, kept, counts):
    return results("lemma_4_2_ii", kept)

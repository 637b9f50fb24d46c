"""Lemma 4.2 (iii) of Liu et al. 2025: beta2 increases.

It is asked of every step.  To ask it only while alpha beta2 < 1 would be to ask nothing: for alpha > 0 beta2 increases
exactly then, and what may fail is that alpha beta2 stays there.  Within 1e-12 of alpha beta2 = 1 rounding decides on
which side a run that has learnt all there is comes to rest.  ``worst`` is, for alpha > 0, the largest alpha beta2.
"""

from eos_sweep import tally
from eos_sweep.contract import CLAIM
from eos_sweep.scalar import inlined
from eos_sweep.tally import begun, counted, described, results

NEEDS = (CLAIM,)
KEPT = tally.KEPT
FLAGS = COUNTS = 0
TOLERANCE = 1e-12


def variables(model):
    return described(model, "lemma_4_2_iii", "beta2 increases", "on every step")


def start(begin):
    return begun(begin, TOLERANCE), ()


@inlined
def watch(kept, moment, claim):
    return counted(kept, TOLERANCE, claim), ()


def finish(begin, end, kept, counts):
    return results("lemma_4_2_iii", kept)

"""Bounds of the gradient-flow-solution sharpness phi (figure 3 of Liu et al. 2025).

lambda1 h(alpha^2 - radius^2 - beta2^2) <= phi <= lambda1/beta2^2 is asked after every step: the start need not have
|beta1| <= radius, of which the lower bound speaks; after a step it has.  The upper one fails where beta2^2 (alpha^2 -
beta1^2) > 1, that is, where the relevant feature is overshot.  Where all is learnt phi is equal to it, so that a
relative 1e-12 is allowed for rounding.  ``worst`` is the largest of lower bound over phi and phi over upper bound.
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
    return described(
        model, "gfs_bounds", "the gradient-flow-solution sharpness is within its bounds", "after every step"
    )


def start(begin):
    return begun(begin, TOLERANCE), ()


@inlined
def watch(kept, moment, claim):
    return counted(kept, TOLERANCE, claim), ()


def finish(begin, end, kept, counts):
    return results("gfs_bounds", kept)

"""The gradient-flow-solution sharpness phi falls monotonically (Liu et al. 2025; Kreisler et al. 2023).

It is asked of every step.  Rises of up to 1e-7 relative are allowed: phi = lambda1 h(Q), and without a projection a
step changes Q by eta^2 (g_alpha^2 - g_beta1^2 - g_beta2^2), so that alpha's gradient alone lets phi rise a little.
``worst`` is the largest phi after a step over phi before it.
"""

from eos_sweep import tally
from eos_sweep.contract import CLAIM
from eos_sweep.scalar import inlined
from eos_sweep.tally import begun, counted, described, results

NEEDS = (CLAIM,)
KEPT = tally.KEPT
FLAGS = COUNTS = 0
TOLERANCE = 1e-7


def variables(model):
    return described(model, "gfs_decrease", "the gradient-flow-solution sharpness falls", "on every step")


def start(begin):
    return begun(begin, TOLERANCE), ()


@inlined
def watch(kept, moment, claim):
    return counted(kept, TOLERANCE, claim), ()


def finish(begin, end, kept, counts):
    return results("gfs_decrease", kept)

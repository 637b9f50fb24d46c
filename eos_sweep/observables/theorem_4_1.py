"""Theorem 4.1 of Liu et al. 2025: L -> 0, with a final sharpness S <= (2 + delta)/eta.

The last step decides, and often leaves it open: on the edge L falls by a factor (1 - 2 lambda2/lambda1)^2 a step, that
is by 1e-4 and less under the paper's assumptions.  The claim holds where L has fallen to 1e-9 of its value at the start
and S <= 2.02/eta.  It fails where the run diverged, ends on an orbit, or is at rest elsewhere.  ``worst`` is
S eta/(2 + delta) at the last step.
"""

import numpy as np

from eos_sweep.contract import DIVERGED, EDGE, ORBIT, RUNNING, Variable
from eos_sweep.eigen.sharpness import top

NEEDS = (ORBIT,)
KEPT = FLAGS = COUNTS = 0
DELTA = 0.02
LEARNT = 1e-9  # of the loss at the start: below it, L -> 0
FLAG = {"not_computed": 0, "holds": 1, "fails": 2, "undecided": 3}


def variables(model):
    if not hasattr(model, "claims"):
        return {}
    words = f"whether L -> 0 with a final sharpness S <= {EDGE + DELTA}/eta, as far as the step budget shows"
    ratio = f"sharpness at the last step over {EDGE + DELTA}/eta"
    return {
        "theorem_4_1": Variable("int8", words, 0, flags=FLAG),
        "theorem_4_1_worst": Variable("float64", ratio, float("nan"), centre=1.0),
    }


def start(begin):
    return (), ()


def finish(begin, end, kept, counts):
    ratio = top(end.model, end.theta, end.p) / (EDGE + DELTA)
    holds = (end.status != DIVERGED) & (end.loss <= LEARNT * begin.loss) & (ratio <= 1.0)
    fails = (end.status == DIVERGED) | ((end.status == RUNNING) & (end.period >= 1))
    verdict = np.select([holds, fails], [FLAG["holds"], FLAG["fails"]], FLAG["undecided"])
    return {"theorem_4_1": verdict, "theorem_4_1_worst": ratio}

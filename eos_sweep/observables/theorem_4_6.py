"""Theorem 4.6 of Liu et al. 2025: (1 - 4 lambda2/lambda1)^2 <= Lhat'/Lhat <= (1 - lambda2/lambda1)^2 on the edge.

Lhat = lambda2 (beta2 sqrt(2/(eta lambda1)) - 1)^2 / 2 is the relevant loss of a run whose lambda1 alpha^2 is 2/eta.  It
is asked of each step while a run is on the edge: from its first state with S >= 2/eta to the last step on which S rose
through 2/eta.  Before, alpha has not come there; after, alpha ends a little below, beta2 at 1/alpha, and Lhat passes
through zero and rises again, in every run.  So what is counted waits for the next crossing before it counts.
``worst`` is, with Lhat'/Lhat = (1 - r lambda2/lambda1)^2, the largest of 1/r and r/4.
"""

import numpy as np

from eos_sweep import tally
from eos_sweep.contract import CLAIM, EDGE
from eos_sweep.scalar import inlined, select
from eos_sweep.tally import begun, counted, described, results

NEEDS = (CLAIM,)
# Twice a tally, up to the last crossing and up to now; whether S was above 2/eta before the step, and ever.
KEPT = 2 * tally.KEPT + 2
FLAGS = COUNTS = 0
TOLERANCE = 1e-9  # r is a quotient of what is left to learn, which loses half of the digits when 1e-8 is left


def variables(model):
    asked = "on each step from the first to the last crossing of 2/eta"
    return described(model, "theorem_4_6", "the relevant loss on the edge decays at its rate", asked)


def start(begin):
    stable = begin.model.stable(begin.model.curvature(begin.theta, begin.p), EDGE)
    above, none = select(stable, 0.0, 1.0), begun(begin, TOLERANCE)
    return (*none, *none, above, above), ()


@inlined
def watch(kept, moment, claim):
    sure, above, reached = kept[:4], kept[8], kept[9]
    pending = counted(kept[4:8], TOLERANCE, select(reached > 0.0, claim, np.nan))
    now = select(moment.stable, 0.0, 1.0)
    crossed = now > above
    return (
        select(crossed, pending[0], sure[0]),
        select(crossed, pending[1], sure[1]),
        select(crossed, pending[2], sure[2]),
        pending[3],
        *pending,
        now,
        select(crossed, 1.0, reached),
    ), ()


def finish(begin, end, kept, counts):
    return results("theorem_4_6", kept[:4])

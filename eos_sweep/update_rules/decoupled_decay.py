"""Decoupled weight decay: x' = (1 - eta lambda) x - eta u, with u the update of the base rule per step size.

The decay does not pass through momentum or a preconditioner.  Gradient descent with it is that with L2, stable while
S < 2/eta - lambda; heavy ball is stable while S < (2 - eta lambda)(1 + beta)/eta.  A schedule multiplies eta in both
places.  Source: Loshchilov, Hutter 2019, arXiv 1711.05101.
"""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules import l2
from eos_sweep.update_rules.interface import Now, Scalar

TITLE = "decoupled weight decay"
REFERENCE = "Loshchilov, Hutter 2019, arXiv 1711.05101"
PARAMETERS: dict[str, Quantity] = l2.PARAMETERS
TRIAL = l2.TRIAL
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta - \lambda"


def decay(now: Now) -> Scalar:
    """Return eta lambda."""
    return now.eta * now.p.weight_decay

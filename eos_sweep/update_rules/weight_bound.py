"""Weight bound: after each step each weight is projected on [-r, r].

It is the last part of a step, and leaves the memory of the rule as it is.  Where no weight is at its bound, the edge is
that without it.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.interface import Now, Scalar

TITLE = "bound of each weight"
REFERENCE = ""  # its definition is all
PARAMETERS = {"weight_bound": Quantity("largest size of a weight", "r", default=np.inf, least=0.0)}
TRIAL = {"weight_bound": "uniform(0.5, 2)"}
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta"


def bound(now: Now) -> Scalar:
    """Return r."""
    return now.p.weight_bound

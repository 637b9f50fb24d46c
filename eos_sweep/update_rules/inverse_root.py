"""Inverse root schedule: the step size falls as eta_t = eta/sqrt(1 + t/T), with t = 0 in the first step.

After T steps it is eta/sqrt(2), and later about eta sqrt(T/t).  Source: Zinkevich 2003, "Online convex
programming and generalized infinitesimal gradient ascent".
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.interface import Now, Scalar

TITLE = "inverse root schedule"
REFERENCE = "Zinkevich 2003"
PARAMETERS = {
    "root_steps": Quantity(
        "steps after which the step size is eta/sqrt 2", "T", default=1000.0, above=0.0, sizes=(1e-30, 1e30)
    )
}
TRIAL = {"root_steps": "10 ** uniform(0, 3)"}
CLOCKS = {"clock": 0.0}
EDGE = r"2/\eta_t"


def rate(now: Now) -> Scalar:
    """Return eta_t / eta."""
    return 1.0 / np.sqrt(1.0 + now.clocks.clock / now.p.root_steps)

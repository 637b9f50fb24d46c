"""Step decay: the step size is multiplied by f after every N steps.

eta_t = eta f^k with k the whole part of t/N, t = 0 in the first step.  It falls no further than to 1e-30 eta.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import choose
from eos_sweep.update_rules.interface import Now, Scalar

TITLE = "step decay"
REFERENCE = ""  # its definition is all
PARAMETERS = {
    "drop_steps": Quantity(
        "steps from one drop of the step size to the next", "N", default=1000.0, least=1.0, whole=True
    ),
    "drop_factor": Quantity(
        "factor of the step size at a drop", "f", default=0.1, above=0.0, most=1.0, sizes=(1e-30, 1.0)
    ),
}
TRIAL = {"drop_steps": 50.0, "drop_factor": "uniform(0.1, 1)"}
CLOCKS = {"since_drop": 0.0, "drop_rate": 1.0}
EDGE = r"2/\eta_t"
LEAST = 1e-30  # the edge is a quotient by the rate


def rate(now: Now) -> Scalar:
    """Return eta_t / eta."""
    return now.clocks.drop_rate


def tick(now: Now) -> dict[str, Scalar]:
    """Return the steps since the last drop, and the rate, of the next step."""
    since, rate = now.clocks.since_drop + 1.0, now.clocks.drop_rate
    drops = since >= now.p.drop_steps
    return {
        "since_drop": choose(drops, 0.0, since),
        "drop_rate": choose(drops, np.maximum(LEAST, now.p.drop_factor * rate), rate),
    }

"""Cosine schedule: the step size falls along a cosine from eta to f eta in T steps, and stays there.

eta_t = eta (f + (1 - f)(1 + cos(pi t/T))/2) up to t = T, with t = 0 in the first step.  Source: Loshchilov, Hutter
2017, arXiv 1608.03983.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import cosine
from eos_sweep.update_rules.interface import Now, Scalar

TITLE = "cosine schedule"
REFERENCE = "Loshchilov, Hutter 2017, arXiv 1608.03983"
PARAMETERS = {
    "cosine_steps": Quantity("steps of the cosine schedule", "T", default=1000.0, least=1.0, whole=True),
    "final_rate": Quantity(
        "last step size of the cosine schedule over the first",
        "f",
        default=0.01,
        above=0.0,
        most=1.0,
        sizes=(1e-30, 1.0),
    ),
}
TRIAL = {"cosine_steps": 150.0, "final_rate": "10 ** uniform(-3, 0)"}
CLOCKS = {"clock": 0.0}
EDGE = r"2/\eta_t"


def rate(now: Now) -> Scalar:
    """Return eta_t / eta."""
    along = np.minimum(1.0, now.clocks.clock / now.p.cosine_steps)
    return now.p.final_rate + (1.0 - now.p.final_rate) * (0.5 * (1.0 + cosine(np.pi * along)))

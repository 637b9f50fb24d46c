"""Linear warmup: the step size rises to eta in the first W steps, eta_t = eta min(1, (t + 1)/W)."""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.interface import Condition, Now, Scalar

TITLE = "linear warmup"
REFERENCE = "Kalra, Barkeshli 2024, arXiv 2406.09405"
PARAMETERS = {"warmup_steps": Quantity("steps of the warmup", "W", default=100.0, least=1.0, whole=True)}
TRIAL = {"warmup_steps": 50.0}
CLOCKS = {"clock": 0.0}
EDGE = r"2/\eta_t"


def rate(now: Now) -> Scalar:
    """Return eta_t / eta."""
    return np.minimum(1.0, (now.clocks.clock + 1.0) / now.p.warmup_steps)


def settles(now: Now) -> Condition:
    """Tell whether the step size has stopped rising."""
    return now.clocks.clock + 1.0 >= now.p.warmup_steps

"""Label noise: each step sees the targets y + sigma xi, with xi independent standard normal numbers.

It is for a formula with a table ``y``, whose numbers are the targets.  A seed and the number of a step determine the
noise.  The loss, the sharpness and the edge are those of the targets without noise.  Source: Damian, Ma, Lee 2021,
"Label Noise SGD Provably Prefers Flat Global Minimizers", arXiv 2106.06530.
"""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.gradient_noise import SEED
from eos_sweep.update_rules.interface import Condition, Now, Scalar

TITLE = "normal noise on the targets"
REFERENCE = "Damian, Ma, Lee 2021, arXiv 2106.06530"
PARAMETERS = {
    "label_noise": Quantity("size of the noise on the targets", "σ", default=0.1, least=0.0, sizes=(1e-60, 1e30)),
    "seed": SEED,
}
TRIAL = {"label_noise": "10 ** uniform(-3, 0)"}
CLOCKS = {"clock": 0.0}
EDGE = r"2/\eta"


def labels(now: Now) -> Scalar:
    """Return the size of the noise on each target."""
    return now.p.label_noise


def settles(now: Now) -> Condition:
    """Tell that a run rests at a minimum only without noise."""
    return now.p.label_noise == 0.0

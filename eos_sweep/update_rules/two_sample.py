"""Stochastic gradient descent on two samples: x' = x - eta (1 + c s) g, with s = 1 or -1 at random in each step.

These are the steps for two samples of the same minimum whose gradients are (1 + c) g and (1 - c) g.  On a quadratic the
mean of the square of the top direction is multiplied by (1 - eta S)^2 + (c eta S)^2 in a step, so that it falls while
S < 2/((1 + c^2) eta), exactly.  This is the edge in mean square; single runs may fall beyond it.  Source: Ma, Ying
2021, arXiv 2105.13462.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.gradient_noise import SEED
from eos_sweep.update_rules.interface import Condition, Now, Scalar, Update

TITLE = "stochastic gradient descent on two samples"
REFERENCE = "Ma, Ying 2021, arXiv 2105.13462"
PARAMETERS = {
    "noise": Quantity("difference of the two samples", "c", default=0.5, least=0.0, sizes=(1e-60, 1e30)),
    "seed": SEED,
}
TRIAL = {"noise": "uniform(0, 1)"}
MEMORY: tuple[str, ...] = ()
CLOCKS = {"clock": 0.0}
EDGE = r"\frac{2}{(1+c^2)\eta}"
EDGE_OF_STATE = False


def update(now: Now) -> Update:
    """Return eta (1 + c s) g."""
    return Update((1.0 + now.p.noise * now.sign()) * now.push(now.x))


def edge(now: Now) -> Scalar:
    """Return the larger root of (keep - a)^2 + c^2 a^2 = 1."""
    larger = 1.0 + now.p.noise * now.p.noise
    return (now.keep + np.sqrt(now.keep * now.keep + larger * (1.0 - now.keep * now.keep))) / larger


def settles(now: Now) -> Condition:
    """Tell that a run rests at a minimum only without noise."""
    return now.p.noise == 0.0

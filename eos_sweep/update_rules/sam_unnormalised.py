"""Sharpness-aware minimisation without normalisation: x' = x - eta g(x + rho g).

On a quadratic a step multiplies the top direction by 1 - eta S (1 + rho S): the edge is lower than that of gradient
descent, and does not depend on the state.  Source: Andriushchenko, Flammarion 2022, arXiv 2206.06232; Agarwala, Dauphin
2023, arXiv 2302.08692.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules import sam
from eos_sweep.update_rules.interface import Now, Scalar, Update

TITLE = "sharpness-aware minimisation without normalisation"
REFERENCE = "Andriushchenko, Flammarion 2022, arXiv 2206.06232; Agarwala, Dauphin 2023, arXiv 2302.08692"
PARAMETERS: dict[str, Quantity] = sam.PARAMETERS
TRIAL = sam.TRIAL
MEMORY: tuple[str, ...] = ()
CLOCKS: dict[str, float] = {}
EDGE = r"\frac{1}{2\rho}\left(\sqrt{1 + \frac{8\rho}{\eta}} - 1\right)"
EDGE_OF_STATE = False


def update(now: Now) -> Update:
    """Return eta times the gradient at x + rho g."""
    return Update(now.push(now.x + (now.p.sam_radius / now.eta) * now.push(now.x)))


def edge(now: Now) -> Scalar:
    """Return the root of a + rho a^2/eta = 1 + keep."""
    flat = 1.0 + now.keep
    return 2.0 * flat / (1.0 + np.sqrt(1.0 + 4.0 * flat * now.p.sam_radius / now.eta))

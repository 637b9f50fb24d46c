"""Sharpness-aware minimisation: x' = x - eta g(x + rho g/|g|).

On a quadratic a step multiplies the top direction by 1 - eta S (1 + rho S/|g|), so the edge falls with the length of
the gradient.  Source: Foret, Kleiner, Mobahi, Neyshabur 2021, arXiv 2010.01412; its edge: Long, Bartlett 2024, arXiv
2309.12488.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import choose, norm, unless_zero
from eos_sweep.update_rules.interface import Condition, Now, Scalar, Update

TITLE = "sharpness-aware minimisation"
REFERENCE = "Foret, Kleiner, Mobahi, Neyshabur 2021, arXiv 2010.01412; Long, Bartlett 2024, arXiv 2309.12488"
PARAMETERS = {"sam_radius": Quantity("radius of SAM", "ρ", default=0.05, least=0.0, sizes=(1e-60, 1e30))}
TRIAL = {"sam_radius": "10 ** uniform(-3, -0.5)"}
MEMORY: tuple[str, ...] = ()
CLOCKS: dict[str, float] = {}
EDGE = r"\frac{|g|}{2\rho}\left(\sqrt{1 + \frac{8\rho}{\eta |g|}} - 1\right)"
EDGE_OF_STATE = True


def update(now: Now) -> Update:
    """Return eta times the gradient at a distance rho up the slope."""
    push = now.push(now.x)
    return Update(now.push(now.x + (now.p.sam_radius / unless_zero(norm(push))) * push))


def edge(now: Now) -> Scalar:
    """Return the root of a + rho a^2/|eta g| = 1 + keep: zero where the gradient is, but for a radius of zero."""
    flat, length = 1.0 + now.keep, norm(now.unclipped(now.x))
    curved = 4.0 * flat * now.p.sam_radius / unless_zero(length)
    curved = choose(length == 0.0, choose(now.p.sam_radius == 0.0, 0.0, np.inf), curved)
    return 2.0 * flat / (1.0 + np.sqrt(1.0 + curved))


def settles(now: Now) -> Condition:
    """Tell that a run rests at a minimum only without a radius; with it, it ends on a cycle around the minimum."""
    return now.p.sam_radius == 0.0

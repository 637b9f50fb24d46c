"""Nesterov's accelerated gradient: y = x - eta beta v, v' = beta v + g(y), x' = x - eta v'.

The gradient is that of the place y to which the velocity leads.  With a = eta S, a step takes (x, eta v) to
(keep x - eta v', a x + beta (1 - a) eta v), whose eigenvalues have the sum keep - a + beta (1 - a) and the product
keep beta (1 - a).  Without decay one of them is -1 at S = 2 (1 + beta)/((1 + 2 beta) eta).  The velocity is kept as
eta v.  Source: Nesterov 1983, "A method of solving a convex programming problem with convergence rate O(1/k^2)", in the
form of Sutskever, Martens, Dahl, Hinton 2013, "On the importance of initialization and momentum in deep learning"; at
the edge of stability: Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065.
"""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules import heavy_ball
from eos_sweep.update_rules.interface import Now, Scalar, Update

TITLE = "Nesterov momentum"
REFERENCE = "Nesterov 1983; Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065"
PARAMETERS: dict[str, Quantity] = heavy_ball.PARAMETERS
TRIAL = heavy_ball.TRIAL
MEMORY = ("velocity",)
CLOCKS: dict[str, float] = {}
EDGE = r"\frac{2(1+\beta)}{(1+2\beta)\eta}"
EDGE_OF_STATE = False
coast = heavy_ball.coast


def update(now: Now) -> Update:
    """Return eta v'."""
    kept = now.p.momentum * now.memory.velocity
    velocity = kept + now.push(now.x - now.rate * kept)
    return Update(velocity, {"velocity": velocity})


def edge(now: Now) -> Scalar:
    """Return where an eigenvalue of a step is -1."""
    return (1.0 + now.keep) * (1.0 + now.p.momentum) / (1.0 + now.p.momentum * (1.0 + now.keep))

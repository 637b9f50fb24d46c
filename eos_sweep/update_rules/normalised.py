"""Normalised gradient descent: x' = x - eta g/|g|.

A step is one of gradient descent with the step size eta/|g|, stable while S < 2|g|/eta.  So no minimum is stable: on a
quadratic a run ends on a cycle of two steps along the top direction, of width eta, on which the mean of |g| is
eta S/2.  Where the gradient is zero nothing moves.  Source: Arora, Li, Panigrahi 2022, arXiv 2205.09745.
"""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import norm, unless_zero
from eos_sweep.update_rules.interface import Now, Scalar, Update

TITLE = "normalised gradient descent"
REFERENCE = "Arora, Li, Panigrahi 2022, arXiv 2205.09745"
PARAMETERS: dict[str, Quantity] = {}
MEMORY: tuple[str, ...] = ()
CLOCKS: dict[str, float] = {}
EDGE = r"2|g|/\eta"
EDGE_OF_STATE = True
RESTS = False


def update(now: Now) -> Update:
    """Return eta g/|g|."""
    push = now.push(now.x)
    return Update((now.eta / unless_zero(norm(push))) * push)


def edge(now: Now) -> Scalar:
    """Return (1 + keep) |g|."""
    return (1.0 + now.keep) * (norm(now.unclipped(now.x)) / now.eta)

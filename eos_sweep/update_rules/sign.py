"""Sign gradient descent: x' = x - eta sign(g), in each coordinate.

A step is one of gradient descent with each coordinate of the gradient divided by its size, so the largest eigenvalue
S of D^(-1/2) H D^(-1/2) counts, D = diag |g|, and a step is stable while S < 2/eta.  No minimum is stable: on a
quadratic without mixed terms each coordinate ends on a cycle of two steps, of width eta.  A coordinate whose gradient
is zero does not move.  Source: Bernstein, Wang, Azizzadenesheli, Anandkumar 2018, arXiv 1802.04434.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import choose, unless_zero
from eos_sweep.update_rules.interface import Now, Scalar, Update, Vector

TITLE = "sign gradient descent"
REFERENCE = "Bernstein, Wang, Azizzadenesheli, Anandkumar 2018, arXiv 1802.04434"
PARAMETERS: dict[str, Quantity] = {}
MEMORY: tuple[str, ...] = ()
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta"
EDGE_OF_STATE = False
RESTS = False
SHARPNESS = "preconditioned Hessian"


def update(now: Now) -> Update:
    """Return eta sign(g)."""
    push = now.push(now.x)
    return Update(choose(push > 0.0, now.eta, choose(push < 0.0, -now.eta, 0.0)))


def edge(now: Now) -> Scalar:
    """Return 1 + keep, as for gradient descent."""
    return 1.0 + now.keep


def scaling(now: Now) -> Vector:
    """Return 1/|g|, zero where the gradient is zero."""
    return now.eta * (1.0 / unless_zero(np.abs(now.unclipped(now.x))))

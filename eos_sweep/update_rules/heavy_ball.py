"""Heavy ball: v' = beta v + g, x' = x - eta v'.

It is stable on a quadratic while S < 2 (1 + beta)/eta.  The velocity is kept as eta v.  Source: Polyak 1964, "Some
methods of speeding up the convergence of iteration methods"; at the edge of stability: Cohen, Kaur, Li, Kolter,
Talwalkar 2021, arXiv 2103.00065.
"""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.interface import BELOW_ONE, Now, Scalar, Update, Vector

TITLE = "heavy ball momentum"
REFERENCE = "Polyak 1964; Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065"
PARAMETERS = {"momentum": Quantity("momentum", "β", default=0.9, least=0.0, most=BELOW_ONE, sizes=(1e-60, 1.0))}
TRIAL = {"momentum": "uniform(0, 0.95)"}
MEMORY = ("velocity",)
CLOCKS: dict[str, float] = {}
EDGE = r"2(1+\beta)/\eta"
DECAYED_EDGE = r"(2-\eta\lambda)(1+\beta)/\eta"
EDGE_OF_STATE = False


def update(now: Now) -> Update:
    """Return eta v'."""
    velocity = now.p.momentum * now.memory.velocity + now.push(now.x)
    return Update(velocity, {"velocity": velocity})


def edge(now: Now) -> Scalar:
    """Return where a root of z^2 - (keep + beta - eta S) z + beta keep is -1."""
    return (1.0 + now.keep) * (1.0 + now.p.momentum)


def coast(now: Now) -> Vector:
    """Return the sum of all further updates without a gradient."""
    return now.p.momentum / (1.0 - now.p.momentum) * now.memory.velocity

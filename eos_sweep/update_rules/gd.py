"""Gradient descent: x' = x - eta g, stable while the sharpness S is below 2/eta."""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.interface import Now, Scalar, Update

TITLE = "gradient descent"
REFERENCE = "Cohen, Kaur, Li, Kolter, Talwalkar 2021, arXiv 2103.00065"
PARAMETERS: dict[str, Quantity] = {}
MEMORY: tuple[str, ...] = ()
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta"
DECAYED_EDGE = r"2/\eta - \lambda"
EDGE_OF_STATE = False


def update(now: Now) -> Update:
    """Return eta g."""
    return Update(now.push(now.x))


def edge(now: Now) -> Scalar:
    """Return 1 + keep: a step multiplies the top direction by keep - eta S."""
    return 1.0 + now.keep

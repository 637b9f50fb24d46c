"""L2 weight decay: the gradient is g + lambda x, the one of L + lambda |x|^2/2.

It adds lambda to each eigenvalue, so that gradient descent is stable while S < 2/eta - lambda, exactly.
"""

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.interface import Now, Scalar, Vector

TITLE = "L2 weight decay"
REFERENCE = "Krogh, Hertz 1991"
PARAMETERS = {"weight_decay": Quantity("weight decay", "λ", default=0.01, least=0.0, sizes=(1e-60, 1e30))}
TRIAL = {"weight_decay": "10 ** uniform(-4, 0)"}
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta - \lambda"
ORDER = 2


def gradient(now: Now, push: Vector, at: Vector) -> Vector:
    """Return eta (g + lambda x)."""
    return push + (now.eta * now.p.weight_decay) * at


def shift(now: Now) -> Scalar:
    """Return eta lambda."""
    return now.eta * now.p.weight_decay

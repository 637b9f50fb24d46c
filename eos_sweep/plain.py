"""What a model is that says nothing else of itself: for a model's module to begin with.

    from eos_sweep.plain import *

and then to say again whatever is not so: a coordinate with its own exponent, a clip, a guarded weight, critical lines.
"""

from eos_sweep.contract import CriticalLine, Quantity
from eos_sweep.scalar import inlined

REFERENCE = "unpublished"
CARRIED: tuple[str, ...] = ()
PRESETS: dict[str, dict[str, str]] = {}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
LINES: tuple[CriticalLine, ...] = ()
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}


@inlined
def rescale(theta, p):
    return theta


@inlined
def clipped(theta, p):
    return False


def loss_parts(theta, p):
    return ()


__all__ = [name for name in dir() if name.isupper()] + ["clipped", "loss_parts", "rescale"]

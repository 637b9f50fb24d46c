"""Defaults of a model.

The module of a model begins with ``from eos_sweep.plain import *`` and then defines again what is different for it: a
coordinate with its own exponent, a clip, a guarded weight, critical lines.
"""

from eos_sweep import contract
from eos_sweep.contract import CriticalLine, Quantity
from eos_sweep.scalar import inlined

REFERENCE = "unpublished"
CARRIED: tuple[str, ...] = ()
MEMORY: dict[str, str] = {}
CLOCKS: dict[str, float] = {}
EDGE_MOVES = False
EDGE_WORDS = "2/eta"
RULE_TITLE = "gradient descent"
PRESETS: dict[str, dict[str, str]] = {}
LOSS_PARTS: dict[str, Quantity] = {}
LIMIT = 1e30
GUARD = None
LINES: tuple[CriticalLine, ...] = ()
OBSERVABLES: tuple[str, ...] = ()
THRESHOLDS: dict[str, float] = {}


@inlined
def edge(theta, p):
    return contract.EDGE


@inlined
def rescale(theta, p):
    return theta


@inlined
def clipped(theta, p):
    return False


@inlined
def remaining_loss(theta, p, loss):
    return loss


def loss_parts(theta, p):
    return ()


__all__ = [name for name in dir() if name.isupper()] + ["clipped", "edge", "remaining_loss", "loss_parts", "rescale"]

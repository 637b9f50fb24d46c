"""Gradient clip: a gradient longer than c is scaled to this length, g min(1, c/|g|).

At a minimum no clip acts, so the edge is that without it.  Source: Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import norm, shortened
from eos_sweep.update_rules.interface import Condition, Now, Vector

TITLE = "clip of the gradient by its length"
REFERENCE = "Pascanu, Mikolov, Bengio 2013, arXiv 1211.5063"
PARAMETERS = {"gradient_clip": Quantity("largest length of the gradient", "c", default=np.inf, least=0.0)}
TRIAL = {"gradient_clip": "10 ** uniform(-1, 1)"}
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta"
ORDER = 1


def gradient(now: Now, push: Vector, at: Vector) -> Vector:
    """Return eta g min(1, c/|g|)."""
    return shortened(push, now.eta * now.p.gradient_clip)


def clips(now: Now, vector: Vector) -> Condition:
    """Tell whether a push is longer than eta c."""
    return norm(vector) > now.eta * now.p.gradient_clip

"""Update clip: an update u of the base rule that is longer than c is scaled to this length, u min(1, c/|u|).

The update is in units of the weights, and the schedule multiplies it after the clip.  The memory of the rule is that
without the clip.  At a minimum no clip acts, so the edge is that without it.
"""

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.update_rules.arithmetic import norm, shortened
from eos_sweep.update_rules.interface import Condition, Now, Vector

TITLE = "clip of the update by its length"
REFERENCE = ""  # its definition is all
PARAMETERS = {"update_clip": Quantity("largest length of an update", "c", default=np.inf, least=0.0)}
TRIAL = {"update_clip": "10 ** uniform(-2, 0)"}
CLOCKS: dict[str, float] = {}
EDGE = r"2/\eta"


def limited(now: Now, update: Vector) -> Vector:
    """Return u min(1, c/|u|)."""
    return shortened(update, now.p.update_clip)


def clips(now: Now, vector: Vector) -> Condition:
    """Tell whether an update is longer than c."""
    return norm(vector) > now.p.update_clip

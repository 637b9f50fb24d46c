"""How fast neighbouring trajectories separate: the Lyapunov exponent.

A vector v is multiplied by the Jacobian of each step, I - eta H where the model's coordinates are weights and nothing
is clipped.  The Lyapunov exponent is log(|v_T| / |v_0|) / T.  The entry of v for a coordinate with its own exponent is
the change relative to the coordinate.  The memory of an update rule has entries, too, zero at the start; |v| is that of
the coordinates.

Source: Benettin, Galgani, Giorgilli, Strelcyn 1980, Meccanica 15, 9.
"""

import numpy as np

from eos_sweep.contract import DIVERGED, TANGENT, Variable
from eos_sweep.scalar import inlined, largest, scaled, select
from eos_sweep.state import memory

NEEDS = (TANGENT,)
KEPT = 1  # octaves taken out of v
FLAGS = COUNTS = 0
OCTAVES = 8.0  # taken out at once: v stays between 2**-8 and 2**8, if no step does more


def variables(model):
    if not hasattr(model, "tangent"):
        return {}
    words = "Lyapunov exponent per step over the whole run"
    return {"lyapunov": Variable("float64", words, float("nan"), centre=0.0, decides_regime=True)}


def start(begin):
    zero = np.zeros_like(begin.loss)
    return (zero, *(zero + 1.0 for _ in begin.model.STATE), *(zero for _ in memory(begin.model))), ()


@inlined
def watch(kept, moment, turned, coordinates):
    size = largest(coordinates)
    change = select(size > 2.0**OCTAVES, OCTAVES, select((size < 2.0**-OCTAVES) & (size > 0.0), -OCTAVES, 0.0))
    scale = select(change > 0.0, 2.0**-OCTAVES, select(change < 0.0, 2.0**OCTAVES, 1.0))
    return (kept[0] + change, *scaled(turned, scale)), ()


def finish(begin, end, kept, counts):
    taken, v = kept[0], kept[1 : 1 + len(begin.model.STATE)]
    exponent = (np.log(largest(v)) + taken * np.log(2.0)) / np.maximum(end.steps, 1)
    return {"lyapunov": np.where(end.status == DIVERGED, np.nan, exponent)}

"""How trajectories nearby part: the Lyapunov exponent, and how far an error can have grown.

A vector v is turned by the Jacobian of each step, v <- (I - eta H) v where nothing is clipped.  The Lyapunov exponent
is log(|v_T| / |v_0|) / T.  An error that rounding makes at step s has grown |v_t| / |v_s|-fold at step t: the largest
such factor, in bits, is the ``magnification``.  Beyond some 45 bits the 53 of a double are used up, and rounding may
decide what becomes of the trajectory.

Source: Benettin, Galgani, Giorgilli, Strelcyn 1980, Meccanica 15, 9.
"""

import numpy as np

from eos_sweep.contract import DIVERGED, TANGENT, Variable
from eos_sweep.scalar import inlined, largest, scaled, select

NEEDS = (TANGENT,)
KEPT = 3  # octaves taken out of v, the fewest so far, the largest rise above the fewest
FLAGS = COUNTS = 0
OCTAVES = 8.0  # taken out at once: v stays between 2**-8 and 2**8, if no step does more


def variables(model):
    if not hasattr(model, "tangent"):
        return {}
    nan = float("nan")
    return {
        "lyapunov": Variable("float64", "Lyapunov exponent per step over the whole run", nan, centre=0.0),
        "magnification": Variable("float64", "log2 of the largest factor by which a small error has grown", nan),
    }


def start(begin):
    zero = np.zeros_like(begin.loss)
    return (zero, zero, zero, *(zero + 1.0 for _ in begin.model.STATE)), ()


@inlined
def watch(kept, moment, turned):
    taken, least, rise = kept[:3]
    size = largest(turned)
    change = select(size > 2.0**OCTAVES, OCTAVES, select((size < 2.0**-OCTAVES) & (size > 0.0), -OCTAVES, 0.0))
    scale = select(change > 0.0, 2.0**-OCTAVES, select(change < 0.0, 2.0**OCTAVES, 1.0))
    taken = taken + change
    least = select(taken < least, taken, least)
    rise = select(taken - least > rise, taken - least, rise)
    return (taken, least, rise, *scaled(turned, scale)), ()


def finish(begin, end, kept, counts):
    taken, least, rise, *v = kept
    exponent = (np.log(largest(v)) + taken * np.log(2.0)) / np.maximum(end.steps, 1)
    gone = end.status == DIVERGED
    return {"lyapunov": np.where(gone, np.nan, exponent), "magnification": np.where(gone, np.nan, rise)}

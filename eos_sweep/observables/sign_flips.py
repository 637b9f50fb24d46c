"""Changes of sign of the guarded coordinate; at zero it counts as having its previous sign."""

import numpy as np

from eos_sweep.bits import lowest, population
from eos_sweep.contract import Variable
from eos_sweep.scalar import inlined, select
from eos_sweep.state import guard_index

NEEDS = ()
KEPT = 0
FLAGS = 2  # the coordinate is negative, is zero
COUNTS = 4  # first flip, number of flips, whether the last sign is negative, whether there was none yet


def variables(model):
    return {
        "first_sign_flip": Variable("int32", "first step on which the guarded coordinate changed sign (-1: never)", -2),
        "sign_flips": Variable(
            "int32", "number of steps on which the guarded coordinate changed sign", -1, decides_regime=True
        ),
    }


def start(begin):
    zero = np.zeros_like(begin.steps)
    place = guard_index(begin.model)
    guard = zero + 1 if place is None else begin.theta[place]
    return (), (zero - 1, zero, (guard < 0.0).astype(np.int64), (guard == 0.0).astype(np.int64))


@inlined
def watch(kept, moment):
    return (), (moment.guard < 0.0, moment.guard == 0.0)


@inlined
def fold(counts, bits, age, steps):
    first, flips, negative, unsigned = counts
    # Bit 0 is the sign before the chunk, bit k that after step k.  A run of zeros takes the sign of the bit below it:
    # adding a one at its lower end carries through all of it.
    zero = (bits[1] << 1) | unsigned
    sign = (bits[0] << 1) | negative
    sign |= ((zero + ((sign << 1) & zero)) ^ zero) & zero
    none = ((zero + (zero & 1)) ^ zero) & zero
    changed = (((sign ^ (sign << 1)) & ~(none << 1)) >> 1) & ((np.int64(1) << steps) - 1)
    here = age + 1 + lowest(changed)
    return (
        select((first < 0) & (changed != 0), here, first),
        flips + population(changed),
        (sign >> steps) & 1,
        (none >> steps) & 1,
    )


def finish(begin, end, kept, counts):
    return {"first_sign_flip": counts[0], "sign_flips": counts[1]}

"""The least size of each coordinate with its own exponent.  A double ends at 1e-308; ordinary runs go below.

The record is a mantissa and a power.  A candidate at another power is scaled to the record's before it is compared.
"""

import numpy as np

from eos_sweep.contract import CARRIED, Variable
from eos_sweep.exponent import DOWN, UP
from eos_sweep.scalar import inlined, select
from eos_sweep.state import carried, log10_abs

NEEDS = (CARRIED,)
KEPT = 2  # mantissa, power
FLAGS = COUNTS = 0


def variables(model):
    return {
        f"log10_abs_{name}_min": Variable("float64", f"smallest log10 |{name}| met, the start included", float("nan"))
        for name in model.CARRIED
    }


def start(begin):
    numbers = carried(begin.model, begin.theta).values()
    return tuple(part for mantissa, power in numbers for part in (abs(mantissa), power)), ()


@inlined
def watch(kept, moment, number):
    least, record = kept
    mantissa, power = number
    shift = power - record
    # A candidate two powers up is never smaller: no mantissa is so small, and no record so large.
    unit = select(shift < 0.0, DOWN, select(shift > 1.5, np.inf, select(shift > 0.0, UP, 1.0)))
    smaller = abs(mantissa) * unit < least
    return (select(smaller, abs(mantissa), least), select(smaller, power, record)), ()


def finish(begin, end, kept, counts):
    logs = map(log10_abs, kept[::KEPT], kept[1::KEPT])
    return {f"log10_abs_{name}_min": log for name, log in zip(end.model.CARRIED, logs, strict=True)}

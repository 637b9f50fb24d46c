"""From coordinates to a kernel's state and back: a coordinate with its own exponent is a mantissa and a power.

The value is ``mantissa * 2**(512 * power)``; powers follow the coordinates, in the order of ``model.CARRIED``.
"""

from collections.abc import Mapping

import numpy as np

from eos_sweep.contract import Model, Numbers
from eos_sweep.scalar import inlined, select

DECADES = 512 * np.log10(2.0)  # of one power
UP, DOWN = 2.0**512, 2.0**-512
SMALL = 1e-30  # 16 steps of a factor of 1e-17 leave a mantissa a normal number
LARGE = 1e135  # well above SMALL * UP, so a mantissa does not bounce between two powers
HIDDEN = 1e-100  # below this nothing can see a coordinate: its square is 1e-200


@inlined
def rescaled(mantissa, power):
    """Return the same value with a mantissa that the next CHUNK steps can neither take to zero nor to infinity."""
    size = abs(mantissa)
    small = size < SMALL
    large = (size > LARGE) & (power < 0.0)
    factor = select(small, UP, select(large, DOWN, 1.0))
    return mantissa * factor, power + select(small, -1.0, select(large, 1.0, 0.0))


@inlined
def seen(mantissa, power):
    """Return the value as far as others can see it, zero where they cannot; none of its products is a denormal number.

    From power -2 on it is zero until the next rescaling: to matter before, it would have to grow 1e10-fold a step.
    """
    unit = select(power < -1.5, 0.0, select(power < 0.0, DOWN, 1.0))
    floor = select(power < 0.0, HIDDEN * UP, 0.0)
    return select(abs(mantissa) < floor, 0.0, mantissa * unit)


def enter(model: Model, initial: Mapping[str, np.ndarray], p: Numbers) -> Numbers:
    """Return the state that stands for the coordinates ``initial``, whatever their size (denormals included)."""
    zero = np.zeros_like(next(iter(initial.values())))
    theta = tuple(initial[name] for name in model.STATE) + tuple(zero for _ in model.CARRIED)
    for _ in range(3):  # from 5e-324 to above 1e-50 takes two
        theta = model.rescale(theta, p)
    return theta


def carried(model: Model, theta: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Return mantissa and power of the coordinate with its own exponent."""
    return theta[list(model.STATE).index(model.CARRIED[0])], theta[len(model.STATE)]


def log10_abs(mantissa: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return log10 of the absolute value, -inf for zero; it has no lower end."""
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(mantissa)) + DECADES * power


def values(model: Model, theta: Numbers) -> dict[str, np.ndarray]:
    """Return name -> value of each coordinate; one too small for a double comes out as zero."""
    result = dict(zip(model.STATE, theta, strict=False))
    for name, power in zip(model.CARRIED, theta[len(model.STATE) :], strict=True):
        result[name] = np.ldexp(result[name], (512 * np.maximum(power, -9)).astype(np.int32))
    return result

"""Coordinates as a kernel's state, and back: a coordinate with its own exponent is a mantissa and a power.

Its value is ``mantissa * 2**(512 * power)``; powers follow the coordinates, in the order of ``model.CARRIED``.
"""

from collections.abc import Mapping

import numpy as np

from eos_sweep.contract import Model, Numbers

DECADES = 512 * np.log10(2.0)  # of one power


def enter(model: Model, initial: Mapping[str, np.ndarray], p: Numbers) -> Numbers:
    """Return the state of the coordinates ``initial``, which may have any size, denormal numbers included."""
    zero = np.zeros_like(next(iter(initial.values())))
    theta = tuple(initial[name] for name in model.STATE) + tuple(zero for _ in model.CARRIED)
    for _ in range(3):  # from 5e-324 to above 1e-50 takes two
        theta = model.rescale(theta, p)
    return theta


def carried(model: Model, theta: Numbers) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return name -> mantissa and power of each coordinate with its own exponent."""
    return {name: (theta[mantissa], theta[power]) for name, (mantissa, power) in places(model).items()}


def places(model: Model) -> dict[str, tuple[int, int]]:
    """Return name -> positions in a state of mantissa and power of each coordinate with its own exponent."""
    names = list(model.STATE)
    return {name: (names.index(name), len(names) + k) for k, name in enumerate(model.CARRIED)}


def guard_index(model: Model) -> int | None:
    """Return the position in a state of the guarded coordinate; None if the model has none."""
    return None if model.GUARD is None else list(model.STATE).index(model.GUARD)


def log10_abs(mantissa: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return log10 of the absolute value, -inf for zero; it does not underflow."""
    with np.errstate(divide="ignore"):
        return np.log10(np.abs(mantissa)) + DECADES * power


def values(model: Model, theta: Numbers) -> dict[str, np.ndarray]:
    """Return name -> value of each coordinate; a value too small for a double becomes zero."""
    result = dict(zip(model.STATE, theta, strict=False))
    for name, power in zip(model.CARRIED, theta[len(model.STATE) :], strict=False):  # an array model has more there
        result[name] = np.ldexp(result[name], (512 * np.maximum(power, -9)).astype(np.int32))
    return result

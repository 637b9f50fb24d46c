"""Coordinates as a kernel's state, and back: a coordinate with its own exponent is a mantissa and a power.

Its value is ``mantissa * 2**(512 * power)``; powers follow the coordinates, in the order of ``model.CARRIED``.  Behind
them are the numbers that an update rule keeps: ``model.MEMORY``, zero at the start, and ``model.CLOCKS``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from eos_sweep.contract import Model, Numbers

DECADES = 512 * np.log10(2.0)  # of one power


def enter(model: Model, initial: Mapping[str, np.ndarray], p: Numbers) -> Numbers:
    """Return the state of the coordinates ``initial``, which may have any size, denormal numbers included."""
    like = next(iter(initial.values()))
    theta = started(model, (initial[name] for name in model.STATE), lambda value: np.full_like(like, value))
    for _ in range(3):  # from 5e-324 to above 1e-50 takes two
        theta = model.rescale(theta, p)
    return theta


def memory(model: Model) -> Mapping[str, str]:
    """Return number -> its coordinate, of all that the model's update rule keeps; a model may leave it out."""
    return getattr(model, "MEMORY", {})


def clocks(model: Model) -> Mapping[str, float]:
    """Return number -> its start, of those that depend on the step alone; a model may leave it out."""
    return getattr(model, "CLOCKS", {})


def width(model: Model) -> int:
    """Return how many numbers a state has."""
    return len(model.STATE) + len(model.CARRIED) + len(memory(model)) + len(clocks(model))


def started(model: Model, coordinates: Iterable[Any], number: Callable[[float], Any]) -> Numbers:
    """Return the state at ``coordinates``, in power zero, with the memory and the clocks of the start.

    ``number`` makes a number of the state from a float.
    """
    zeros = [0.0] * (len(model.CARRIED) + len(memory(model)))
    return (*coordinates, *map(number, (*zeros, *clocks(model).values())))


def turned(model: Model) -> list[tuple[int, int | None]]:
    """Return, for each number of a tangent, its place in a state, and that of the coordinate to which it is relative.

    The second place is None where the number is a change of its value.
    """
    first = len(model.STATE) + len(model.CARRIED)
    where = [*range(len(model.STATE)), *range(first, first + len(memory(model)))]
    powers = places(model)
    mantissas = (powers[name][0] if name in powers else None for name in (*model.STATE, *memory(model).values()))
    return list(zip(where, mantissas, strict=True))


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

"""The state of a ruled model as its base model sees it."""

import numpy as np

from eos_sweep.contract import Numbers
from eos_sweep.exponent import value


def plainly(theta: Numbers, width: int, carried: tuple[int, ...], powers: int) -> Numbers:
    """Return the values of the coordinates, and a power of zero for each that has one in the base model.

    Parameters
    ----------
    theta
        The state.
    width
        Number of coordinates.
    carried
        Places of the coordinates whose powers follow.
    powers
        Number of powers in the base model.
    """
    found = list(theta[:width])
    for j, k in enumerate(carried):
        found[k] = value(theta[k], theta[width + j])
    return (*found, *(np.zeros_like(theta[0]) for _ in range(powers)))

"""Finds out whether states lie on a periodic orbit: after how many steps each comes back to where it is."""

import functools
import sys
from collections.abc import Callable

import numpy as np
from numba import njit

from eos_sweep import lanes
from eos_sweep.contract import LONGEST, RETURNED, Model, Numbers
from eos_sweep.scalar import inlined, near, select
from eos_sweep.sources import digest


def periods(model: Model, theta: Numbers, p: Numbers, wanted: np.ndarray) -> np.ndarray:
    """Return the least number of steps after which each state is the same again, 0 if it takes more than LONGEST.

    Parameters
    ----------
    model
        The model.
    theta, p
        States and parameters, arrays of shape (n,).
    wanted
        Whether one wants to know, bool of shape (n,); where not, the result is 0.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    found = np.zeros(len(theta[0]), np.int64)
    rows = np.flatnonzero(wanted)
    if rows.size:
        states, parameters = (np.stack([column[rows] for column in columns]) for columns in (theta, p))
        some = np.zeros(rows.size, np.int64)
        finder(model)(states, parameters, some)
        found[rows] = some
    return found


@functools.cache
def finder(model: Model) -> Callable:
    """Compile ``find(states, parameters, periods)``, over arrays with a column for each state."""
    state_like = (0.0,) * (len(model.STATE) + len(model.CARRIED))
    parameters_like = (0.0,) * len(model.PARAMETERS)

    @inlined
    def once(carry, where, k):
        theta, found = carry
        start, p = where
        theta = model.step(theta, p)
        return theta, select((found == 0) & near(theta, start, RETURNED), k + 1, found)

    steps = lanes.repeat(once, LONGEST)

    def find(states, parameters, periods):
        lanes.wide()
        count = periods.shape[0]
        for place in range(count):
            start = lanes.read(states.reshape(-1), place, count, state_like)
            p = lanes.read(parameters.reshape(-1), place, count, parameters_like)
            periods[place] = steps((start, 0), (start, p), 0)[1]

    find.__qualname__ = f"find_{digest(model, sys.modules[__name__])}"
    signature = "void(float64[:, ::1], float64[:, ::1], int64[::1])"
    return njit(signature, cache=True, nogil=True, error_model="numpy")(find)

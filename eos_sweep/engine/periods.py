"""Periodic orbits: the number of steps after which a trajectory is, for good, where it was.

A state that comes back nearly to where it was may be on an orbit, on its way to one, or neither: a swing that contracts
by 1e-4 a step comes back to within 1e-13 after two steps, and so does a drift of 1e-13 a step after one.  What tells
them apart is the distance to the nearest orbit of k steps, which Newton's method gives.  With d the change of the state
in k steps and M the Jacobian of these steps, it is (I - M)^-1 d.  A contracting swing has a change d that is small
against this distance, and so has a drift.

Source: any text on continuation of periodic orbits, such as Kuznetsov 2004, Elements of Applied Bifurcation Theory, 10.
"""

import functools
import sys
from collections.abc import Callable

import numpy as np

from eos_sweep.contract import LONGEST_PERIOD, Model, Numbers
from eos_sweep.engine import lanes
from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.engine.sources import digest_of
from eos_sweep.scalar import inlined
from eos_sweep.state import places

# Relative to each coordinate.
REACHED = 1e-8  # the distance to an orbit at which a trajectory is on it: far above rounding, and Newton's step is good
NEAR = 1e-6  # the change in k steps beyond which an orbit of k steps is not looked for
CLOSER = 0.1  # nor is it where an earlier step came as close; without this factor a drift would be looked at each time
NEUTRAL = 1e-13  # a direction that M multiplies by one, to this, has no nearest orbit: any change in it is a drift
ROUNDED = 2e-14  # a change in it that is as large as this may be rounding; both in units of the largest entry of M


def periods(model: Model, theta: Numbers, p: Numbers, wanted: np.ndarray) -> np.ndarray:
    """Return the period of the orbit on which each state is, 0 if it is on none of at most LONGEST_PERIOD steps.

    Parameters
    ----------
    model
        The model.
    theta, p
        States and parameters, arrays of shape (n,).
    wanted
        Where the result is wanted, bool of shape (n,); elsewhere it is 0.

    Returns
    -------
    ndarray of int64, shape (n,)
        The periods.
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
    """Compile the search for periods, or load it from numba's cache on disk.

    Returns
    -------
    callable
        ``find(states, parameters, periods)`` fills ``periods``, of length n, for ``states`` and ``parameters`` of n
        columns.
    """
    width = len(model.STATE)
    state_like = (0.0,) * (width + len(model.CARRIED))
    parameters_like = (0.0,) * len(model.PARAMETERS)
    carried = np.zeros(width, np.bool_)
    carried[[mantissa for mantissa, _ in places(model).values()]] = True
    on_orbit = _on_orbit(model, carried)

    @inlined
    def change(theta, start):
        """Return the largest change of a coordinate, relative."""
        largest = 0.0
        for i in range(width):
            difference = abs(theta[i] - start[i])
            if difference != 0.0:
                largest = max(largest, difference / abs(start[i]))
        return largest

    def find(states, parameters, periods):
        count = periods.shape[0]
        matrix, rest = np.empty((width, width)), np.empty(width)
        for place in range(count):
            start = lanes.read(states.reshape(-1), place, count, state_like)
            p = lanes.read(parameters.reshape(-1), place, count, parameters_like)
            theta, nearest = start, NEAR / CLOSER
            for k in range(1, LONGEST_PERIOD + 1):
                theta = model.step(theta, p)
                far = change(theta, start)
                if far <= CLOSER * nearest and on_orbit(start, theta, p, k, matrix, rest):
                    periods[place] = k
                    break
                nearest = min(nearest, far)

    meaning = digest_of(model, (), (sys.modules[__name__], ["finder"]))
    return compile_or_load(find, f"find_{meaning}", "void(float64[:, ::1], float64[:, ::1], int64[::1])")


def _on_orbit(model: Model, carried: np.ndarray) -> Callable:
    """Build the test whether the nearest orbit of k steps is within REACHED of ``start``, whose k-th step is ``theta``.

    ``matrix`` and ``rest`` are room for I - M and d, relative to the size of each coordinate.
    """
    width = len(model.STATE)
    jacobian = _jacobian(model)

    @inlined
    def on_orbit(start, theta, p, k, matrix, rest):
        jacobian(start, p, k, matrix)
        most = 1.0
        for i in range(width):
            size = 1.0 if start[i] == 0.0 else start[i]
            rest[i] = (theta[i] - start[i]) / size
            for j in range(width):
                if not carried[i]:
                    matrix[i, j] /= size
                if not carried[j]:
                    matrix[i, j] *= 1.0 if start[j] == 0.0 else start[j]
                if (carried[i] and start[i] == 0.0) or (carried[j] and start[j] == 0.0):
                    matrix[i, j] = 0.0  # it stays zero, and moves nothing
                most = max(most, abs(matrix[i, j]))
                matrix[i, j] = (1.0 if i == j else 0.0) - matrix[i, j]
        return _within(matrix, rest, most)

    return on_orbit


def _jacobian(model: Model) -> Callable:
    """Build what fills a matrix with the Jacobian of k steps, one column after the other."""
    width = len(model.STATE)
    units, like = np.eye(width).reshape(-1), (0.0,) * width

    @inlined
    def fill(start, p, k, matrix):
        for column in range(width):
            theta, v = start, lanes.read(units, column, width, like)
            for _ in range(k):
                v = model.tangent(theta, p, v)
                theta = model.step(theta, p)
            for i in range(width):
                matrix[i, column] = v[i]

    return fill


@inlined
def _within(matrix, rest, most):
    """Solve ``matrix x = rest`` by elimination with full pivoting; tell whether all of x is at most REACHED.

    Where no pivot is left beyond rounding, so must be the rest.
    """
    width = rest.shape[0]
    rank = width
    for step in range(width):
        row = column = step
        for i in range(step, width):
            for j in range(step, width):
                if not abs(matrix[i, j]) <= abs(matrix[row, column]):
                    row, column = i, j
        if not abs(matrix[row, column]) > NEUTRAL * most:
            rank = step
            break
        for j in range(width):
            matrix[step, j], matrix[row, j] = matrix[row, j], matrix[step, j]
        rest[step], rest[row] = rest[row], rest[step]
        for i in range(width):
            matrix[i, step], matrix[i, column] = matrix[i, column], matrix[i, step]
        for i in range(step + 1, width):
            factor = matrix[i, step] / matrix[step, step]
            for j in range(step, width):
                matrix[i, j] -= factor * matrix[step, j]
            rest[i] -= factor * rest[step]
    for i in range(rank, width):
        if not abs(rest[i]) <= ROUNDED * most:
            return False
    for i in range(rank - 1, -1, -1):
        for j in range(i + 1, rank):
            rest[i] -= matrix[i, j] * rest[j]
        rest[i] /= matrix[i, i]
        if not abs(rest[i]) <= REACHED:
            return False
    return True

"""Periodic orbits: the number of steps after which a trajectory is, for good, where it was.

A state that comes back nearly to where it was may be on an orbit, on its way to one, or neither: a swing that contracts
by 1e-4 a step comes back to within 1e-13 after two steps, and so does a drift of 1e-13 a step after one.  What tells
them apart is the distance to the nearest orbit of k steps, which Newton's method gives.  With d the change of the state
in k steps and M the Jacobian of these steps, it is (I - M)^-1 d.  A contracting swing has a change d that is small
against this distance, and so has a drift.

M and d are of the coordinates and of the memory of an update rule.  A velocity that fades has no size of its own beside
which a change could be small.  What counts of a number of the memory is by how much it moves coordinates within these
k steps; one that moves none is left out.

A state that does not move is on an orbit of one step.  Where the edge of stability moves, doubles may come to rest at a
minimum while it is stable, exactly, and stay there when it is no longer.  Without rounding a run would leave, so such a
rest is no orbit.

Source: any text on continuation of periodic orbits, such as Kuznetsov 2004, Elements of Applied Bifurcation Theory, 10.
"""

import functools
import sys
from collections.abc import Callable

import numpy as np

from eos_sweep.contract import LONGEST_PERIOD, Model, Numbers
from eos_sweep.eigen.sharpness import edge_moves, edge_of, matrix_of
from eos_sweep.engine import lanes
from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.engine.sources import digest_of
from eos_sweep.scalar import inlined
from eos_sweep.state import turned, width
from eos_sweep.update_rules.rmsprop import SHARPNESS as PRECONDITIONED

# Relative to each coordinate; of the memory, by what it does to coordinates.
REACHED = 1e-8  # the distance to an orbit at which a trajectory is on it: far above rounding, and Newton's step is good
NEAR = 1e-6  # the change in k steps beyond which an orbit of k steps is not looked for
CLOSER = 0.1  # nor is it where an earlier step came as close; without this factor a drift would be looked at each time
NEUTRAL = 1e-13  # a direction that M multiplies by one, to this, has no nearest orbit: any change in it is a drift
LEAST = 2.0**-970  # a smaller coordinate counts as zero: the least doubles are too coarse to be on an orbit
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
    count, size = len(model.STATE), len(turned(model))
    state_like, parameters_like = (0.0,) * width(model), (0.0,) * len(model.PARAMETERS)
    on_orbit, leaves = _on_orbit(model), _leaves(model)

    @inlined
    def change(theta, start):
        """Return the largest change of a coordinate, relative."""
        largest = 0.0
        for i in range(count):
            difference = abs(theta[i] - start[i])
            if difference != 0.0:
                largest = max(largest, difference / max(abs(start[i]), LEAST))
        return largest

    def find(states, parameters, periods):
        rows = periods.shape[0]
        room = np.empty((size, size)), np.empty(size), np.empty(size), np.empty(size, np.int64)
        for place in range(rows):
            start = lanes.read(states.reshape(-1), place, rows, state_like)
            p = lanes.read(parameters.reshape(-1), place, rows, parameters_like)
            theta, nearest = start, NEAR / CLOSER
            for k in range(1, LONGEST_PERIOD + 1):
                theta = model.step(theta, p)
                far = change(theta, start)
                if far <= CLOSER * nearest and on_orbit(start, theta, p, k, room):
                    periods[place] = 0 if k == 1 and leaves(start, p) else k
                    break
                nearest = min(nearest, far)

    meaning = digest_of(model, (), (sys.modules[__name__], ["finder"]))
    return compile_or_load(find, f"find_{meaning}", "void(float64[:, ::1], float64[:, ::1], int64[::1])")


def _leaves(model: Model) -> Callable:
    """Build the test whether a run would leave a place of rest but for rounding, since the edge has moved below it."""
    if not edge_moves(model) and matrix_of(model) != PRECONDITIONED:
        return inlined(lambda theta, p: False)
    edge = edge_of(model)
    return inlined(lambda theta, p: not model.stable(model.curvature(theta, p), edge(theta, p)))


def _on_orbit(model: Model) -> Callable:
    """Build the test whether the nearest orbit of k steps is within REACHED of ``start``, whose k-th step is ``theta``.

    It gets room for I - M, for d, for the unit of each of their numbers, and for the places of those that count.
    """
    numbers, count = turned(model), len(model.STATE)
    places = np.array([place for place, _ in numbers])
    relative = np.array([-1 if mantissa is None else mantissa for _, mantissa in numbers])  # to which coordinate
    jacobian = _jacobian(model)

    @inlined
    def still(start, i):
        """Tell whether a change is relative to a coordinate that is zero, stays zero, and moves nothing."""
        return relative[i] >= 0 and start[relative[i]] == 0.0

    @inlined
    def on_orbit(start, theta, p, k, room):
        matrix, rest, units, active = room
        for i in range(count):
            units[i] = 1.0 if relative[i] >= 0 or abs(start[i]) < LEAST else start[i]
        jacobian(start, p, k, matrix, units)
        size = 0
        for i in range(units.size):
            if units[i] != np.inf:
                active[size] = i
                size += 1
        most = 1.0
        for row in range(size):
            i = active[row]
            base = 1.0 if relative[i] < 0 or still(start, i) else start[relative[i]]
            rest[row] = (theta[places[i]] - start[places[i]]) / base / units[i]
            for column in range(size):
                j = active[column]
                entry = 0.0 if still(start, i) or still(start, j) else matrix[i, j] / units[i] * units[j]
                most = max(most, abs(entry))
                matrix[row, column] = (1.0 if i == j else 0.0) - entry
        return _within(matrix[:size, :size], rest[:size], most)

    return on_orbit


def _jacobian(model: Model) -> Callable:
    """Build what fills a matrix with the Jacobian of k steps, and the units of the memory.

    The unit of a number of the memory is the change of it that moves a coordinate by the coordinate's unit; it is
    infinite if the number moves none.
    """
    size, count = len(turned(model)), len(model.STATE)
    columns, like = np.eye(size).reshape(-1), (0.0,) * size

    @inlined
    def fill(start, p, k, matrix, units):
        for column in range(size):
            theta, v, reach = start, lanes.read(columns, column, size, like), 0.0
            for _ in range(k):
                v = model.tangent(theta, p, v)
                theta = model.step(theta, p)
                for i in range(count):
                    reach = max(reach, abs(v[i] / units[i]))
            for i in range(size):
                matrix[i, column] = v[i]
            if column >= count:
                units[column] = np.inf if reach == 0.0 else 1.0 / reach

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

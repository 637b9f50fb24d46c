"""When a trajectory of a derived model stays where it is: what is left of its way does not move it to the edge.

A minimum is *isolated* where all curvatures are positive there.  Newton's step leads to it, and the Hessian there tells
where the sharpness ends.  Elsewhere, as on a valley of minima of loss zero, the step to where the loss would be zero if
it went on falling as it does (Polyak's) takes its place, and there must be room for what a slower direction may add.
"""

import numpy as np

from eos_sweep.derivation.convergence import MARGIN, ROUNDING
from eos_sweep.scalar import inlined, larger, select
from eos_sweep.unrolled import unrolled

FLAT = 1e-8  # a pivot below this share of the trace is no curvature of its own
SAFETY = 5.0  # so many times the change of the Hessian to the end of the way
SLOW = 4e3  # so many times the way that the loss allows at a curvature of one, relative to the state


@unrolled
def newton(triangle, push):
    """Solve H d = g: return d, g d, and whether the matrix is positive definite by far.

    Parameters
    ----------
    triangle
        Upper triangle of eta H, row by row.
    push
        eta g.
    """
    size = len(push)
    entries = iter(triangle)
    rows = [[0.0] * i + [next(entries) for _ in range(i, size)] for i in range(size)]
    trace = abs(rows[0][0])
    for i in range(1, size):
        trace = trace + abs(rows[i][i])
    left, inverses = list(push), []
    definite = trace < np.inf
    for k, row in enumerate(rows):
        definite = definite & (row[k] > FLAT * trace)
        inverses.append(1.0 / select(row[k] > 0.0, row[k], 1.0))
        for i in range(k + 1, size):
            share = row[i] * inverses[k]
            left[i] = left[i] - share * left[k]
            for j in range(i, size):
                rows[i][j] = rows[i][j] - share * row[j]
    way = [0.0] * size
    for k in reversed(range(size)):
        rest = left[k]
        for j in range(k + 1, size):
            rest = rest - rows[k][j] * way[j]
        way[k] = rest * inverses[k]
    work = push[0] * way[0]
    for k in range(1, size):
        work = work + push[k] * way[k]
    return tuple(way), work, definite


@unrolled
def squared_length(numbers):
    """Return the sum of the squares."""
    total = numbers[0] * numbers[0]
    for number in numbers[1:]:
        total = total + number * number
    return total


@unrolled
def gone(x, way, factor):
    """Return the coordinates after a way, times a factor."""
    return tuple(here - factor * along for here, along in zip(x, way, strict=True))


@unrolled
def change(one, other):
    """Return the Frobenius norm of the difference of two triangles; the diagonal counts twice, which is safe."""
    total = 0.0
    for before, after in zip(one, other, strict=True):
        total = total + (after - before) * (after - before)
    return np.sqrt(total + total)


@unrolled
def absolute_trace(triangle, push):
    """Return the sum of the sizes of the curvatures along the coordinates."""
    place, total = 0, 0.0
    for row in range(len(push), 0, -1):
        total = total + abs(triangle[place])
        place += row
    return total


@inlined
def least_excess(push, triangle, eta):
    """Return |g|^2 / (2 trace H): where the Hessian has no negative curvature, L is at least so far above its minimum."""
    return squared_length(push) / (2.0 * eta * absolute_trace(triangle, push))


@inlined
def excess_of(work, eta):
    """Return how far L is above an isolated minimum, g d / 2."""
    return work / (2.0 * eta)


@inlined
def polyak(push, loss, eta):
    """Return the factor of eta g that leads to a loss of zero if it went on falling as it does."""
    square = squared_length(push)
    return 2.0 * eta * loss / select(square > 0.0, square, np.inf)


@inlined
def gap(before, after):
    """Return the room below the edge that an isolated minimum needs; beyond MARGIN it is too far to tell."""
    room = SAFETY * change(before, after)
    return select(room < MARGIN, larger(room, ROUNDING), 1.0)


@inlined
def gap_in_valley(before, after, x, loss, eta):
    """Return the room below the edge that a minimum of loss zero needs."""
    size = np.sqrt(squared_length(x))
    slow = SLOW * np.sqrt(2.0 * eta * loss) / select(size > 0.0, size, 1e-300)
    room = SAFETY * change(before, after) + slow
    return select(room < MARGIN, larger(room, ROUNDING), 1.0)

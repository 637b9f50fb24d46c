"""Linear algebra of small symmetric matrices, given by their upper triangle, row by row, for kernels and NumPy."""

import numpy as np

from eos_sweep.scalar import select
from eos_sweep.unrolled import unrolled

FLAT = 1e-8  # a pivot below this share of the trace is no curvature of its own


def _rows(triangle, size):
    """Return all entries, row by row."""
    entries = iter(triangle)
    rows = [[None] * size for _ in range(size)]
    for i in range(size):
        for j in range(i, size):
            rows[i][j] = rows[j][i] = next(entries)
    return rows


@unrolled
def descended(triangle, v):
    """Return v - H v: with eta H, what a step of gradient descent makes of a small change v."""
    found = []
    for row, change in zip(_rows(triangle, len(v)), v, strict=True):
        total = row[0] * v[0]
        for entry, along in zip(row[1:], v[1:], strict=True):
            total = total + entry * along
        found.append(change - total)
    return tuple(found)


@unrolled
def newton(triangle, push):
    """Solve H d = g, without an exchange of rows.

    Parameters
    ----------
    triangle
        Upper triangle of H.
    push
        g.

    Returns
    -------
    tuple
        d, g d, and the least pivot: zero unless the matrix is positive definite by far.  Then d is not the solution.
    """
    size = len(push)
    rows = _rows(triangle, size)
    trace = absolute_trace(triangle, push)
    left, inverses = list(push), []
    definite, least = trace > 0.0, np.inf
    for k, row in enumerate(rows):
        definite = definite & (row[k] > FLAT * trace)
        least = select(row[k] < least, row[k], least)
        inverses.append(1.0 / select(row[k] > 0.0, row[k], 1.0))
        for i in range(k + 1, size):
            share = row[i] * inverses[k]
            left[i] = left[i] - share * left[k]
            for j in range(i, size):
                rows[i][j] = rows[i][j] - share * row[j]
    way = [None] * size
    for k in reversed(range(size)):
        rest = left[k]
        for j in range(k + 1, size):
            rest = rest - rows[k][j] * way[j]
        way[k] = rest * inverses[k]
    work = push[0] * way[0]
    for k in range(1, size):
        work = work + push[k] * way[k]
    return tuple(way), work, select(definite, least, 0.0)


@unrolled
def absolute_trace(triangle, push):
    """Return the sum of the sizes of the diagonal; ``push`` has an entry for each row."""
    place, total = 0, 0.0
    for row in range(len(push), 0, -1):
        total = total + abs(triangle[place])
        place += row
    return total


@unrolled
def squared_length(numbers):
    """Return the sum of the squares."""
    total = numbers[0] * numbers[0]
    for number in numbers[1:]:
        total = total + number * number
    return total


@unrolled
def inner(numbers, others):
    """Return the sum of the products."""
    total = numbers[0] * others[0]
    for number, other in zip(numbers[1:], others[1:], strict=True):
        total = total + number * other
    return total


@unrolled
def moved(x, way, factor):
    """Return x - factor * way."""
    return tuple(here - factor * along for here, along in zip(x, way, strict=True))


@unrolled
def distance(one, other):
    """Return a number that is at least the Frobenius norm of the difference, and at most sqrt(2) times it."""
    total = 0.0
    for before, after in zip(one, other, strict=True):
        total = total + (after - before) * (after - before)
    return np.sqrt(total + total)

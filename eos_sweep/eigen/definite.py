"""The test whether a symmetric matrix of any size has its largest eigenvalue below a bound, without computing it."""

import numpy as np

from eos_sweep.eigen.triangles import POWERS, full, unit_of
from eos_sweep.scalar import larger
from eos_sweep.unrolled import unrolled


@unrolled
def below(matrix, bound):
    """Tell whether bound I - M is positive definite: whether all pivots of its elimination are positive.

    Where an entry is NaN or infinite it is not.
    """
    rows = full(tuple(-entry for entry in matrix))
    for i, row in enumerate(rows):
        row[i] = bound + row[i]
    size = rows[0][0]
    for i in range(1, len(rows)):
        size = larger(rows[i][i], size)
    _, inverse = unit_of(size, POWERS)
    positive = size < np.inf
    while len(rows) > 3:
        first, second, rows = without_two(rows, inverse)
        positive = positive & (first > 0.0) & (second > 0.0)
    if len(rows) == 3:
        positive = positive & (rows[0][0] > 0.0)
        rows = without_one(rows, inverse)
    positive = positive & (rows[0][0] > 0.0)
    return positive & (without_one(rows, inverse)[0][0] > 0.0) if len(rows) == 2 else positive


def without_one(rows, inverse):
    """Return what is left without the first row and column, times its pivot in another unit: no division."""
    first = [entry * inverse for entry in rows[0]]
    return [
        [first[0] * rows[i][j] - first[i] * rows[0][j] if j >= i else None for j in range(1, len(rows))]
        for i in range(1, len(rows))
    ]


def without_two(rows, inverse):
    """Return two pivots and what is left without the first two rows and columns, with one division.

    ``a`` is the first pivot, y is ``a`` times the second row after the first step, p its pivot.  Then 1/a = p / (a p),
    and y y' / (a p) is what the second step subtracts.  The unit of ``a`` keeps the product within the doubles.
    """
    first = [entry * inverse for entry in rows[0]]
    y = [first[0] * rows[1][j] - first[1] * rows[0][j] for j in range(1, len(rows))]
    reciprocal = 1.0 / (first[0] * y[0])
    along = [entry * (y[0] * reciprocal) for entry in first[2:]]
    across = [entry * reciprocal for entry in y[1:]]
    count = range(len(along))
    upper = [
        [(rows[i + 2][j + 2] - along[i] * rows[0][j + 2]) - across[i] * y[j + 1] if j >= i else None for j in count]
        for i in count
    ]
    return first[0], y[0], upper

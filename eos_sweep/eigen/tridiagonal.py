"""The largest eigenvalue of a full symmetric matrix of any size, by a tridiagonal matrix and bisection.

Householder's reflections make the matrix tridiagonal, with the diagonal d1 ... dn and the squares q2 ... qn of the
entries beside it, on which alone the eigenvalues depend.  Let base be the largest d and e_j = base - d_j >= 0.  The
largest eigenvalue is base + s with 0 <= s < 2 sqrt(max q), and a number is above s exactly when all leading minors of
(number + base) I - T are positive there:

    p_j = (s + e_j) p_{j-1} - q_j p_{j-2}.

Each computed p_j is that of a matrix which differs from T by a few 1e-16 of its entries, so bisection ends within as
little of the eigenvalue, however many others are close to it.  It never fails, and always takes the same steps.
Source: Golub and Van Loan 2013, "Matrix Computations", sections 8.3.1 and 8.4.1.
"""

import numpy as np

from eos_sweep.eigen.triangles import POWERS, blemish, full, largest_size, unit_of
from eos_sweep.scalar import larger, select, smaller
from eos_sweep.unrolled import unrolled

HALVINGS = 52  # from 2 max |m_ij| to 4e-16 of it
TOGETHER = 4  # halvings in one stage: more save reading and writing, fewer save compiling


def reflect(rows):
    """Return the first diagonal entry, the square of the first tridiagonal arm, and the rows of what is left.

    With x, the first column below the diagonal, and v = x + |x| x1/|x1| e1, the reflection is I - b v v',
    b = 2 / v'v = 1 / (|x|^2 + |x1| |x|).
    """
    column, rest = rows[0][1:], [row[1:] for row in rows[1:]]
    square = column[0] * column[0]
    for x in column[1:]:
        square = square + x * x
    if len(column) == 1:
        return rows[0][0], square, rest
    norm, size = np.sqrt(square), abs(column[0])
    seen = square > 1e-280  # smaller squares have lost their digits
    b = select(seen, 1.0 / select(seen, square + size * norm, 1.0), 0.0)
    v = [select(column[0] < 0.0, column[0] - norm, column[0] + norm), *column[1:]]
    turned = [b * dot(row, v) for row in rest]
    half = 0.5 * (b * dot(turned, v))
    w = [a - half * c for a, c in zip(turned, v, strict=True)]
    upper = [[rest[i][j] - (v[i] * w[j] + w[i] * v[j]) for j in range(i, len(v))] for i in range(len(v))]
    return rows[0][0], square, [[upper[min(i, j)][abs(i - j)] for j in range(len(v))] for i in range(len(v))]


def dot(one, other):
    """Return the inner product of two lists."""
    total = one[0] * other[0]
    for a, b in zip(one[1:], other[1:], strict=True):
        total = total + a * b
    return total


@unrolled
def tridiagonal(matrix):
    """Return (unit, base, e1 ... en, q2 ... qn, s, width): base + s is below the eigenvalue by at most width.

    All but the unit are in units of it, a power of two; it is NaN where an entry is no finite number.
    """
    # With entries of 2**+-64 the eighth power of 1e-16 of one is a double, and so is the eighth power of one.
    unit, inverse = unit_of(largest_size(matrix), (*POWERS, 64))
    rows = full(tuple(entry * inverse for entry in matrix))
    diagonal, squares = [], []
    while len(rows) > 1:
        d, q, rows = reflect(rows)
        diagonal.append(d)
        squares.append(q)
    diagonal.append(rows[0][0])
    base, most = diagonal[0], squares[0]
    for d in diagonal[1:]:
        base = larger(d, base)
    for q in squares[1:]:
        most = larger(q, most)
    distances = (base - d for d in diagonal)
    return unit + blemish(matrix), base, *distances, *squares, 0.0 * most, 2.0 * np.sqrt(most)


def is_above(s, distances, squares):
    """Tell whether s is above the largest eigenvalue less base: whether all leading minors are positive."""
    before, minor = 1.0, s + distances[0]
    least = minor
    for distance, q in zip(distances[1:], squares, strict=True):
        before, minor = minor, (s + distance) * minor - q * before
        least = smaller(minor, least)
    return least > 0.0


@unrolled
def halve(values):
    """Halve the width some times."""
    unit, base, *matrix, s, width = values
    n = (len(matrix) + 1) // 2
    for _ in range(TOGETHER):
        width = 0.5 * width
        middle = s + width
        s = select(is_above(middle, matrix[:n], matrix[n:]), s, middle)
    return unit, base, *matrix, s, width


@unrolled
def finish(values):
    """Return the eigenvalue, at half the width."""
    unit, base, *matrix, s, width = values
    return ((base + (s + 0.5 * width)) * unit,)


TRIDIAGONAL_STAGES = tridiagonal, *(halve,) * (HALVINGS // TOGETHER), finish

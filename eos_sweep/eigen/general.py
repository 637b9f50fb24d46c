"""The largest eigenvalue of any symmetric matrix of up to eight rows, and the test whether it is below a bound.

A matrix is given as its upper triangle, row by row: (m11, m12, ..., m1n, m22, ...).  Its entries may have any sign, and
any size from 1e-150 to 1e150.  The error of the eigenvalue is at most 1e-14 of the largest eigenvalue in size.  So one
that is close to zero, among others that are not, is known to few digits or none.  It is NaN where an entry is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from eos_sweep.contract import Numbers
from eos_sweep.eigen.arrowhead import deflate, divide, finish, polish
from eos_sweep.eigen.definite import below
from eos_sweep.eigen.dense import rotate
from eos_sweep.eigen.symmetric import symmetric_stable, symmetric_top
from eos_sweep.eigen.triangles import POWERS, blemish, largest_size, unit_of
from eos_sweep.eigen.tridiagonal import TRIDIAGONAL_STAGES
from eos_sweep.scalar import inlined
from eos_sweep.unrolled import unrolled

MOST_ROWS = 8


class Solver(NamedTuple):
    """What a model whose matrices have one size takes as its ``stable`` and its ``SHARPNESS_STAGES``."""

    stable: Callable
    stages: tuple[Callable[[Numbers], Numbers], ...]


@inlined
def same(matrix):
    """Return the only entry, which is the eigenvalue."""
    return matrix


@inlined
def two_below(matrix, bound):
    """Tell whether the largest eigenvalue of a matrix of two rows is below ``bound``."""
    a, e, c = matrix
    return symmetric_stable((a, c, e * e), bound) & (a + c > -np.inf)


@unrolled
def two_top(matrix):
    """Return the largest eigenvalue of a matrix of two rows."""
    unit, inverse = unit_of(largest_size(matrix), POWERS)
    a, e, c = (entry * inverse for entry in matrix)
    (top,) = symmetric_top((a, c, e * e))
    return (top * (unit + blemish(matrix)),)


@unrolled
def three_divided(matrix):
    """Divide a matrix of three rows as :mod:`eos_sweep.eigen.arrowhead` does, in units of about its size.

    What follows there depends on differences of the diagonal entries only, so these may have any sign.
    """
    unit, inverse = unit_of(largest_size(matrix), POWERS)
    m11, m12, m13, m22, m23, m33 = (entry * inverse for entry in matrix)
    return *divide(rotate((m11, m22, m33, m12, m13, m23))), unit + blemish(matrix)


@inlined
def three_deflated(values):
    """Take the stage ``deflate`` of an arrowhead matrix, beside its unit."""
    return *deflate(values[:-1]), values[-1]


@inlined
def three_polished(values):
    """Take the stage ``polish`` of an arrowhead matrix, beside its unit."""
    return *polish(values[:-1]), values[-1]


@inlined
def three_finished(values):
    """Return the eigenvalue of an arrowhead matrix, not in its unit."""
    (top,) = finish(values[:-1])
    return (top * values[-1],)


SOLVERS = {
    1: Solver(below, (same,)),
    2: Solver(two_below, (two_top,)),
    3: Solver(below, (three_divided, three_deflated, three_polished, three_polished, three_finished)),
    **{n: Solver(below, TRIDIAGONAL_STAGES) for n in range(4, MOST_ROWS + 1)},
}


def solver(n: int) -> Solver:
    """Return how the largest eigenvalue of matrices of ``n`` rows is computed, 1 to MOST_ROWS."""
    return SOLVERS[n]

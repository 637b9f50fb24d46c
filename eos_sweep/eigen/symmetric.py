"""The largest eigenvalue of a symmetric 2x2 matrix.

The eigenvalues of [[a, e], [e, c]] depend on e only through its square q, so a matrix is given as (a, c, q).
"""

import numpy as np

from eos_sweep.scalar import inlined, residual, select, smaller


@inlined
def symmetric_stable(matrix, bound):
    """Tell whether the largest eigenvalue is below ``bound``, without computing it.

    bound I - H is positive definite exactly when its trace and its determinant are positive.
    """
    a, c, q = matrix
    x, y = bound - a, bound - c
    return smaller(x + y, x * y - q) > 0.0


@inlined
def symmetric_top(matrix):
    """Return the largest eigenvalue (a + c)/2 + sqrt((a - c)^2/4 + q), which may be negative.

    Where the two terms have different signs they would cancel.  There it is the determinant over the other eigenvalue.
    """
    a, c, q = matrix
    mean, half = 0.5 * (a + c), 0.5 * (a - c)
    radius = np.sqrt(half * half + q)
    product = a * c
    opposite = (q - product) - residual(a, c, product)
    below = mean < 0.0
    return (select(below, opposite / select(below, radius - mean, 1.0), mean + radius),)


SYMMETRIC_STAGES = (symmetric_top,)  # less than 1e-15 relative, as long as no square over- or underflows

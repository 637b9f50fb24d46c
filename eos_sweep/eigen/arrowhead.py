"""The largest eigenvalue of a 3x3 arrowhead matrix.

An arrowhead matrix is [[d0, e1, e2], [e1, d1, 0], [e2, 0, d2]].  The Hessian of two inner weights that share one outer
weight has this shape.  Its diagonal is not negative here, so the largest eigenvalue is at least max(d), and errors are
relative to it.  The eigenvalues depend on the arms e1, e2 only by their squares q1, q2, so a matrix is given as
(d0, d1, d2, q1, q2).

The eigenvalue is found in stages, each a function from a tuple to a tuple.  A kernel runs each stage over many matrices
before the next stage.  This is 2.4 times as fast as one matrix at a time, where each square root and division waits for
the one before.
"""

import numpy as np

from eos_sweep.eigen.stages import Stages
from eos_sweep.scalar import inlined, select, smaller


@inlined
def arrowhead_stable(matrix, bound):
    """Tell whether the largest eigenvalue is below ``bound``, without computing it.

    bound I - H is positive definite exactly when the pivots of its LDL' decomposition are positive (Sylvester).
    """
    d0, d1, d2, q1, q2 = matrix
    x0, x1, x2 = bound - d0, bound - d1, bound - d2
    determinant = x2 * (x0 * x1 - q1) - q2 * x1
    return smaller(smaller(x1, x2), determinant) > 0.0


@inlined
def divide(matrix):
    """Solve the 2x2 block with the longer arm: largest eigenvalue mu, difference t of its eigenvalues.

    The unknown is s = S - mu >= 0.  With D = mu - (the other diagonal entry), q = (the other arm)^2 and a weight
    w(s) = (s + g) / (s + t) in (0, 1] it obeys

        s (s + D) = q w(s).

    Returns
    -------
    tuple
        (mu, D, t, g, q).
    """
    d0, d1, d2, q1, q2 = matrix
    swap = q2 < q1
    near = select(swap, d1, d2)
    far = select(swap, d2, d1)
    arm = select(swap, q1, q2)
    q = select(swap, q2, q1)
    h = 0.5 * (d0 - near)
    radius = np.sqrt(h * h + arm)
    mu = 0.5 * (d0 + near) + radius
    # g may cancel; its rounding moves s by less than half an ulp of radius, since q <= arm.
    return mu, mu - far, 2.0 * radius, radius + h, q


@inlined
def deflate(values):
    """Append a first s, accurate to some percent: the root of the quadratic with the tangent of w at the smallest s.

    The quadratic is well conditioned even where two eigenvalues cross.
    """
    mu, D, t, g, q = values
    least = select(D < 0.0, -D, 0.0)
    inverse = 1.0 / (least + t)
    w = (least + g) * inverse
    slope = (t - g) * inverse * inverse
    half = 0.5 * (D - q * slope)
    return mu, D, t, g, q, np.sqrt(half * half + q * (w - slope * least)) - half


@inlined
def polish(values):
    """Take a fourth-order Householder step on s (s + D)(s + t) - q (s + g); the first leaves an error of 1e-5 of S."""
    mu, D, t, g, q, s = values
    u = s + D
    v = s + t
    inverse = 1.0 / (u * v + s * (u + v) - q)
    x = (s * (u * v) - q * (s + g)) * inverse
    a = (s + u + v) * inverse
    after = s - x * (1.0 + x * (a + x * (2.0 * (a * a) - inverse)))
    return mu, D, t, g, q, select(inverse > 0.0, after, s)


@inlined
def finish(values):
    """Return the eigenvalue; without a second arm s is max(0, -D), and the steps before may have given 0/0."""
    mu, D, t, g, q, s = values
    return (mu + select(q > 0.0, s, select(D < 0.0, -D, 0.0)),)


@inlined
def top_in_units(matrix):
    """Return the eigenvalue; a huge matrix is taken in units of a power of two, so that products of three stay finite.

    One whose diagonal sums up to 1e98 or less needs no unit.  Of any other the eigenvalue is above 3e97, and the stages
    alone make a number of that size of it, or none.
    """
    d0, d1, d2, q1, q2 = matrix
    huge = d0 + d1 + d2 > 1e98
    unit, scale = select(huge, 2.0**660, 1.0), select(huge, 2.0**-660, 1.0)
    started = deflate(divide((d0 * scale, d1 * scale, d2 * scale, (q1 * scale) * scale, (q2 * scale) * scale)))
    (value,) = finish(polish(polish(started)))
    return (value * unit,)


# Less than 1e-15 relative, as long as no square overflows.
ARROWHEAD_STAGES = Stages((divide, deflate, polish, polish, finish), top_in_units)

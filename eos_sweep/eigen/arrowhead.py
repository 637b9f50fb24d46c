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
        (mu, D, t, g, q, unit).  Huge entries are in units of a power of two, so that products of three stay finite.
    """
    d0, d1, d2, q1, q2 = matrix
    huge = d0 + d1 + d2 > 1e98
    unit, scale = select(huge, 2.0**660, 1.0), select(huge, 2.0**-660, 1.0)
    d0, d1, d2, q1, q2 = d0 * scale, d1 * scale, d2 * scale, (q1 * scale) * scale, (q2 * scale) * scale
    swap = q2 < q1
    near = select(swap, d1, d2)
    far = select(swap, d2, d1)
    arm = select(swap, q1, q2)
    q = select(swap, q2, q1)
    h = 0.5 * (d0 - near)
    radius = np.sqrt(h * h + arm)
    mu = 0.5 * (d0 + near) + radius
    # g may cancel; its rounding moves s by less than half an ulp of radius, since q <= arm.
    return mu, mu - far, 2.0 * radius, radius + h, q, unit


@inlined
def deflate(values):
    """Append a first s, accurate to some percent: the root of the quadratic with the tangent of w at the smallest s.

    The quadratic is well conditioned even where two eigenvalues cross.
    """
    mu, D, t, g, q, unit = values
    least = select(D < 0.0, -D, 0.0)
    inverse = 1.0 / (least + t)
    w = (least + g) * inverse
    slope = (t - g) * inverse * inverse
    half = 0.5 * (D - q * slope)
    return mu, D, t, g, q, unit, np.sqrt(half * half + q * (w - slope * least)) - half


@inlined
def polish(values):
    """Take a fourth-order Householder step on s (s + D)(s + t) - q (s + g); the first leaves an error of 1e-5 of S."""
    mu, D, t, g, q, unit, s = values
    u = s + D
    v = s + t
    inverse = 1.0 / (u * v + s * (u + v) - q)
    x = (s * (u * v) - q * (s + g)) * inverse
    a = (s + u + v) * inverse
    after = s - x * (1.0 + x * (a + x * (2.0 * (a * a) - inverse)))
    return mu, D, t, g, q, unit, select(inverse > 0.0, after, s)


@inlined
def finish(values):
    """Return the eigenvalue; without a second arm s is max(0, -D), and the steps before may have given 0/0."""
    mu, D, t, g, q, unit, s = values
    return ((mu + select(q > 0.0, s, select(D < 0.0, -D, 0.0))) * unit,)


ARROWHEAD_STAGES = divide, deflate, polish, polish, finish  # less than 1e-15 relative, as long as no square overflows

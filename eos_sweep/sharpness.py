"""Eigenvalue routines that models share: the 3x3 arrowhead matrix.

An arrowhead matrix is [[d0, e1, e2], [e1, d1, 0], [e2, 0, d2]]; the Hessian of two inner weights that meet in one outer
weight has this shape.  Its diagonal is not negative here, so the top eigenvalue is at least max(d), and errors are
relative to it.

The top eigenvalue is found in stages, each a function from a tuple to a tuple of seven numbers.  One after the
other they are :func:`arrowhead_top`; a kernel runs each of them over many matrices before the next, which is 2.4 times
faster, since one matrix alone waits for each square root and division in turn.
"""

import numpy as np

from eos_sweep.scalar import inlined, select


@inlined
def arrowhead_stable(d0, d1, d2, e1, e2, tau):
    """Tell whether the top eigenvalue is below ``tau``, without computing it.

    tau I - H is positive definite exactly when the pivots of its LDL' decomposition are positive (Sylvester).
    """
    x0 = tau - d0
    x1 = tau - d1
    x2 = tau - d2
    determinant = x2 * (x0 * x1 - e1 * e1) - e2 * e2 * x1
    return (x1 > 0.0) & (x2 > 0.0) & (determinant > 0.0)


@inlined
def arrowhead_top(d0, d1, d2, e1, e2):
    """Return the top eigenvalue, to less than 1e-15 relative, for entries of any size.

    The 2x2 block with the longer arm is solved exactly: top eigenvalue mu, spread t.  What is left is s = S - mu >= 0,
    with D = mu - (the other diagonal), q = (the other arm)^2 and a weight w(s) = (s + g) / (s + t) in (0, 1]:

        s (s + D) = q w(s).

    With w replaced by its tangent this is a quadratic, well conditioned even where two eigenvalues cross; two
    fifth-order Householder steps on s (s + D)(s + t) - q (s + g) do the rest.
    """
    return finish(polish(polish(deflate(divide(d0, d1, d2, e1, e2)))))


@inlined
def divide(d0, d1, d2, e1, e2):
    """Solve the 2x2 block with the longer arm; return (mu, D, t, g, q, |other arm|, unit).

    Entries are in units of a power of two, so that products of three of them do not overflow.
    """
    size = d0 + d1 + d2 + abs(e1) + abs(e2)
    unit = select(size > 1e200, 2.0**768, select(size > 1e75, 2.0**512, 1.0))
    scale = 1.0 / unit
    d0, d1, d2, e1, e2 = d0 * scale, d1 * scale, d2 * scale, e1 * scale, e2 * scale
    swap = abs(e2) < abs(e1)
    near = select(swap, d1, d2)
    far = select(swap, d2, d1)
    arm = select(swap, e1, e2)
    other = select(swap, e2, e1)
    h = 0.5 * (d0 - near)
    radius = np.sqrt(h * h + arm * arm)
    mu = 0.5 * (d0 + near) + radius
    # g may cancel; its rounding moves s by less than half an ulp of radius, because |other| <= |arm|.
    return mu, mu - far, 2.0 * radius, radius + h, other * other, abs(other), unit


@inlined
def deflate(values):
    """Replace the other arm by a first s: the root of the quadratic with w's tangent at a rough guess."""
    mu, D, t, g, q, other, unit = values
    half = 0.5 * D
    size = abs(half)
    wide = size > other
    guess = select(wide, size, other) + 0.3 * select(wide, other, size) - half
    inverse = 1.0 / (guess + t)
    w = (guess + g) * inverse
    slope = (t - g) * inverse * inverse
    half = 0.5 * (D - q * slope)
    return mu, D, t, g, q, np.sqrt(half * half + q * (w - slope * guess)) - half, unit


@inlined
def polish(values):
    """Take one fifth-order Householder step on s."""
    mu, D, t, g, q, s, unit = values
    u = s + D
    v = s + t
    inverse = 1.0 / (u * v + s * (u + v) - q)
    x = (s * u * v - q * (s + g)) * inverse
    a = (s + u + v) * inverse
    b = a * a - inverse
    after = s - x * (1.0 + x * (a + x * (a * a + b + x * 5.0 * a * b)))
    return mu, D, t, g, q, select(inverse > 0.0, after, s), unit


@inlined
def finish(values):
    """Return the eigenvalue; without a second arm s is known, and was 0/0 above where the block is zero."""
    mu, D, t, g, q, s, unit = values
    return (mu + select(q > 0.0, s, select(D < 0.0, -D, 0.0))) * unit

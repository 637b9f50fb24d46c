"""The largest eigenvalue of a 6x6 arrowhead matrix, by its secular equation.

Arms with the squares q1 ... q5 connect the diagonal entry d0 with d1 ... d5.  No entry is negative, and a matrix is
given as (d0, ..., d5, q1, ..., q5).  An absent arm has d = q = 0.  (With two arms :mod:`eos_sweep.eigen.arrowhead` is
eight times as fast.)

With base = max d and e_j = base - d_j >= 0, the largest eigenvalue is base + s, where s is the largest root, if it is
positive, of the secular equation

    s + e0 = sum_j q_j / (s + e_j),    or    s^2 + e0 s = W(s) = sum_j q_j s / (s + e_j).

Nothing in it cancels, so s is known to some 1e-16 of the eigenvalue, whatever the diagonal entries.  W is concave and
at most sum q_j.  Where it is nearly straight the equation is quadratic, and a quadratic is well conditioned even where
eigenvalues cross.  Source: Golub 1973, SIAM Review 15, 318; Borges and Gragg 1993 ("A parallel divide and
conquer algorithm for the generalized real symmetric definite tridiagonal eigenproblem") for arrowheads.
"""

import numpy as np

from eos_sweep.scalar import inlined, larger, select, smaller


@inlined
def secular_stable(matrix, bound):
    """Tell whether the largest eigenvalue is below ``bound``, without computing it.

    bound I - H is positive definite exactly when x_j = bound - d_j > 0 for each arm and x0 > sum_j q_j / x_j.  The code
    multiplies the second condition by the product of the x_j.
    """
    d0, d1, d2, d3, d4, d5, q1, q2, q3, q4, q5 = matrix
    x0, x1, x2, x3, x4, x5 = bound - d0, bound - d1, bound - d2, bound - d3, bound - d4, bound - d5
    x12, x34 = x1 * x2, x3 * x4
    first = x2 * (x0 * x1 - q1) - q2 * x1
    second = x4 * (x3 * first - q3 * x12) - q4 * (x3 * x12)
    determinant = x5 * second - q5 * (x12 * x34)
    least = smaller(smaller(smaller(x1, x2), smaller(x3, x4)), x5)
    return smaller(least, determinant) > 0.0


@inlined
def block(e0, e, q):
    """Return the largest root s of (s + e0) (s + e) = q."""
    half = 0.5 * (e0 - e)
    return np.sqrt(half * half + q) - 0.5 * (e0 + e)


@inlined
def shift(matrix):
    """Return (unit, base, e0 ... e5, q1 ... q5, a lower bound of s), in units of a power of two.

    s is at least that of each arm alone, and at least that of one arm in place of all, at the mean of their d.  The
    bound is kept above 1e-17 of the largest entries, which no result can show.
    """
    d0, d1, d2, d3, d4, d5, q1, q2, q3, q4, q5 = matrix
    base = larger(larger(larger(d0, d1), larger(d2, d3)), larger(d4, d5))
    size = base + np.sqrt((q1 + q2) + (q3 + q4) + q5)
    scale = select(size > 1e98, 2.0**-660, select(size < 1e-98, 2.0**660, 1.0))
    unit = select(size > 1e98, 2.0**660, select(size < 1e-98, 2.0**-660, 1.0))
    e0, e1, e2, e3, e4, e5 = (
        (base - d0) * scale,
        (base - d1) * scale,
        (base - d2) * scale,
        (base - d3) * scale,
        (base - d4) * scale,
        (base - d5) * scale,
    )
    q1, q2, q3, q4, q5 = (
        (q1 * scale) * scale,
        (q2 * scale) * scale,
        (q3 * scale) * scale,
        (q4 * scale) * scale,
        (q5 * scale) * scale,
    )
    total = (q1 + q2) + (q3 + q4) + q5
    mean = ((q1 * e1 + q2 * e2) + (q3 * e3 + q4 * e4) + q5 * e5) / select(total > 0.0, total, 1.0)
    s = larger(
        larger(larger(block(e0, e1, q1), block(e0, e2, q2)), larger(block(e0, e3, q3), block(e0, e4, q4))),
        larger(larger(block(e0, e5, q5), block(e0, mean, total)), 1e-17 * (size * scale)),
    )
    return unit, base, e0, e1, e2, e3, e4, e5, q1, q2, q3, q4, q5, s


@inlined
def inverses(s, e1, e2, e3, e4, e5):
    """Return the five 1 / (s + e_j) with three divisions, which take most of the time."""
    v1, v2, v3, v4 = s + e1, s + e2, s + e3, s + e4
    one, two = 1.0 / (v1 * v2), 1.0 / (v3 * v4)
    return v2 * one, v1 * one, v4 * two, v3 * two, 1.0 / (s + e5)


@inlined
def bracket(values):
    """Replace the lower bound of s by its geometric mean with an upper one, the root with the tangent of W."""
    unit, base, e0, e1, e2, e3, e4, e5, q1, q2, q3, q4, q5, s = values
    i1, i2, i3, i4, i5 = inverses(s, e1, e2, e3, e4, e5)
    r1, r2, r3, r4, r5 = s * i1, s * i2, s * i3, s * i4, s * i5
    rise = ((q1 * r1 * r1 + q2 * r2 * r2) + (q3 * r3 * r3 + q4 * r4 * r4)) + q5 * r5 * r5
    slope = ((q1 * e1 * i1 * i1 + q2 * e2 * i2 * i2) + (q3 * e3 * i3 * i3 + q4 * e4 * i4 * i4)) + q5 * e5 * i5 * i5
    half = 0.5 * (e0 - slope)
    above = np.sqrt(half * half + rise) - half
    return unit, base, e0, e1, e2, e3, e4, e5, q1, q2, q3, q4, q5, np.sqrt(s * larger(above, s))


@inlined
def term(q, e, s, inverse):
    """Return what an arm adds to a, c, k of the Taylor polynomial W(s + x) = a + c (s + x) - k (s + x)^2 at s."""
    r = s * inverse
    slope = (q * inverse) * (e * inverse)
    return q * (r * r * r), slope * (1.0 + 2.0 * r), slope * inverse


@inlined
def narrow(values):
    """Take the root with the second Taylor polynomial of W, whose coefficients are sums of nonnegative terms."""
    unit, base, e0, e1, e2, e3, e4, e5, q1, q2, q3, q4, q5, s = values
    i1, i2, i3, i4, i5 = inverses(s, e1, e2, e3, e4, e5)
    a1, c1, k1 = term(q1, e1, s, i1)
    a2, c2, k2 = term(q2, e2, s, i2)
    a3, c3, k3 = term(q3, e3, s, i3)
    a4, c4, k4 = term(q4, e4, s, i4)
    a5, c5, k5 = term(q5, e5, s, i5)
    constant, square = (a1 + a2) + (a3 + a4) + a5, 1.0 + ((k1 + k2) + (k3 + k4) + k5)
    half = 0.5 * (e0 - ((c1 + c2) + (c3 + c4) + c5))
    after = (np.sqrt(half * half + square * constant) - half) / square
    return unit, base, e0, e1, e2, e3, e4, e5, q1, q2, q3, q4, q5, larger(after, 1e-17 * s)


@inlined
def finish(values):
    """Return the eigenvalue."""
    unit, base, e0, e1, e2, e3, e4, e5, q1, q2, q3, q4, q5, s = values
    return (base + s * unit,)


SECULAR_STAGES = shift, bracket, *(narrow,) * 8, finish  # less than 1e-15 relative, as long as no square overflows

"""The largest eigenvalue of the Hessian of (w1 ... w5 - 1)^2 / 2, with two to five factors.

With P the product of the weights, k = 2 P - 1 and P without some of them written P/i, P/ij, the Hessian is

    H_ii = (P/i)^2,    H_ij = k P/ij,

With rows and columns multiplied by the weights it is the sum of a diagonal matrix and one of rank one.  eta times the
Hessian is given as (w1, ..., w5, eta); an infinite weight is absent.

Only the sign of P matters, not the signs of the weights.  Let a1 <= a2 be the two smallest sizes, Q the product of the
other sizes, c = P (1 - P), and mu and mu - t the eigenvalues of the block of rows 1 and 2, which one square root gives.
The largest eigenvalue is S = mu + s with s >= 0 and

    s (s + t) = L(s) W(s),    L = |k| (Q / a2) |S a1 - sign(P) a2 Q (1 - P)|,    W = sum_j (S a2^2 - c) / (S aj^2 - c).

With weights of zero, only the ratios a1/a2 and a2/aj divide by zero, and each is at most one.  L is linear in s, W
varies little, S is the only eigenvalue above mu, and only differences that are known to 1e-16 of mu cancel.  Derived
from the arrowhead form of the secular equation: Golub 1973, SIAM Review 15, 318.
"""

import numpy as np

from eos_sweep.scalar import inlined, select


@inlined
def present(weight):
    """Return a weight, or one where it is absent."""
    return select(weight == np.inf, 1.0, weight)


@inlined
def layered_stable(matrix, bound):
    """Tell whether the largest eigenvalue is below ``bound``, by Sylvester's criterion: I - (eta/bound) H is definite.

    The elimination has no divisions: a pivot is positive exactly when that of the LDL' decomposition is.  Where the
    matrix is definite, its entries and so all pivots are at most one.
    """
    w1, w2, w3, w4, w5, eta = matrix
    unit = eta / bound
    on3 = select(w3 == np.inf, 0.0, unit)
    on4 = select(w4 == np.inf, 0.0, unit)
    on5 = select(w5 == np.inf, 0.0, unit)
    w3, w4, w5 = present(w3), present(w4), present(w5)
    w12, w34, w35, w45 = w1 * w2, w3 * w4, w3 * w5, w4 * w5
    without12, without34, without45 = w34 * w5, w12 * w5, w12 * w3
    u1, u2, u3, u4, u5 = w2 * without12, w1 * without12, w4 * without34, w3 * without34, w4 * without45
    k = 1.0 - 2.0 * (w1 * u1)  # entries of I - H have the sign of -k
    k2, k3, k4, k5 = k * unit, k * on3, k * on4, k * on5
    h11, h22, h33, h44, h55 = (
        1.0 - unit * (u1 * u1),
        1.0 - unit * (u2 * u2),
        1.0 - on3 * (u3 * u3),
        1.0 - on4 * (u4 * u4),
        1.0 - on5 * (u5 * u5),
    )
    h12, h13, h14, h15 = k2 * without12, k3 * (w2 * w45), k4 * (w2 * w35), k5 * (w2 * w34)
    h23, h24, h25 = k3 * (w1 * w45), k4 * (w1 * w35), k5 * (w1 * w34)
    h34, h35, h45 = k4 * without34, k5 * (w12 * w4), k5 * without45

    p1 = h11
    p2, h23, h24, h25 = p1 * h22 - h12 * h12, p1 * h23 - h12 * h13, p1 * h24 - h12 * h14, p1 * h25 - h12 * h15
    h33, h34, h35 = p1 * h33 - h13 * h13, p1 * h34 - h13 * h14, p1 * h35 - h13 * h15
    h44, h45, h55 = p1 * h44 - h14 * h14, p1 * h45 - h14 * h15, p1 * h55 - h15 * h15

    p3, h34, h35 = p2 * h33 - h23 * h23, p2 * h34 - h23 * h24, p2 * h35 - h23 * h25
    h44, h45, h55 = p2 * h44 - h24 * h24, p2 * h45 - h24 * h25, p2 * h55 - h25 * h25

    p4, h45, h55 = p3 * h44 - h34 * h34, p3 * h45 - h34 * h35, p3 * h55 - h35 * h35
    p5 = p4 * h55 - h45 * h45
    return (p1 > 0.0) & (p2 > 0.0) & (p3 > 0.0) & (p4 > 0.0) & (p5 > 0.0)


@inlined
def ordered(one, other):
    """Return the smaller and the larger of two numbers."""
    swap = other < one
    return select(swap, other, one), select(swap, one, other)


@inlined
def divide(matrix):
    """Solve the block of the two smallest weights.

    Returns
    -------
    tuple
        (mu, t, L(0), slope of L, g, r3, r4, r5), all but mu in units of mu, with rj = (a2/aj)^2 and g = c / (a2^2 mu),
        so that W = sum_j rj (1 + s - g) / (1 + s - g rj).
    """
    w1, w2, w3, w4, w5, eta = matrix
    a4, a5 = ordered(abs(w4), abs(w5))
    a3, a4 = ordered(abs(w3), a4)
    a2, a3 = ordered(abs(w2), a3)
    a1, a2 = ordered(abs(w1), a2)
    a4, a5 = ordered(a4, a5)
    a3, a4 = ordered(a3, a4)
    a2, a3 = ordered(a2, a3)
    others = present(a3) * present(a4) * present(a5)
    product = w1 * w2 * (present(w3) * present(w4) * present(w5))
    sign = select(product < 0.0, -1.0, 1.0)
    k = 2.0 * product - 1.0
    steep, flat, arm = a2 * others, a1 * others, k * others
    steep, flat = steep * steep, flat * flat
    half = 0.5 * (steep - flat)
    radius = np.sqrt(half * half + arm * arm)
    mu = 0.5 * (steep + flat) + radius
    unit = 1.0 / mu
    nearly = a1 / select(a2 > 0.0, a2, 1.0)
    rest = sign * (others * unit) * (1.0 - product)
    lever = sign * (arm * unit)
    r3, r4, r5 = a2 / a3, a2 / a4, a2 / a5
    return (
        mu * eta,
        2.0 * radius * unit,
        lever * (nearly - rest),
        lever * nearly,
        rest * nearly,
        r3 * r3,
        r4 * r4,
        r5 * r5,
    )


@inlined
def weight(s, g, r):
    """Return r (1 + s - g) / (1 + s - g r), and 1 / (1 + s - g r).

    Both differences are zero where two weights have the same size and S = mu.  Then the first result is one, its limit.
    """
    above, below = 1.0 + s - g, 1.0 + s - g * r
    inverse = 1.0 / select(below > 1e-18, below, 1e-18)
    return r * (select(above > 1e-18, above, 1e-18) * inverse), inverse


@inlined
def deflate(values):
    """Append a first s, accurate to some percent: the root of the quadratic with the tangent of W at s = 0."""
    mu, t, start, slope, g, r3, r4, r5 = values
    first, inverse3 = weight(0.0, g, r3)
    second, inverse4 = weight(0.0, g, r4)
    third, inverse5 = weight(0.0, g, r5)
    value = first + second + third
    turn = g * (
        r3 * (1.0 - r3) * (inverse3 * inverse3)
        + r4 * (1.0 - r4) * (inverse4 * inverse4)
        + r5 * (1.0 - r5) * (inverse5 * inverse5)
    )
    square, linear, constant = 1.0 - slope * turn, 0.5 * (t - slope * value - start * turn), start * value
    root = np.sqrt(linear * linear + square * constant)
    s = select(linear > 0.0, constant / (linear + root), (root - linear) / square)
    return mu, t, start, slope, g, r3, r4, r5, select(s > 0.0, s, 0.0)


@inlined
def polish(values):
    """Take a fourth-order Householder step on s (s + t) - L(s) W(s); the first leaves an error of 1e-4 of S."""
    mu, t, start, slope, g, r3, r4, r5, s = values
    first, inverse3 = weight(s, g, r3)
    second, inverse4 = weight(s, g, r4)
    third, inverse5 = weight(s, g, r5)
    turn3 = g * r3 * (1.0 - r3) * (inverse3 * inverse3)
    turn4 = g * r4 * (1.0 - r4) * (inverse4 * inverse4)
    turn5 = g * r5 * (1.0 - r5) * (inverse5 * inverse5)
    bend3, bend4, bend5 = turn3 * inverse3, turn4 * inverse4, turn5 * inverse5
    value, turn, bend = first + second + third, turn3 + turn4 + turn5, bend3 + bend4 + bend5  # W, W', -W''/2
    twist = bend3 * inverse3 + bend4 * inverse4 + bend5 * inverse5  # W'''/6
    lever = start + slope * s
    inverse = 1.0 / (2.0 * s + t - slope * value - lever * turn)
    x = (s * (s + t) - lever * value) * inverse
    second_order = (1.0 - slope * turn + lever * bend) * inverse
    third_order = (slope * bend - lever * twist) * inverse
    after = s - x * (1.0 + x * (second_order + x * (2.0 * (second_order * second_order) - third_order)))
    return mu, t, start, slope, g, r3, r4, r5, select((inverse > 0.0) & (after >= 0.0), after, s)


@inlined
def finish(values):
    """Return the eigenvalue; where mu is zero so is the Hessian."""
    mu, t, start, slope, g, r3, r4, r5, s = values
    return (select(mu > 0.0, mu * (1.0 + s), 0.0 * mu),)


LAYERED_STAGES = divide, deflate, polish, polish, finish  # a few 1e-16 relative

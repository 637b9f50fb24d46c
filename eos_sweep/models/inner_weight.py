"""The inner weight beta of an irrelevant input, in models whose inner weights share one outer weight alpha.

Its loss is lambda (alpha beta)^2 / 2, so a step with step size eta is

    beta <- beta (1 - eta lambda alpha^2).

The gradient may be clipped (|dL/dbeta| <= clip), and beta may be projected (|beta| <= radius after the step); both
bounds are off at infinity.  While eta lambda alpha^2 is below 2, beta shrinks at each step, to 1e-300 and far below
before it grows again.  So it is stored as a mantissa and a power (:mod:`eos_sweep.exponent`).
"""

import numpy as np

from eos_sweep.exponent import lifted
from eos_sweep.scalar import bounded, inlined, larger, residual, select


@inlined
def along(alpha, variance, eta):
    """Return eta lambda alpha^2, eta times the curvature along beta: a step multiplies beta by one minus this."""
    return (eta * variance) * (alpha * alpha)


@inlined
def factor(alpha, variance, eta):
    """Return 1 - eta lambda alpha^2, by which a step without a clip multiplies beta, with a relative error of 1e-16.

    The rounding error of the product is included.  Where the product rounds to one, the factor is that error alone;
    without it beta would be zero for ever.
    """
    rate, square, product = eta * variance, alpha * alpha, along(alpha, variance, eta)
    rest = residual(eta, variance, rate) * square + rate * residual(alpha, alpha, square)
    return (1.0 - product) - (residual(rate, square, product) + rest)


@inlined
def descended(beta, power, alpha, variance, eta, clip):
    """Return beta after the step and before the projection, and whether its gradient was clipped."""
    pull, most = along(alpha, variance, eta) * beta, lifted(eta * clip, power)
    beyond = abs(pull) > most
    return select(beyond, beta - bounded(pull, most), beta * factor(alpha, variance, eta)), beyond


@inlined
def moved(beta, power, alpha, variance, eta, clip, radius):
    """Return the mantissa of beta after the step; its power does not change."""
    return bounded(descended(beta, power, alpha, variance, eta, clip)[0], lifted(radius, power))


@inlined
def held(beta, power, alpha, variance, eta, clip, radius):
    """Tell whether the clip or the projection changes the step."""
    after, beyond = descended(beta, power, alpha, variance, eta, clip)
    return beyond | (abs(after) > lifted(radius, power))


@inlined
def stretched(beta, power, alpha, variance, eta, clip, radius, turn, stretch):
    """Return the change of log|beta| after the step, for changes ``turn`` of alpha and ``stretch`` of log|beta|."""
    after, beyond = descended(beta, power, alpha, variance, eta, clip)
    free = factor(alpha, variance, eta)
    freed = stretch - 2.0 * (eta * variance) * alpha * turn / select(free == 0.0, np.inf, free)
    clipped = stretch * (beta / select(after == 0.0, np.inf, after))
    return select(abs(after) > lifted(radius, power), 0.0, select(beyond, clipped, freed))


@inlined
def gap(loss, alpha, least, relevant):
    """Return by how much the remaining loss moves the sharpness, relative, if the sharpness is further below 2/eta.

    ``least`` is the smallest variance of an irrelevant input, ``relevant`` the variance of the relevant one.  The loss
    of the relevant input moves alpha^2 by about 2r relative, with r = alpha beta - 1 and r^2 = 2 loss / variance.  The
    loss L of an irrelevant input moves alpha^2 by at most L / (lambda alpha^4) / gap, since each step multiplies beta
    by at most 1 - gap.
    """
    square = alpha * alpha
    return np.sqrt(larger(32.0 * loss / relevant, 10.0 * loss / (least * square * square)))

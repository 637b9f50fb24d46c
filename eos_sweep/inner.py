"""The inner weight of an irrelevant input, in models in which several inner weights meet in one outer weight alpha.

Its loss is lambda (alpha beta)^2 / 2, so a step with step size eta is

    beta <- beta (1 - eta lambda alpha^2).

The gradient may be clipped (|dL/dbeta| <= clip), and beta may be projected (|beta| <= radius after the step); both are
off at infinity.  While eta lambda alpha^2 is below 2, beta shrinks at each step, to 1e-300 and far beyond before it
comes back, so it is a mantissa and a power (:mod:`eos_sweep.exponent`).
"""

import numpy as np

from eos_sweep.exponent import lifted
from eos_sweep.scalar import bounded, inlined, residual, select


@inlined
def along(alpha, variance, eta):
    """eta lambda alpha^2, the curvature along beta: a step multiplies beta by one minus this."""
    return (eta * variance) * (alpha * alpha)


@inlined
def factor(alpha, variance, eta):
    """1 - eta lambda alpha^2, by which a step without a clip multiplies beta, to 1e-16 of its own size.

    Where the product rounds to one, what it was rounded by is all there is: without it beta would be zero for ever.
    """
    rate, square, product = eta * variance, alpha * alpha, along(alpha, variance, eta)
    rest = residual(eta, variance, rate) * square + rate * residual(alpha, alpha, square)
    return (1.0 - product) - (residual(rate, square, product) + rest)


@inlined
def descended(beta, power, alpha, variance, eta, clip):
    """beta after the step and before the projection, and whether its gradient was clipped."""
    pull, most = along(alpha, variance, eta) * beta, lifted(eta * clip, power)
    beyond = abs(pull) > most
    return select(beyond, beta - bounded(pull, most), beta * factor(alpha, variance, eta)), beyond


@inlined
def moved(beta, power, alpha, variance, eta, clip, radius):
    """beta's mantissa after the step; its power stays."""
    return bounded(descended(beta, power, alpha, variance, eta, clip)[0], lifted(radius, power))


@inlined
def held(beta, power, alpha, variance, eta, clip, radius):
    """Whether the clip or the projection changes the step."""
    after, beyond = descended(beta, power, alpha, variance, eta, clip)
    return beyond | (abs(after) > lifted(radius, power))


@inlined
def stretched(beta, power, alpha, variance, eta, clip, radius, turn, stretch):
    """The change of log|beta| after the step, by changes ``turn`` of alpha and ``stretch`` of log|beta| before it."""
    after, beyond = descended(beta, power, alpha, variance, eta, clip)
    free = factor(alpha, variance, eta)
    freed = stretch - 2.0 * (eta * variance) * alpha * turn / select(free == 0.0, np.inf, free)
    clipped = stretch * (beta / select(after == 0.0, np.inf, after))
    return select(abs(after) > lifted(radius, power), 0.0, select(beyond, clipped, freed))

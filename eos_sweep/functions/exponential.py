"""The exponential function, and the same less one."""

import numpy as np

from eos_sweep.bits import power
from eos_sweep.scalar import inlined, polynomial, select

LOG2E = 1.4426950408889634
LN2_HIGH = 0.6931471805598903  # 42 bits of ln 2, so that its multiples here are exact
LN2_LOW = 5.497923018708371e-14  # the rest
ROUND = 1.5 * 2.0**52  # a sum with it has the nearest integer in its lowest bits

# (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2: 4e-18 of e^r.
EXP = (
    0.5000000000000011, 0.16666666666666413, 0.04166666666653016, 0.008333333333494555, 0.0013888888943629745,
    0.00019841269506377436, 2.480149309891094e-05, 2.7557586548670366e-06, 2.7630248485211643e-07,
    2.500000833243082e-08,
)  # fmt: skip


@inlined
def exp(x):
    """Return e^x to 1 ulp; zero for x < -708.05, where it is below 3.2e-308, and infinity above the largest double."""
    return exp_less(x, 0.0)


@inlined
def exp_less(x, rest):
    """Return e^(x - rest) for a rest of at most an ulp of x: x = n ln 2 + r, and e^r is 1 + r plus a polynomial."""
    x = select(x < -708.5, -708.5, select(x > 710.0, 710.0, x))  # n = -1022, 1024: the power at the end is 0, 2^1023
    shifted = x * LOG2E + (ROUND + 1022.0)
    n = shifted - (ROUND + 1022.0)
    high, low = x - n * LN2_HIGH, n * LN2_LOW + rest
    r = high - low
    value = 1.0 + (high + (r * r * polynomial(r, EXP) - low))  # high is exact, and the rounding of r is small
    return (value + value) * power(shifted)  # the power is 2^(n - 1), since 2^1024 is not a double


@inlined
def expm1_parts(x):
    """Return n, e^r - 1 and 2^(n - 2) with x = n ln 2 + r, for -700 < x < 710.6.

    A quarter of the power of two, since at 710.6 the next larger ones are not doubles.
    """
    shifted = x * LOG2E + (ROUND + 1021.0)
    n = shifted - (ROUND + 1021.0)
    high, low = x - n * LN2_HIGH, n * LN2_LOW
    r = high - low
    return n, high + (r * r * polynomial(r, EXP) - low), power(shifted)


@inlined
def expm1(x):
    """Return e^x - 1 to 1.8 ulp; its sign is that of x, and it is x itself where x is small."""
    held = select(x < -50.0, -50.0, select(x > 710.6, 710.6, x))
    n, rest, quarter = expm1_parts(held)
    grown = 4.0 * (rest * quarter + (quarter - 0.25))
    return np.copysign(select(n == 0.0, rest, grown), x)

"""Logarithms."""

import numpy as np

from eos_sweep.bits import exponent_of, mantissa_of, power
from eos_sweep.functions.exponential import LN2_HIGH, LN2_LOW, ROUND
from eos_sweep.scalar import inlined, polynomial, residual, select

# (2 artanh(s) / s - 2) / s^2 in powers of s^2 for |s| <= (sqrt 2 - 1) / (sqrt 2 + 1): 3e-18 of 2 artanh(s).
LOG = (
    0.6666666666666713, 0.39999999999552655, 0.28571428712153973, 0.22222201644664352, 0.18183405903196728,
    0.15318078841483276, 0.14755856445850293,
)  # fmt: skip

# ((2 artanh(s) / s - 2) / s^2 - 2/3) / s^2 for the same s: 1.1e-20 of 2 artanh(s).
LOG_TAIL = (
    0.39999999999999997, 0.2857142857143469, 0.22222222219986115, 0.18181818580383885, 0.15384575931695352,
    0.13335610908171802, 0.11688639710395138, 0.11878021933547568,
)  # fmt: skip
THIRDS_HIGH, THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17  # 2/3 in two doubles
LOG10E_HIGH, LOG10E_LOW = 0.4342944819032518, 1.098319650216765e-17  # log10(e) in two doubles


@inlined
def _split(x):
    """Return k and m with x = 2^k m, sqrt(1/2) <= m < sqrt(2), for a positive double; any finite ones for others."""
    tiny = x < 2.0**-1022  # such a number has fewer bits, and no exponent of its own
    lifted = x * select(tiny, 2.0**54, 1.0)
    k = exponent_of(lifted)
    return select(tiny, k - 54.0, k), mantissa_of(lifted)


@inlined
def _sum(k, f):
    """Return k ln 2 + log(1 + f) for the k and f = m - 1 of a number.

    With s = f / (2 + f), log(1 + f) is 2 artanh(s) = f - f^2/2 + s (f^2/2 + s^2 P(s^2)): f is exact, the rest is small.
    """
    s = f / (2.0 + f)
    square, half = s * s, 0.5 * f * f
    bent = s * (half + square * polynomial(square, LOG))
    return k * LN2_HIGH - ((half - (bent + k * LN2_LOW)) - f)


@inlined
def _with_ends(x, value):
    """Return ``value`` for a positive finite x, and what a logarithm is elsewhere: -infinity at zero, NaN below."""
    return select(x > 0.0, select(x < np.inf, value, x), select(x == 0.0, -np.inf, np.nan))


@inlined
def log(x):
    """Return the natural logarithm to 0.9 ulp; -infinity at zero, NaN below."""
    k, m = _split(x)
    return _with_ends(x, _sum(k, m - 1.0))


@inlined
def log1p_between(x):
    """Return log(1 + x) for a finite x > -1; for -0 it is +0.

    What the rounding of 1 + x loses is put back into its mantissa, so the result is x itself where x is small.
    """
    whole = 1.0 + x
    back = whole - 1.0
    lost = (1.0 - (whole - back)) + (x - back)
    k = exponent_of(whole)
    scale = power(select(k > 1000.0, ROUND, (ROUND + 1023.0) - k))  # 2^-k; zero for a large x, of which nothing is lost
    return _sum(k, (mantissa_of(whole) - 1.0) + lost * scale)


@inlined
def log1p(x):
    """Return log(1 + x) to 1.5 ulp; it has the sign of x, -infinity at -1, NaN below."""
    inside = (x > -1.0) & (x < np.inf)
    value = np.copysign(log1p_between(select(inside, x, 0.0)), x)
    return select(inside, value, select(x > 0.0, x, select(x == -1.0, -np.inf, np.nan)))


@inlined
def log_parts(x):
    """Return the natural logarithm of a positive finite number as a sum of two doubles, to 2.2e-19 of it.

    With s = f / (2 + f) in two doubles, it is k ln 2 + 2 s + (2/3) s^3 + s^5 P(s^2): the first three terms in two
    doubles, each product with its rounding error, the last in one.
    """
    k, m = _split(x)
    f = m - 1.0
    divisor = 2.0 + f
    s = f / divisor
    back = s * divisor
    left = ((f - back) - residual(s, divisor, back)) - s * (f - (divisor - 2.0))
    s_low = left / divisor
    square = s * s
    square_low = residual(s, s, square) + 2.0 * s * s_low
    cube = square * s
    cube_low = residual(square, s, cube) + (square * s_low + square_low * s)
    third = cube * THIRDS_HIGH
    third_low = residual(cube, THIRDS_HIGH, third) + (cube * THIRDS_LOW + cube_low * THIRDS_HIGH)
    large = k * LN2_HIGH  # exact
    first = large + 2.0 * s
    second = first + third
    low = (2.0 * s - (first - large)) + (third - (second - first))
    low = low + (k * LN2_LOW + (2.0 * s_low + (third_low + cube * (square * polynomial(square, LOG_TAIL)))))
    high = second + low
    return high, low - (high - second)


@inlined
def log10(x):
    """Return the logarithm to the base 10 to 0.6 ulp, exact for powers of 10; -infinity at zero, NaN below."""
    high, low = log_parts(x)
    product = high * LOG10E_HIGH
    rest = residual(high, LOG10E_HIGH, product) + (high * LOG10E_LOW + low * LOG10E_HIGH)
    return _with_ends(x, product + rest)

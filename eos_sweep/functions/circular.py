"""Circular functions.

An angle of at most 2^40 is reduced to n quarter turns and an angle r of at most 45 degrees, with pi/2 in three doubles
and the rounding errors of all products and sums.  No double in that range is closer than 2^-62 to a multiple of pi/2,
so r is correct to all its bits.
"""

import numpy as np

from eos_sweep.functions.exponential import ROUND
from eos_sweep.scalar import inlined, polynomial, residual, select

LARGEST = 2.0**40  # larger angles give NaN
QUARTERS = 0.6366197723675814  # 2/pi
QUARTER, QUARTER_LOW, QUARTER_LOWEST = 1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33  # pi/2

# (sin(r) / r - 1) / r^2 in powers of r^2 for |r| <= 0.786: 1.3e-17 of sin(r).
SIN = (
    -0.1666666666666664, 0.008333333333324545, -0.00019841269831389938, 2.7557314208926048e-06,
    -2.505083511830788e-08, 1.5901070527609496e-10,
)  # fmt: skip

# (cos(r) - 1 + r^2 / 2) / r^4 for the same r: 9e-19 of cos(r).
COS = (
    0.041666666666666644, -0.0013888888888881486, 2.4801587294035674e-05, -2.7557315648241527e-07,
    2.0875896259829206e-09, -1.1368426997874981e-11,
)  # fmt: skip

# (arctan(t) / t - 1) / t^2 in powers of t^2 for |t| <= sqrt 2 - 1: 4e-18 of arctan(t).
ARCTAN = (
    -0.3333333333333324, 0.19999999999965562, -0.14285714281338013, 0.11111110838080421, -0.09090899271731671,
    0.07692086301864867, -0.06663392309394338, 0.05849933804598965, -0.05048303841889214, 0.038288314007559804,
    -0.018147365657822413,
)  # fmt: skip


@inlined
def _difference(one, other):
    """Return one - other, and its rounding error."""
    whole = one - other
    back = whole - one
    return whole, (one - (whole - back)) - (other + back)


@inlined
def _odd(n):
    """Return 1 if an integer is odd, 0 if it is even."""
    return abs(n - 2.0 * ((0.5 * n + ROUND) - ROUND))


@inlined
def _parts(x):
    """Return n, sin(r) and cos(r) with |x| = n pi/2 + r; for a larger x or NaN they are those of zero."""
    size = abs(x)
    size = select(size <= LARGEST, size, 0.0)
    n = (size * QUARTERS + ROUND) - ROUND
    first, second = n * QUARTER, n * QUARTER_LOW
    r, lost = _difference(size - first, residual(n, QUARTER, first))
    r, more = _difference(r, second)
    rest = (lost + more) - (residual(n, QUARTER_LOW, second) + n * QUARTER_LOWEST)
    high = r + rest
    low = rest - (high - r)
    square = high * high
    half = 0.5 * square
    sine = high + (high * (square * polynomial(square, SIN)) + (low - half * low))
    near = 1.0 - half
    cosine = near + (((1.0 - near) - half) + (square * square * polynomial(square, COS) - high * low))
    return n, sine, cosine


@inlined
def sin(x):
    """Return sin(x) to 0.8 ulp, NaN for |x| > 2^40; it is odd in each bit."""
    n, sine, cosine = _parts(x)
    odd = _odd(n)
    sign = np.copysign(1.0, x) * (1.0 - 2.0 * _odd(0.5 * (n - odd)))
    return select(abs(x) <= LARGEST, sign * select(odd == 0.0, sine, cosine), np.nan)


@inlined
def cos(x):
    """Return cos(x) to 0.8 ulp, NaN for |x| > 2^40; it is even in each bit."""
    n, sine, cosine = _parts(x)
    odd = _odd(n)
    sign = 1.0 - 2.0 * _odd(0.5 * (n + odd))
    return select(abs(x) <= LARGEST, sign * select(odd == 0.0, cosine, sine), np.nan)


@inlined
def tan(x):
    """Return tan(x) to 2.2 ulp, NaN for |x| > 2^40; it is odd in each bit."""
    n, sine, cosine = _parts(x)
    even = _odd(n) == 0.0
    value = select(even, sine, -cosine) / select(even, cosine, sine)
    return select(abs(x) <= LARGEST, np.copysign(1.0, x) * value, np.nan)


@inlined
def arctan(x):
    """Return arctan(x) to 2 ulp; it is odd in each bit.

    With t = |x|, (|x| - 1) / (|x| + 1) or -1 / |x|, at most sqrt 2 - 1, it is 0, pi/4 or pi/2 plus arctan(t).
    """
    size = abs(x)
    low, high = size < 0.4142135623730951, size > 2.414213562373095
    over = select(low, size, select(high, -1.0, size - 1.0))
    under = select(low, 1.0, select(high, size, size + 1.0))
    turns = select(low, 0.0, select(high, 1.0, 0.5))
    t = over / under
    square = t * t
    return np.copysign(turns * QUARTER + (t + (t * (square * polynomial(square, ARCTAN)) + turns * QUARTER_LOW)), x)

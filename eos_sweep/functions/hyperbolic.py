"""Hyperbolic functions, and the logarithm of the hyperbolic cosine with its derivatives."""

import numpy as np

from eos_sweep.bits import power
from eos_sweep.functions.exponential import LN2_HIGH, LN2_LOW, LOG2E, ROUND, exp, expm1_parts
from eos_sweep.scalar import inlined, polynomial, select

# (tanh(z) / z - 1) / z^2 in powers of z^2 for |z| <= 0.55: 2e-17 of tanh(z).
TANH = (
    -0.3333333333333235, 0.13333333333173733, -0.05396825387837293, 0.021869486026104126, -0.008863195153101812,
    0.003591724655826523, -0.0014532400907855422, 0.0005792031753467004, -0.00021040604261824363, 5.109038479855333e-05,
)  # fmt: skip

# The same for |z| <= ln 2 / 4: 4e-18 of tanh(z).
TANH_NEAR_ZERO = (
    -0.33333333333332477, 0.1333333333278028, -0.0539682527757561, 0.021869370233421892, -0.008857292260389518,
    0.0034446299397231425,
)  # fmt: skip

# (atanh(v) / v - 1) / v^2 in powers of v^2 for |v| <= 0.145: 2e-17 of atanh(v).
ATANH = (
    0.33333333333328213, 0.20000000004724594, 0.14285712835823472, 0.11111315424043756, 0.09076390325287724,
    0.0819652839297156,
)  # fmt: skip


@inlined
def _tanh_split(x):
    """Return m, 8^m and t with e^(2x) = 8^m (1 + t) / (1 - t), for 0 <= x <= 20: t = tanh(x - m ln 8 / 2).

    The 0.0284 makes m = 0 up to tanh(x) = 1/2; above, one minus a small term does not magnify its error.
    """
    m = (x * (LOG2E * 2.0 / 3.0) - 0.0284) + ROUND - ROUND
    high, low = x - m * (1.5 * LN2_HIGH), m * (1.5 * LN2_LOW)
    z = high - low
    square = z * z
    return m, power(3.0 * m + (ROUND + 1023.0)), high + (z * square * polynomial(square, TANH) - low)


@inlined
def tanh(x):
    """Return tanh(x) to 1.9 ulp.

    It is odd in each bit, x itself where x is small, and its size never exceeds that of x or one.  For |x| > 0.55 it is
    1 - 2 / (e^(2|x|) + 1).
    """
    size = abs(x)
    m, scale, t = _tanh_split(select(size > 20.0, 20.0, size))
    rest = 1.0 - t
    beyond = 1.0 - (rest + rest) / (scale * (1.0 + t) + rest)
    return np.copysign(select(m == 0.0, t, beyond), x)


@inlined
def log_cosh(x):
    """Return log(cosh(x)) to 3 ulp; for |x| < 1e-153 it underflows.

    With v = tanh^2(x/2) it is 2 artanh(v), and with v = 1 / (1 + 2 e^(2|x|)) it is |x| - ln 2 + 2 artanh(v).  The first
    is used up to 0.8 and the second above, so v is at most 0.145.
    """
    size = abs(x)
    m, scale, t = _tanh_split(0.5 * select(size > 40.0, 40.0, size))
    grown, rest = scale * (1.0 + t), 1.0 - t  # their ratio is e^|x|
    square = rest * rest
    near = size < 0.8
    v = select(near, t * t, square / (square + 2.0 * (grown * grown)))
    w, twice = v * v, v + v
    arc = twice + twice * w * polynomial(w, ATANH)
    return select(near, arc, (size - LN2_HIGH) + (arc - LN2_LOW))


@inlined
def log_cosh_jet(x):
    """Return log(cosh(x)), tanh(x), 1 - tanh(x)/x for |x| < 1/8 (undefined above), and 1/cosh(x)^2.

    The errors of log cosh, tanh and 1/cosh^2 are at most 7, 2.9 and 3 ulp, that of 1 - tanh(x)/x is 3e-14 of it;
    1/cosh^2 stays at 1.2e-306 for |x| > 353.  All four cost little more than one of the functions above, and tanh is
    ready earlier.

    With e^(2|x|) = 2^m (1 + t) / (1 - t), t = tanh(z), |z| <= ln 2 / 4, tanh|x| is (2^m - 1 + (2^m + 1) t) over
    ``whole`` = 2^m + 1 + (2^m - 1) t, which is 2t / 2 where m = 0.  Let q be tanh^2 for |x| < 0.55, and above
    ``part`` = (1 - t) / whole = (1 - tanh|x|) / 2, so that q is at most 1/4.  With v = q / (2 - q), 2 artanh(v) is
    -log(1 - q).  That is 2 log cosh below 0.55, and log cosh - |x| + ln 2 above.
    """
    size = abs(x)
    held = select(size > 353.0, 353.0, size)
    shifted = held * (2.0 * LOG2E) + (ROUND + 1023.0)
    m = shifted - (ROUND + 1023.0)
    z = (held - m * (0.5 * LN2_HIGH)) - m * (0.5 * LN2_LOW)
    square = z * z
    bent = square * polynomial(square, TANH_NEAR_ZERO)
    t = z + z * bent
    scale = power(shifted)
    more, less = scale + 1.0, scale - 1.0
    share = 1.0 / (more + less * t)
    slope = (less + more * t) * share
    part = (1.0 - t) * share
    close = size < 0.55
    lost = select(close, slope * slope, part)
    v = lost / (2.0 - lost)
    arc = v + v * (v * v) * polynomial(v * v, ATANH)
    return (
        select(close, arc, (size - LN2_HIGH) + (2.0 * arc - LN2_LOW)),
        np.copysign(slope, x),
        -bent,
        (4.0 * part) * (1.0 - part),
    )


@inlined
def sinh(x):
    """Return sinh(x) to 2.3 ulp; it is odd in each bit, and infinite above the largest double.

    With E = e^|x| - 1 it is (E + E / (E + 1)) / 2; far from zero both are computed from E / 4.
    """
    size = abs(x)
    n, rest, quarter = expm1_parts(select(size > 710.6, 710.6, size))
    near = n == 0.0
    less, unit = select(near, rest, rest * quarter + (quarter - 0.25)), select(near, 1.0, 0.25)
    return np.copysign((less + unit * less / (less + unit)) * (0.5 / unit), x)


@inlined
def cosh(x):
    """Return cosh(x) to 1.4 ulp; it is even in each bit, and infinite above the largest double."""
    size = abs(x)
    _, rest, quarter = expm1_parts(select(size > 710.6, 710.6, size))
    grown = quarter + quarter * rest  # e^|x| / 4
    return 2.0 * (grown + 0.0625 / grown)


@inlined
def sech2(x):
    """Return 1 / cosh(x)^2, the derivative of tanh, to 3.2 ulp; zero for |x| > 354.02, where it is below 1.3e-307."""
    shrunk = exp(-2.0 * abs(x))
    whole = 1.0 + shrunk
    lost = shrunk - (whole - 1.0)
    return 4.0 * shrunk / (whole * whole + (lost + lost) * whole)

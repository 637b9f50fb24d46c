"""Special functions for models, which a kernel vectorises; a call of the C library would make its loop scalar.

They consist of arithmetic, ``select`` and exact powers of two, so compiled code and NumPy give the same bits.  Errors
are in units in the last place (ulp), measured where a result is a normal number.  NaN stays NaN.  The exact oracle uses
the true functions instead (:mod:`eos_sweep.checks.exact.arithmetic`).

Coefficients are minimax fits (Remez exchange in at least 50 digits), rounded to doubles.
"""

import numpy as np

from eos_sweep.bits import power
from eos_sweep.scalar import bounded, inlined, polynomial, residual, select

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

# Mills' ratio M(y) = (1 - Phi(y)) / phi(y) is P(y) / Q(y), and 1 - y M(y) is R(y) / Q(y), with R = Q - y P computed in
# high precision.  All coefficients are positive, so nothing cancels.  The highest ones give M ~ 1/y - 1/y^3 as y grows;
# the others are a minimax fit for 0 <= y <= 37.7, to 1.1e-16 of either ratio.
MILLS_P = (
    1306130.4701545262, 2263345.636887371, 1936758.9939366297, 1061299.2116357698, 409261.6058418599,
    115657.80643388547, 24252.24197933163, 3735.4555663946007, 406.7466169769324, 28.5571459589162, 1.0,
)  # fmt: skip
MILLS_Q = (
    1042141.3365304841, 2637397.0220251177, 3128577.795573606, 2301509.15890668, 1169771.6977028314, 432710.3539194587,
    119336.14772514896, 24656.988596021365, 3764.0127123564876, 407.74661697691846, 28.5571459589162, 1.0,
)  # fmt: skip
MILLS_R = (
    1042141.3365304841, 1331266.5518705912, 865232.1586862351, 364750.1649700504, 108472.48606706152,
    23448.748077598797, 3678.3412912634826, 404.74661668973545, 28.557145961886935, 0.999999999986063,
)  # fmt: skip


@inlined
def exp(x):
    """Return e^x to 1 ulp; zero for x < -708.05, where it is below 3.2e-308, and infinity above the largest double."""
    return _exp_less(x, 0.0)


@inlined
def _exp_less(x, rest):
    """Return e^(x - rest) for a rest of at most an ulp of x: x = n ln 2 + r, and e^r is 1 + r plus a polynomial."""
    x = select(x < -708.5, -708.5, select(x > 710.0, 710.0, x))  # n = -1022, 1024: the power at the end is 0, 2^1023
    shifted = x * LOG2E + (ROUND + 1022.0)
    n = shifted - (ROUND + 1022.0)
    high, low = x - n * LN2_HIGH, n * LN2_LOW + rest
    r = high - low
    value = 1.0 + (high + (r * r * polynomial(r, EXP) - low))  # high is exact, and the rounding of r is small
    return (value + value) * power(shifted)  # the power is 2^(n - 1), since 2^1024 is not a double


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

    The errors of log cosh, tanh and 1/cosh^2 are at most 10, 3.5 and 4.5 ulp, that of 1 - tanh(x)/x is 3e-14 of it;
    1/cosh^2 stays at 5.5e-87 for |x| > 100.  All four cost little more than one of the functions above, and tanh is
    ready earlier.

    With e^(2|x|) = 2^m (1 + t) / (1 - t), t = tanh(z), |z| <= ln 2 / 4, let the numerator be ``grown`` and the
    denominator ``rest``.  Their difference, which is 2t where m = 0, over their sum is tanh|x|.  log cosh is artanh(v)
    with v = tanh^2 / (2 - tanh^2) for |x| < 0.55, and |x| - ln 2 + 2 artanh(v) with v = 1 / (1 + 2 e^(2|x|)) above, so
    v is at most 0.145.
    """
    size = abs(x)
    held = select(size > 100.0, 100.0, size)
    shifted = held * (2.0 * LOG2E) + (ROUND + 1023.0)
    m = shifted - (ROUND + 1023.0)
    z = (held - m * (0.5 * LN2_HIGH)) - m * (0.5 * LN2_LOW)
    square = z * z
    bent = square * polynomial(square, TANH_NEAR_ZERO)
    t = z + z * bent
    grown, rest = power(shifted) * (1.0 + t), 1.0 - t
    whole, difference = grown + rest, select(m == 0.0, t + t, grown - rest)
    share = 1.0 / whole
    close = size < 0.55
    squared = difference * difference
    v = select(close, squared, rest) / select(close, 2.0 * whole * whole - squared, grown + whole)
    arc = v + v * (v * v) * polynomial(v * v, ATANH)
    return (
        select(close, arc, (size - LN2_HIGH) + (2.0 * arc - LN2_LOW)),
        np.copysign(difference * share, x),
        -bent,
        (4.0 * grown) * (rest * (share * share)),
    )


@inlined
def normal_density(x):
    """Return phi(x) = exp(-x^2 / 2) / sqrt(2 pi) to 2.1 ulp; zero for |x| > 37.63.

    The rounding error of x^2 is included; at 37 it would be 1e-13 of the result.
    """
    x = bounded(x, 40.0)
    square = x * x
    return 0.3989422804014327 * _exp_less(-0.5 * square, 0.5 * residual(x, x, square))


@inlined
def _tail(x, numerator):
    """Return phi(x) numerator(|x|) / Q(|x|); a model that needs several such functions pays for phi and 1/Q once."""
    y = abs(bounded(x, 40.0))
    return normal_density(x) * (polynomial(y, numerator) * (1.0 / polynomial(y, MILLS_Q)))


@inlined
def normal_distribution(x):
    """Return Phi(x), the probability that a standard normal number is below x, to 6.5 ulp; zero for x < -37.63."""
    lower = _tail(x, MILLS_P)
    return select(x > 0.0, 1.0 - lower, lower)


@inlined
def expected_relu(b):
    """Return E max(z + b, 0) = phi(b) + b Phi(b) for a standard normal z, to 7.2 ulp; zero for b < -37.63.

    Its derivative is Phi(b).  For b < 0 it is phi(b) (1 - |b| M(|b|)), for b > 0 it is b plus the value at -b.
    """
    lower = _tail(b, MILLS_R)
    return select(b > 0.0, b + lower, lower)

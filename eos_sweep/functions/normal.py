"""The normal distribution, its density, its integral, and the error function."""

import numpy as np

from eos_sweep.functions.exponential import exp_less
from eos_sweep.scalar import bounded, inlined, polynomial, residual, select

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

# erf(x) / x - 1 in powers of x^2 for |x| <= 0.9: 5e-17 of erf(x).
ERF = (
    0.12837916709551253, -0.37612638903182427, 0.11283791670890465, -0.02686617063278998, 0.005223977504267665,
    -0.0008548320060950732, 0.00012055082676576254, -1.4919843331872466e-05, 1.6374913434685073e-06,
    -1.5541173520424938e-07, 1.0249231564179393e-08,
)  # fmt: skip


@inlined
def normal_density(x):
    """Return phi(x) = exp(-x^2 / 2) / sqrt(2 pi) to 2.1 ulp; zero for |x| > 37.63.

    The rounding error of x^2 is included; at 37 it would be 1e-13 of the result.
    """
    x = bounded(x, 40.0)
    square = x * x
    return 0.3989422804014327 * exp_less(-0.5 * square, 0.5 * residual(x, x, square))


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


@inlined
def _erf_near(x):
    """Return erf(x) for |x| <= 0.9."""
    return x + x * polynomial(x * x, ERF)


@inlined
def _erfc_beyond(y):
    """Return erfc(y) for y >= 0; it is sqrt(2 / pi) e^(-y^2) M(sqrt(2) y) with Mills' ratio M."""
    y = bounded(y, 28.0)
    square, scaled = y * y, 1.4142135623730951 * y
    shrunk = 0.7978845608028654 * exp_less(-square, residual(y, y, square))
    return shrunk * (polynomial(scaled, MILLS_P) / polynomial(scaled, MILLS_Q))


@inlined
def erf(x):
    """Return the error function to 1.5 ulp; it is odd in each bit."""
    size = abs(x)
    near = size < 0.9
    return np.copysign(select(near, _erf_near(select(near, size, 0.0)), 1.0 - _erfc_beyond(size)), x)


@inlined
def erfc(x):
    """Return 1 - erf(x) to 6 ulp; zero for x > 26.6, where it is below 3.2e-308."""
    near = (x > -0.9) & (x < 0.8)
    beyond = _erfc_beyond(abs(x))
    return select(near, 1.0 - _erf_near(select(near, x, 0.0)), select(x < 0.0, 2.0 - beyond, beyond))

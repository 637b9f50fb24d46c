"""Special functions against mpmath."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from eos_sweep import functions
from helpers.function_table import DIGITS, TABLE, Function, errors, ulps

everything = pytest.mark.parametrize("name", TABLE)


@everything
def test_the_error_is_what_the_page_says(name):
    function = TABLE[name]
    random = np.random.default_rng(3)
    x = np.concatenate([random.uniform(*limits, 1000) for limits in function.ranges])
    assert errors(function, x).max() <= ulps(name)


@pytest.mark.parametrize(
    "name", ["tanh", "log_cosh", "expm1", "log1p", "sin", "tan", "arctan", "sinh", "erf", "erfc", "cos", "log"]
)
def test_the_error_is_relative_near_zero(name):
    x = np.geomspace(1e-150, 0.9, 1000) * np.where((np.arange(1000) % 2 == 1) | (name == "log"), 1, -1)
    assert errors(TABLE[name], x).max() <= ulps(name)


@pytest.mark.parametrize("name", ["log", "log10"])
def test_logarithms_of_doubles_with_fewer_bits(name):
    x = np.geomspace(5e-324, 1e300, 1000)
    assert errors(TABLE[name], x).max() <= ulps(name)


def closest_to_quarter_turns(exponent):
    """Return doubles in [2^exponent, 2^(exponent + 1)) that come closest to multiples of pi/2.

    They are m 2^(exponent - 52), and m / n is a convergent of the continued fraction of pi/2 over that power of two.
    """
    with mpmath.workdps(80):
        ratio = Fraction(int(mpmath.pi * mpmath.mpf(2) ** 200), 2**201) * Fraction(2) ** (52 - exponent)
    found, before, now, rest = [], (0, 1), (1, 0), ratio
    while now[0] < 2**53 and rest:
        whole = rest.numerator // rest.denominator
        before, now = now, (whole * now[0] + before[0], whole * now[1] + before[1])
        times = -(-(2**52) // now[0])
        found += [now[0] * times] if times * now[0] < 2**53 else []
        rest = 1 / (rest - whole) if rest != whole else 0
    return [math.ldexp(m, exponent - 52) for m in found]


@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_the_angles_that_lose_most_bits(name):
    x = np.array([angle for exponent in range(40) for angle in closest_to_quarter_turns(exponent)])
    assert np.abs(np.minimum(np.abs(np.sin(x)), np.abs(np.cos(x)))).min() < 2.0**-57
    assert errors(TABLE[name], x).max() <= ulps(name)


@pytest.mark.parametrize(
    ("a", "limits"),
    [(0.5, (0, 1e300)), (2.0, (0, 1e150)), (-1 / 3, (1e-300, 1)), (700.3, (0.4, 2.7)), (-5e5, (0.9986, 1.0014))],
)
def test_powers_with_real_exponents(a, limits):
    x = np.random.default_rng(6).uniform(*limits, 1500)
    power = Function(lambda x: functions.real_power(x, a), lambda x: x ** mpmath.mpf(a), ())
    assert errors(power, x).max() <= ulps("real_power")


def test_powers_of_ten_have_whole_logarithms():
    assert functions.log10(np.array([10.0**n for n in range(23)])).tolist() == [*range(23)]


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("log_cosh", functions.tanh),
        ("expected_relu", functions.normal_distribution),
        ("normal_distribution", functions.normal_density),
        ("softplus", functions.sigmoid),
        ("tanh", functions.sech2),
        ("sinh", functions.cosh),
        ("expm1", functions.exp),
        ("sin", functions.cos),
        ("tan", lambda x: 1.0 + functions.tan(x) ** 2),
        ("arctan", lambda x: 1.0 / (1.0 + x * x)),
        ("erf", lambda x: 2.0 / math.sqrt(math.pi) * functions.exp(-x * x)),
        ("erfc", lambda x: -2.0 / math.sqrt(math.pi) * functions.exp(-x * x)),
    ],
)
def test_derivatives(name, slope):
    with mpmath.workdps(4 * DIGITS):
        for x in np.linspace(-20, 8, 29) + 0.1:
            right = mpmath.diff(TABLE[name].true, mpmath.mpf(float(x)))
            assert float(slope(np.float64(x)) / right - 1) == pytest.approx(0, abs=1e-13)

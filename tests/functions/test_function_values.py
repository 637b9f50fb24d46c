"""Special functions in compiled code against NumPy, at special values, and against what they must satisfy."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep import functions
from helpers.function_loops import loop, padded
from helpers.function_table import ORDINARY, SPECIAL, TABLE, ulps
from helpers.kernel_and_numpy import same_bits

everything = pytest.mark.parametrize("name", TABLE)
ODD = "tanh", "sinh", "sin", "tan", "arctan", "erf"
EVEN = "cosh", "sech2", "cos", "log_cosh", "normal_density"
GROWING = "exp", "expm1", "tanh", "sinh", "arctan", "sigmoid", "softplus", "erf", "normal_distribution", "expected_relu"


def doubles():
    """Return ordinary and special numbers, and doubles of random bits."""
    random = np.random.default_rng(4)
    bits = random.integers(0, 2**64, 10_000, dtype=np.uint64).view(np.float64)
    bits = bits[np.isfinite(bits)]  # some NaNs signal
    return padded(np.concatenate([ORDINARY, SPECIAL, random.normal(0, 5, 10_000), bits]))


@everything
def test_compiled_code_gives_the_bits_of_numpy_and_is_vector_code(name):
    function, x = TABLE[name].ours, doubles()
    run, out = loop(function), np.empty_like(x)
    run(x, out)
    with np.errstate(all="raise", under="ignore", over="ignore"):  # nothing is invalid on the way, infinity neither
        values = function(x)
        assert same_bits(values, out)
        assert same_bits(values[::97], [function(value) for value in x[::97]])
    (code,) = run.inspect_llvm().values()
    assert re.search(r"^vector\.body[\w.]*:", code, re.MULTILINE)


SQRT_PI = math.sqrt(math.pi)


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("exp", {0.0: 1.0, 709.782712893384: 1.7976931348622732e308, 709.79: np.inf, np.inf: np.inf}),
        ("exp", {-708.1: 0.0, -1e300: 0.0, -np.inf: 0.0}),
        ("expm1", {5e-324: 5e-324, -1e-320: -1e-320, 709.79: np.inf, np.inf: np.inf, -1e300: -1.0, -np.inf: -1.0}),
        ("log", {1.0: 0.0, 0.0: -np.inf, -1.0: np.nan, np.inf: np.inf, -np.inf: np.nan}),
        ("log", {5e-324: -744.4400719213812, 1.7976931348623157e308: 709.782712893384, -5e-324: np.nan}),
        ("log1p", {1e-320: 1e-320, -1e-20: -1e-20, -1.0: -np.inf, -1.5: np.nan, np.inf: np.inf, -np.inf: np.nan}),
        ("log10", {1e300: 300.0, 1e-5: -5.0, 0.0: -np.inf, -1.0: np.nan, np.inf: np.inf, -np.inf: np.nan}),
        ("sin", {1e-320: 1e-320, math.pi: 1.2246467991473532e-16, 2.0**41: np.nan, np.inf: np.nan}),
        ("cos", {0.0: 1.0, math.pi: -1.0, 2.0**41: np.nan, -np.inf: np.nan}),
        ("tan", {-1e-320: -1e-320, math.pi / 2: 1.633123935319537e16, 2.0**41: np.nan, np.inf: np.nan}),
        ("arctan", {1e-320: 1e-320, 1.0: math.pi / 4, np.inf: math.pi / 2, -1e300: -math.pi / 2}),
        ("sinh", {5e-324: 5e-324, 710.4: 1.6663642832806496e308, 710.5: np.inf, -np.inf: -np.inf}),
        ("cosh", {0.0: 1.0, 710.4: 1.6663642832806496e308, 710.5: np.inf, -np.inf: np.inf}),
        ("tanh", {0.0: 0.0, 1e-320: 1e-320, -1e-20: -1e-20, 20.0: 1.0, np.inf: 1.0, -np.inf: -1.0}),
        ("sech2", {0.0: 1.0, 354.1: 0.0, 1e300: 0.0, -np.inf: 0.0}),
        ("log_cosh", {0.0: 0.0, 1e-20: 5e-41, 1e300: 1e300, -1e300: 1e300, -np.inf: np.inf}),
        ("sigmoid", {0.0: 0.5, 40.0: 1.0, -708.1: 0.0, np.inf: 1.0, -np.inf: 0.0}),
        ("softplus", {0.0: math.log(2), 1e300: 1e300, -40.0: math.exp(-40), -np.inf: 0.0, np.inf: np.inf}),
        ("normal_density", {0.0: 1 / math.sqrt(2 * math.pi), 1e300: 0.0, np.inf: 0.0, -np.inf: 0.0}),
        ("normal_distribution", {0.0: 0.5, 9.0: 1.0, np.inf: 1.0, -37.7: 0.0, -np.inf: 0.0}),
        ("expected_relu", {0.0: 1 / math.sqrt(2 * math.pi), 1e300: 1e300, np.inf: np.inf, -37.7: 0.0, -np.inf: 0.0}),
        ("erf", {1e-300: 2e-300 / SQRT_PI, 6.0: 1.0, np.inf: 1.0, -np.inf: -1.0}),
        ("erfc", {0.0: 1.0, 27.0: 0.0, np.inf: 0.0, -6.0: 2.0, -np.inf: 2.0}),
    ],
)
def test_special_values(name, pairs):
    function = TABLE[name].ours
    with np.errstate(over="ignore"):
        right = [pytest.approx(value, rel=4e-16, abs=0.0, nan_ok=True) for value in pairs.values()]
        assert function(np.array([*pairs])).tolist() == right


@everything
def test_nan_stays_nan(name):
    assert np.isnan(TABLE[name].ours(np.float64(np.nan)))
    assert np.isnan(TABLE[name].ours(np.float64(-np.nan)))


@pytest.mark.parametrize(
    ("x", "a", "value"),
    [
        (0.0, 2.0, 0.0),
        (-0.0, -3.0, np.inf),
        (0.0, 0.0, 1.0),
        (np.inf, 0.5, np.inf),
        (np.inf, -0.5, 0.0),
        (1.0, np.inf, 1.0),
        (2.0, -np.inf, 0.0),
        (0.5, -1e300, np.inf),
        (5e-324, 1.0, 0.0),
        (5e-324, 1e-300, 1.0),
        (-1.0, 2.0, np.nan),
        (-np.inf, 0.0, np.nan),
        (np.nan, 0.0, np.nan),
        (2.0, np.nan, np.nan),
        (0.0, np.nan, np.nan),
        (4.0, 0.5, 2.0),
        (1.7976931348623157e308, 1.0, 1.7976931348623157e308),
    ],
)
def test_powers_at_their_ends(x, a, value):
    with np.errstate(over="ignore"):
        assert functions.real_power(np.float64(x), np.float64(a)) == pytest.approx(value, rel=1e-13, nan_ok=True)


@pytest.mark.parametrize("name", ODD + EVEN)
def test_what_is_odd_or_even_is_so_in_each_bit(name):
    x = np.concatenate([ORDINARY, SPECIAL])
    with np.errstate(over="ignore"):
        assert same_bits(TABLE[name].ours(-x), -TABLE[name].ours(x) if name in ODD else TABLE[name].ours(x))


@pytest.mark.parametrize("name", [*ODD, "expm1", "log1p"])
def test_zero_keeps_its_sign(name):
    assert np.signbit(TABLE[name].ours(np.float64(-0.0))) and not np.signbit(TABLE[name].ours(np.float64(0.0)))


def test_tanh_is_within_x_and_one():
    x = np.concatenate([ORDINARY, SPECIAL])
    x = x[~np.isnan(x)]
    assert (np.abs(functions.tanh(x)) <= np.minimum(np.abs(x), 1.0)).all()


@pytest.mark.parametrize("name", ["sin", "cos", "erf", "sigmoid", "sech2", "normal_distribution"])
def test_what_is_bounded_by_one_is_so(name):
    x = np.concatenate([ORDINARY, np.random.default_rng(8).uniform(-1e6, 1e6, 100_000)])
    assert (np.abs(TABLE[name].ours(x)) <= 1.0).all()


@pytest.mark.parametrize("name", [*GROWING, "log", "log1p", "log10"])
def test_what_grows_does_not_fall_back(name):
    for limits in TABLE[name].ranges:
        x = np.linspace(*limits, 200_001)
        values = TABLE[name].ours(x)
        x, values = x[np.isfinite(values)], values[np.isfinite(values)]
        assert (np.diff(values) >= -ulps(name) * np.spacing(np.abs(values[1:]))).all()
    coarse = TABLE[name].ours(np.linspace(-4 if name in GROWING else 0, 4, 10_001))
    assert (np.diff(coarse) > 0).all()


@given(st.floats(-50, 50))
def test_both_halves_of_the_normal_distribution(x):
    x = np.float64(x)
    assert abs(functions.normal_distribution(x) + functions.normal_distribution(-x) - 1.0) <= 2.0**-53
    assert functions.expected_relu(abs(x)) == abs(x) + functions.expected_relu(-abs(x))


@given(st.floats(-50, 50))
def test_what_adds_up(x):
    x = np.float64(x)
    assert abs(functions.erf(x) + functions.erfc(x) - 1.0) <= 2.0**-52
    assert abs(functions.sigmoid(x) + functions.sigmoid(-x) - 1.0) <= 2.0**-52
    assert abs(functions.sin(x) ** 2 + functions.cos(x) ** 2 - 1.0) <= 2.0**-51
    assert functions.softplus(abs(x)) == abs(x) + functions.softplus(-abs(x))

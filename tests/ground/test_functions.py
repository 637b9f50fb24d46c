"""Special functions against mpmath, in NumPy against compiled code, and against what they must satisfy."""

import functools
import math
import re
from typing import NamedTuple

import gmpy2
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from eos_sweep import functions
from eos_sweep.checks.exact import arithmetic
from eos_sweep.engine import lanes
from eos_sweep.scalar import inlined
from helpers.kernel_and_numpy import same_bits

DIGITS = 50


class Function(NamedTuple):
    """A function with what it should be, and the ranges in which its error in ulp is below a bound."""

    ours: object
    true: object
    ulps: float
    ranges: tuple


def log_cosh(x):
    return mpmath.log(mpmath.cosh(x)) if abs(x) > 1 else mpmath.log1p(2 * mpmath.sinh(x / 2) ** 2)


def distribution(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def expected_relu(b):
    with mpmath.extradps(DIGITS):
        return mpmath.npdf(b) + b * distribution(b)


# Half a million random points a function give 1.00, 1.83, 2.91, 2.03, 6.49 and 7.14.
TABLE = {
    "exp": Function(functions.exp, mpmath.exp, 1.1, ((-708, 709.7), (-2, 2), (-0.35, 0.35))),
    "tanh": Function(functions.tanh, mpmath.tanh, 2.0, ((-25, 25), (-1.5, 1.5), (0.5, 0.6))),
    "log_cosh": Function(functions.log_cosh, log_cosh, 3.2, ((-50, 50), (-1, 1), (0.75, 0.9))),
    "normal_density": Function(functions.normal_density, mpmath.npdf, 2.3, ((-37.6, 37.6), (-2, 2))),
    "normal_distribution": Function(functions.normal_distribution, distribution, 7.0, ((-37.4, 0), (-3, 9))),
    "expected_relu": Function(functions.expected_relu, expected_relu, 7.5, ((-37.2, 0), (-3, 9))),
}
everything = pytest.mark.parametrize("name", TABLE)
ORDINARY = np.concatenate([np.linspace(-40, 40, 4001), np.linspace(-1, 1, 2001), np.linspace(-750, 750, 3001)])
SPECIAL = np.array([0.0, -0.0, 1e-320, -1e-320, 1e-200, 1e-20, -1e-9, 1e20, 1e300, -1e300, np.inf, -np.inf, np.nan])


@functools.cache
def loop(function):
    """Return a compiled loop over lanes."""

    @njit(error_model="numpy")
    def run(x, out):
        lanes.wide()
        for start in range(0, len(x), lanes.WIDTH):
            for lane in range(lanes.WIDTH):
                out[start + lane] = function(x[start + lane])

    return run


def compiled(function, x):
    padded = np.resize(x, -(-len(x) // lanes.WIDTH) * lanes.WIDTH)
    out = np.empty_like(padded)
    loop(function)(padded, out)
    return out[: len(x)]


def errors(function, x):
    """Return the errors of a function in units in the last place of what is right."""
    with mpmath.workdps(DIGITS):
        right = [function.true(mpmath.mpf(float(value))) for value in x]
        pairs = zip(function.ours(x).tolist(), right, strict=True)
        return np.array([float(abs(got - value)) / math.ulp(float(value)) for got, value in pairs])


@everything
def test_the_error_is_a_few_ulp(name):
    function = TABLE[name]
    random = np.random.default_rng(3)
    x = np.concatenate([random.uniform(*limits, 1200) for limits in function.ranges])
    assert errors(function, x).max() <= function.ulps


@pytest.mark.parametrize("name", ["tanh", "log_cosh"])
def test_the_error_is_relative_near_zero(name):
    function = TABLE[name]
    x = np.geomspace(1e-150, 1, 1000) * np.where(np.arange(1000) % 2, 1, -1)
    assert errors(function, x).max() <= function.ulps


@everything
def test_compiled_code_gives_the_bits_of_numpy(name):
    function = TABLE[name].ours
    x = np.concatenate([ORDINARY, SPECIAL, np.random.default_rng(4).normal(0, 5, 10_000)])
    with np.errstate(all="raise", under="ignore", over="ignore"):  # nothing is invalid on the way, infinity neither
        values = function(x)
        assert same_bits(values, compiled(function, x))
        assert same_bits(values[::97], [function(value) for value in x[::97]])


@njit(error_model="numpy")
def one_by_one(x):
    return functions.exp(x), functions.tanh(x), functions.log_cosh(x), functions.expected_relu(x)


@given(st.floats())
def test_any_number_gives_the_same_bits_both_ways(x):
    x = np.float64(x)
    with np.errstate(over="ignore"):
        values = functions.exp(x), functions.tanh(x), functions.log_cosh(x), functions.expected_relu(x)
    assert same_bits(values, one_by_one(x))


@everything
def test_a_loop_over_lanes_is_vector_code(name):
    run = loop(TABLE[name].ours)
    run(np.zeros(lanes.WIDTH), np.zeros(lanes.WIDTH))
    (code,) = run.inspect_llvm().values()
    assert re.search(r"^vector\.body[\w.]*:", code, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("exp", {0.0: 1.0, 709.782712893384: 1.7976931348622732e308, 709.79: np.inf, np.inf: np.inf}),
        ("exp", {-708.1: 0.0, -1e300: 0.0, -np.inf: 0.0}),
        ("tanh", {0.0: 0.0, 1e-320: 1e-320, -1e-20: -1e-20, 20.0: 1.0, np.inf: 1.0, -np.inf: -1.0}),
        ("log_cosh", {0.0: 0.0, 1e-20: 5e-41, 1e300: 1e300, -1e300: 1e300, -np.inf: np.inf}),
        ("normal_density", {0.0: 1 / math.sqrt(2 * math.pi), 1e300: 0.0, np.inf: 0.0, -np.inf: 0.0}),
        ("normal_distribution", {0.0: 0.5, 9.0: 1.0, np.inf: 1.0, -37.7: 0.0, -np.inf: 0.0}),
        ("expected_relu", {0.0: 1 / math.sqrt(2 * math.pi), 1e300: 1e300, np.inf: np.inf, -37.7: 0.0, -np.inf: 0.0}),
    ],
)
def test_special_values(name, pairs):
    function = TABLE[name].ours
    with np.errstate(over="ignore"):
        assert function(np.array([*pairs])).tolist() == [pytest.approx(value, rel=3e-16) for value in pairs.values()]
        assert np.isnan(function(np.float64(np.nan)))


def jet(x):
    """log cosh(x), tanh(x), 1 - tanh(x)/x, 1/cosh(x)^2."""
    with mpmath.extradps(400):
        rest = 1 - mpmath.tanh(x) / x if x else mpmath.mpf(0)
    return log_cosh(x), mpmath.tanh(x), rest, mpmath.sech(x) ** 2


@pytest.mark.parametrize("limits", [(-99, 99), (-2, 2), (0.54, 0.56), (-0.125, 0.125), None])
def test_the_derivatives_of_log_cosh_come_with_it(limits):
    x = np.random.default_rng(5).uniform(*limits, 1200) if limits else np.geomspace(1e-150, 0.1, 1200)
    with mpmath.workdps(DIGITS):
        for place, *found in zip(x.tolist(), *(column.tolist() for column in functions.log_cosh_jet(x)), strict=True):
            for got, right, ulps in zip(found, jet(mpmath.mpf(place)), (11, 3.6, 270, 4.6), strict=True):
                if ulps != 270 or abs(place) < 0.125:
                    assert abs(got - right) <= ulps * math.ulp(float(right))


@pytest.mark.parametrize("part", range(4))
def test_the_derivatives_of_log_cosh_are_even_or_odd_and_the_same_compiled(part):
    x = np.concatenate([ORDINARY, SPECIAL])
    one = inlined(lambda x: functions.log_cosh_jet(x)[part])
    with np.errstate(over="ignore", invalid="ignore"):
        values = functions.log_cosh_jet(x)[part]
        assert same_bits(values, compiled(one, x))
        assert same_bits(functions.log_cosh_jet(-x)[part], -values if part == 1 else values)


def test_the_oracle_has_the_true_derivatives_of_log_cosh():
    with arithmetic.precise(200), mpmath.workdps(200):
        for x in (-1000.0, -5.0, -0.7, -1e-30, 0.0, 1e-90, 1e-9, 0.3, 30.0):
            found = arithmetic.INSTEAD[functions.log_cosh_jet](gmpy2.mpfr(x))
            for got, right in zip(found, jet(mpmath.mpf(x)), strict=True):
                assert abs(mpmath.mpf(got) - right) <= 1e-59 * abs(right), x


def test_tanh_is_odd_in_each_bit_and_within_x_and_one():
    x = np.concatenate([ORDINARY, SPECIAL])
    values = functions.tanh(x)
    assert same_bits(functions.tanh(-x), -values)
    assert (np.abs(values[:-1]) <= np.minimum(np.abs(x[:-1]), 1.0)).all()
    assert np.signbit(functions.tanh(np.float64(-0.0)))


def test_log_cosh_is_even():
    assert same_bits(functions.log_cosh(ORDINARY), functions.log_cosh(-ORDINARY))


@pytest.mark.parametrize("name", ["exp", "tanh", "normal_distribution", "expected_relu"])
def test_what_grows_does_not_fall_back(name):
    for limits in TABLE[name].ranges:
        x = np.linspace(*limits, 200_001)
        values = TABLE[name].ours(x)
        assert (np.diff(values) >= -TABLE[name].ulps * np.spacing(np.abs(values[1:]))).all()
    coarse = TABLE[name].ours(np.linspace(-5, 5, 10_001))
    assert (np.diff(coarse) > 0).all()


@given(st.floats(-50, 50))
def test_both_halves_of_the_normal_distribution(x):
    x = np.float64(x)
    assert abs(functions.normal_distribution(x) + functions.normal_distribution(-x) - 1.0) <= 2.0**-53
    assert functions.expected_relu(abs(x)) == abs(x) + functions.expected_relu(-abs(x))


@pytest.mark.parametrize("name", ["log_cosh", "expected_relu", "normal_distribution"])
def test_derivatives(name):
    slope = {"log_cosh": "tanh", "expected_relu": "normal_distribution", "normal_distribution": "normal_density"}[name]
    with mpmath.workdps(2 * DIGITS):
        for x in np.linspace(-20, 8, 29) + 0.1:
            right = mpmath.diff(TABLE[name].true, mpmath.mpf(float(x)))
            assert float(TABLE[slope].ours(np.float64(x)) / right - 1) == pytest.approx(0, abs=2e-15)


@everything
def test_the_oracle_has_the_true_functions(name):
    exact = arithmetic.INSTEAD[TABLE[name].ours]
    with arithmetic.precise(200), mpmath.workdps(200):
        for x in (-1000.0, -38.5, -5.0, -0.7, -1e-30, 0.0, 1e-9, 0.3, 2.0, 30.0, 1000.0):
            true = TABLE[name].true(mpmath.mpf(x))
            found = mpmath.mpf(exact(gmpy2.mpfr(x)))
            assert abs(found - true) <= 1e-59 * abs(true), x

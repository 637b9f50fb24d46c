"""The derivatives of log cosh that come with it."""

import math

import gmpy2
import mpmath
import numpy as np
import pytest

from eos_sweep import functions
from eos_sweep.checks.exact import arithmetic
from eos_sweep.scalar import inlined
from helpers.function_loops import loop, padded
from helpers.function_table import DIGITS, ORDINARY, SPECIAL, log_cosh
from helpers.kernel_and_numpy import same_bits


def jet(x):
    """log cosh(x), tanh(x), 1 - tanh(x)/x, 1/cosh(x)^2."""
    with mpmath.extradps(400):
        rest = 1 - mpmath.tanh(x) / x if x else mpmath.mpf(0)
    return log_cosh(x), mpmath.tanh(x), rest, mpmath.sech(x) ** 2


@pytest.mark.parametrize("limits", [(-353, 353), (-99, 99), (-2, 2), (0.54, 0.56), (-0.125, 0.125), None])
def test_the_derivatives_of_log_cosh_come_with_it(limits):
    x = np.random.default_rng(5).uniform(*limits, 1200) if limits else np.geomspace(1e-150, 0.1, 1200)
    with mpmath.workdps(DIGITS):
        for place, *found in zip(x.tolist(), *(column.tolist() for column in functions.log_cosh_jet(x)), strict=True):
            for got, right, ulps in zip(found, jet(mpmath.mpf(place)), (11, 3.6, 270, 4.6), strict=True):
                if ulps != 270 or abs(place) < 0.125:
                    assert abs(got - right) <= ulps * math.ulp(float(right))


@pytest.mark.parametrize("part", range(4))
def test_the_derivatives_of_log_cosh_are_even_or_odd_and_the_same_compiled(part):
    x = padded(np.concatenate([ORDINARY, SPECIAL]))
    one, out = inlined(lambda x: functions.log_cosh_jet(x)[part]), np.empty_like(x)
    loop(one)(x, out)
    values = functions.log_cosh_jet(x)[part]
    assert same_bits(values, out)
    assert same_bits(functions.log_cosh_jet(-x)[part], -values if part == 1 else values)


def test_the_oracle_has_the_true_derivatives_of_log_cosh():
    with arithmetic.precise(200), mpmath.workdps(200):
        for x in (-1000.0, -5.0, -0.7, -1e-30, 0.0, 1e-90, 1e-9, 0.3, 30.0):
            found = arithmetic.INSTEAD[functions.log_cosh_jet](gmpy2.mpfr(x))
            for got, right in zip(found, jet(mpmath.mpf(x)), strict=True):
                assert abs(mpmath.mpf(got) - right) <= 1e-59 * abs(right), x

"""Exact arithmetic has the true functions in place of those of kernels."""

import types

import gmpy2
import mpmath
import numpy as np
import pytest

from eos_sweep import functions
from eos_sweep.checks.exact import arithmetic, flat
from eos_sweep.functions import (
    arctan,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expm1,
    log,
    log1p,
    log10,
    normal_cdf,
    real_power,
    sech2,
    sigmoid,
    sin,
    sinh,
    softplus,
    tan,
    tanh,
)
from eos_sweep.plain import clipped
from helpers.function_table import TABLE, ulps

ALL = {name: getattr(functions, name) for name in functions.__all__}


def test_each_function_has_its_true_one():
    assert not {name for name, function in ALL.items() if function not in arithmetic.INSTEAD}


@pytest.mark.parametrize("name", [name for name in TABLE if name != "real_power"])
def test_the_oracle_has_the_true_functions(name):
    exact = arithmetic.INSTEAD[TABLE[name].ours]
    positive = name in ("log", "log1p", "log10")
    with arithmetic.precise(200), mpmath.workdps(200):
        for x in (-1000.0, -38.5, -5.0, -0.7, -1e-30, 0.0, 1e-9, 0.3, 2.0, 30.0, 1000.0):
            if positive and x <= 0:
                continue
            true = TABLE[name].true(mpmath.mpf(x))
            found = mpmath.mpf(exact(gmpy2.mpfr(x)))
            assert abs(found - true) <= 1e-57 * abs(true), x


@pytest.mark.parametrize("name", [name for name in TABLE if name != "real_power"])
def test_both_agree_at_ends_and_at_ordinary_numbers(name):
    exact = arithmetic.INSTEAD[TABLE[name].ours]
    x = np.array([-np.inf, -2.0, -1.0, -0.0, 0.0, 0.5, 3.0, 20.0, np.inf, np.nan])
    with arithmetic.precise(200):
        right = np.array([float(exact(gmpy2.mpfr(value))) for value in x.tolist()])
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(TABLE[name].ours(x), right, rtol=(ulps(name) + 1) * 2.0**-52)


def test_an_angle_too_large_for_the_kernel_is_too_large_for_the_oracle():
    with arithmetic.precise(200):
        for name in ("sin", "cos", "tan"):
            exact = arithmetic.INSTEAD[ALL[name]]
            assert all(gmpy2.is_nan(exact(gmpy2.mpfr(text))) for text in ("1e13", "-1e1000000", "inf", "nan"))
            assert float(exact(gmpy2.mpfr(2**40))) == pytest.approx(ALL[name](np.float64(2.0**40)), rel=1e-15)


@pytest.mark.parametrize("a", [-np.inf, -3.0, -0.5, 0.0, 0.5, 3.0, np.inf, np.nan])
def test_powers_agree(a):
    exact, x = arithmetic.INSTEAD[functions.real_power], [-np.inf, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, np.inf, np.nan]
    with arithmetic.precise(200):
        right = np.array([float(exact(gmpy2.mpfr(value), gmpy2.mpfr(a))) for value in x])
        assert float(exact(2.0, 0.5)) == pytest.approx(2**0.5)
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(functions.real_power(np.array(x), a), right, rtol=2.0**-51)


def step(theta, p):
    """Add all functions of a number near one."""
    (x,), (a,) = theta, p
    alone = arctan(x) + cos(x) + cosh(x) + erf(x) + erfc(x) + exp(x) + expm1(x) + log(x) + log1p(x) + log10(x)
    alone = alone + sech2(x) + sigmoid(x) + sin(x) + sinh(x) + softplus(x) + tan(x) + tanh(x) + normal_cdf(x)
    return (alone + real_power(x, a),)


def test_a_model_written_flat_calls_the_true_functions():
    model = types.ModuleType("everything")
    vars(model).update(STATE={"x": None}, CARRIED=(), PARAMETERS={"a": None}, step=step, clipped=clipped)
    vars(model).update(loss=lambda theta, p: theta[0], stable=lambda c, bound: True, curvature=lambda theta, p: theta)
    with arithmetic.precise(100):
        theta, p = (gmpy2.mpfr("0.8"),), (gmpy2.mpfr("1.5"),)
        (found,) = flat.flat(model)(p)(theta)[1][1]
        assert found == arithmetic.translated(model).step(theta, p)[0]
    assert float(found) == pytest.approx(step((np.float64(0.8),), (1.5,))[0], rel=1e-14)

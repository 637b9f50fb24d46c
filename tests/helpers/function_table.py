"""The special functions with what they should be in mpmath, and the ranges in which their errors are measured."""

import inspect
import math
import re
from typing import NamedTuple

import mpmath
import numpy as np

from eos_sweep import functions
from eos_sweep.scalar import inlined

DIGITS = 50


class Function(NamedTuple):
    """A function with what it should be, and the ranges in which its error is at most what it says."""

    ours: object
    true: object
    ranges: tuple


def log_cosh(x):
    return mpmath.log(mpmath.cosh(x)) if abs(x) > 1 else mpmath.log1p(2 * mpmath.sinh(x / 2) ** 2)


def distribution(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def expected_relu(b):
    with mpmath.extradps(DIGITS):
        return mpmath.npdf(b) + b * distribution(b)


def softplus(x):
    return max(x, 0) + mpmath.log1p(mpmath.exp(-abs(x)))


@inlined
def own_power(x):
    """Return x^x, which stands for the powers among functions of one number."""
    return functions.real_power(x, x)


TABLE = {
    "exp": Function(functions.exp, mpmath.exp, ((-708, 709.7), (-2, 2), (-0.35, 0.35))),
    "expm1": Function(functions.expm1, mpmath.expm1, ((-708, 709.7), (-2, 2), (-0.4, 0.4))),
    "log": Function(functions.log, mpmath.log, ((1e-9, 2), (0.7, 1.5), (0, 1e300), (0, 1e-307))),
    "log1p": Function(functions.log1p, mpmath.log1p, ((-1 + 1e-9, 2), (-0.4, 0.5), (0, 1e300))),
    "log10": Function(functions.log10, mpmath.log10, ((1e-9, 2), (0.7, 1.5), (0, 1e300), (0, 1e-307))),
    "sin": Function(functions.sin, mpmath.sin, ((-1.6, 1.6), (-100, 100), (-1e9, 1e9), (0, 2.0**40))),
    "cos": Function(functions.cos, mpmath.cos, ((-1.6, 1.6), (-100, 100), (-1e9, 1e9), (0, 2.0**40))),
    "tan": Function(functions.tan, mpmath.tan, ((-1.6, 1.6), (-100, 100), (-1e9, 1e9), (0, 2.0**40))),
    "arctan": Function(functions.arctan, mpmath.atan, ((-1, 1), (-4, 4), (-1e9, 1e9))),
    "sinh": Function(functions.sinh, mpmath.sinh, ((-710.4, 710.4), (-2, 2), (-0.4, 0.4))),
    "cosh": Function(functions.cosh, mpmath.cosh, ((-710.4, 710.4), (-2, 2), (-0.4, 0.4))),
    "tanh": Function(functions.tanh, mpmath.tanh, ((-25, 25), (-1.5, 1.5), (0.5, 0.6))),
    "sech2": Function(functions.sech2, lambda x: mpmath.sech(x) ** 2, ((-354, 354), (-10, 10), (-1, 1))),
    "log_cosh": Function(functions.log_cosh, log_cosh, ((-50, 50), (-1, 1), (0.75, 0.9))),
    "sigmoid": Function(functions.sigmoid, lambda x: 1 / (1 + mpmath.exp(-x)), ((-708, 40), (-10, 10), (-1, 1))),
    "softplus": Function(functions.softplus, softplus, ((-708, 40), (-10, 10), (-1, 1))),
    "normal_density": Function(functions.normal_density, mpmath.npdf, ((-37.6, 37.6), (-2, 2))),
    "normal_distribution": Function(functions.normal_distribution, distribution, ((-37.4, 0), (-3, 9))),
    "expected_relu": Function(functions.expected_relu, expected_relu, ((-37.2, 0), (-3, 9))),
    "erf": Function(functions.erf, mpmath.erf, ((-6, 6), (-1, 1), (0.89, 1))),
    "erfc": Function(functions.erfc, mpmath.erfc, ((-6, 26.5), (-1, 1), (0.4, 0.6))),
    "real_power": Function(own_power, lambda x: x**x, ((1e-9, 143), (0.5, 2), (0.99, 1.01))),
}
ORDINARY = np.concatenate([np.linspace(-40, 40, 4001), np.linspace(-1, 1, 2001), np.linspace(-750, 750, 3001)])
SPECIAL = np.array(
    [
        0.0,
        1.0,
        5e-324,
        1e-320,
        2.0**-1022,
        1e-200,
        1e-20,
        1e-9,
        2.0**40,
        2.0**41,
        1e20,
        1e300,
        2.0**1023 * 1.9,
        np.inf,
        np.nan,
    ]
)
SPECIAL = np.concatenate([SPECIAL, -SPECIAL])


def ulps(name):
    """Return the error that a function's docstring states."""
    return float(re.search(r"to ([\d.]+) ulp", inspect.getdoc(getattr(functions, name)))[1])


def errors(function, x):
    """Return the errors of a function in units in the last place of what is right."""
    with mpmath.workdps(DIGITS):
        right = [function.true(mpmath.mpf(float(value))) for value in x]
        pairs = zip(function.ours(x).tolist(), right, strict=True)
        return np.array([float(abs(got - value)) / math.ulp(float(value)) for got, value in pairs])

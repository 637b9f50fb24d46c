"""The values of trees: mathematics, shapes, and no warnings."""

import math

import mpmath
import numpy as np
import pytest

from eos_sweep.errors import InputError
from eos_sweep.formulas import operations
from eos_sweep.formulas.evaluation import CONSTANTS, FUNCTIONS, evaluate
from eos_sweep.formulas.grammar import parse, parse_condition

TRUE = {
    "normal_cdf": mpmath.ncdf,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "log_cosh": lambda x: mpmath.log(mpmath.cosh(x)),
    "relu": lambda x: max(x, 0),
    "abs": abs,
    "arctan": mpmath.atan,
}


def test_every_operation_and_constant_has_a_value():
    assert set(FUNCTIONS) == set(operations.OPERATIONS)
    assert set(CONSTANTS) == set(operations.CONSTANTS)


@pytest.mark.parametrize("name", [name for name, count in operations.FUNCTIONS.items() if count == 1])
def test_a_function_is_the_true_one(name):
    positive = name in ("sqrt", "log", "log10")
    points = np.array(
        [1e-8, 0.3, 0.999, 1.001, 2.5, 30.0] if positive else [-30.0, -2.5, -0.9, -1e-5, 1e-5, 0.7, 1.1, 30]
    )
    points = points[points > -1] if name == "log1p" else points
    with mpmath.workdps(40):
        true = [float(TRUE.get(name, getattr(mpmath, name, None))(mpmath.mpf(float(x)))) for x in points]
    tolerance = 4e-13 if name == "normal_cdf" else 4e-15  # the rounding of x / sqrt(2) is magnified by x^2
    assert np.allclose(evaluate(parse(f"{name}(x)", "f"), {"x": points}), true, rtol=tolerance, atol=0)


def test_arrays_broadcast_and_constants_are_known():
    values = {"x": np.arange(3.0), "y": np.arange(4.0)[:, None]}
    assert np.array_equal(evaluate(parse("x*y - 2", "f"), values), values["x"] * values["y"] - 2)
    assert evaluate(parse("2*pi + e", "f"), {}) == 2 * math.pi + math.e
    chosen = evaluate(parse("select(0 < x <= 1 or not y < 3, x, -min(x, y, 7))", "f"), values)
    x, y = np.broadcast_arrays(values["x"], values["y"])
    assert np.array_equal(chosen, np.where(((x > 0) & (x <= 1)) | (y >= 3), x, -np.minimum(x, y)))
    assert evaluate(parse_condition("x < inf and x != 1", "g"), values).tolist() == [True, False, True]


def test_a_name_without_a_value_is_an_error():
    with pytest.raises(InputError, match="no value for 'thet'; did you mean 'theta'?"):
        evaluate(parse("thet + 1", "f"), {"theta": 1.0})


def test_no_value_is_nan_without_a_warning():
    values = evaluate(parse("log(x) + 1/x + exp(1000*x)", "f"), {"x": [-1.0, 0.0, 1.0]})
    assert np.isnan(values[:2]).all() and values[2] == np.inf


def test_a_long_chain_is_no_deep_recursion():
    assert evaluate(parse("+".join(["x"] * 2400), "f"), {"x": 0.5}) == 1200

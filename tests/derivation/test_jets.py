"""log cosh, tanh and 1/cosh^2 of one argument are computed together in a derived model."""

import re

import gmpy2
import numpy as np
import pytest

from eos_sweep.checks.exact import arithmetic, flat
from eos_sweep.derivation.models import source
from eos_sweep.derivation.writing import jets
from helpers.kernel_and_numpy import follow, same_bits, simulate
from helpers.losses import calculus_of, formula_of, model_of

TOGETHER = "log_cosh(x*y)", "(x*tanh(y) - 0.5)**2/2", "log_cosh(x*y) + tanh(x - y)**2", "(tanh(x*tanh(y)) - 0.5)**2"


def bodies(loss):
    """Return name -> text of the functions of a derived module."""
    return {part.partition("(")[0]: part for part in re.split(r"\ndef ", source(formula_of(loss)))[1:]}


def calls(loss, function):
    """Return how often a derived module calls a function."""
    return len(re.findall(rf"(?<![\w.]){function}\(", "".join(bodies(loss).values())))


@pytest.mark.parametrize("loss", TOGETHER)
def test_all_functions_of_a_model_use_the_jet(loss):
    """A step, its loss and its curvature then share it in a kernel, though each needs another part."""
    assert [calls(loss, function) for function in ("log_cosh", "tanh", "sech2")] == [0, 0, 0]
    used = {name for name, body in bodies(loss).items() if "log_cosh_jet(" in body}
    assert used >= {"loss", "slopes", "bends", "step"}


def test_a_jet_of_an_argument_is_taken_once_in_a_function():
    bends = bodies("log_cosh(x*y) + tanh(x - y)**2")["bends"]
    assert bends.count("log_cosh_jet(x * y)") == bends.count("log_cosh_jet(x - y)") == 1


def test_a_function_of_parameters_stands_alone():
    loss = "tanh(a)*x**2*y**2"
    assert calls(loss, "tanh") > 0 and calls(loss, "log_cosh_jet") == 0
    c = calculus_of("tanh(a)*x**2 + log_cosh(x*y)")
    product, *others = jets(c.loss, *c.first, *c.second.values())
    assert not others and product == next(part.operands[0].index for part in c.loss.operands if part.op == "log_cosh")


@pytest.mark.slow
def test_kernel_and_numpy_give_the_same_bits():
    model = model_of("log_cosh(x*y) + tanh(x - y)**2")
    rng = np.random.default_rng(3)
    given = {"x": rng.uniform(-2, 2, 40), "y": rng.uniform(-6, 6, 40)}, {"eta": rng.uniform(0.01, 0.3, 40)}
    path = follow(*given, 100, model=model)
    found = simulate(*given, 100, ("loss_rises", "steps_above", "x_final", "y_final"), model=model)
    assert same_bits(found["x_final"], path.theta[0][-1]) and same_bits(found["y_final"], path.theta[1][-1])
    np.testing.assert_array_equal(found["loss_rises"], np.sum(np.diff(path.loss, axis=0) > 0, axis=0))
    np.testing.assert_array_equal(found["steps_above"], (path.unstable & path.moved)[1:].sum(axis=0))


@pytest.mark.parametrize("loss", TOGETHER)
def test_exact_arithmetic_gives_what_the_doubles_round(loss):
    model = model_of(loss)
    rng = np.random.default_rng(4)
    of = flat.flat(model)
    assert of.__name__ == "of"  # written flat
    own = arithmetic.translated(model)
    for _ in range(50):
        state = (*rng.uniform(-2.0, 2.0, 2).tolist(), *(0.0 for _ in model.CARRIED))
        with arithmetic.precise(120):
            theta, p = tuple(map(gmpy2.mpfr, state)), (gmpy2.mpfr(0.1),)
            exact = flat.forward(own, theta, p)
            assert of(p)(theta) == exact
            (loss_then, _, bends), _ = exact
        q = (np.float64(0.1),)
        doubles = tuple(map(np.float64, state))
        np.testing.assert_allclose(float(model.loss(doubles, q)), float(loss_then), rtol=1e-14, atol=1e-15)
        right = np.array([float(one) for one in bends])
        np.testing.assert_allclose(model.curvature(doubles, q), right, rtol=1e-13, atol=1e-14 * np.abs(right).max())


def test_the_curvature_far_from_the_valley_is_not_cut_off():
    """1/cosh(150)^2 is 2e-130; beside y^2 of 1e100 a bound of 1e-87 on it would be a sharpness of 1e13."""
    model = model_of("log_cosh(x*y)")
    theta = tuple(map(np.float64, (150e-50, 1e50, 0.0, 0.0)))
    matrix = model.hessian(theta, (np.float64(0.1),))
    assert abs(matrix[0, 0]) < 1e-28 and matrix[0, 1] == 1.0

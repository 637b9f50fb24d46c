"""Derived steps, Hessians and tangents are those of the loss, by differences of it in numbers of 300 bits."""

import numpy as np
import pytest

from eos_sweep.conformance import checks
from helpers.losses import SMOOTH, composite, model_of, polynomial

DERIVATIVES = checks.check_descent, checks.check_hessian, checks.check_tangent


def assert_derivatives(loss):
    model = model_of(loss)
    with np.errstate(invalid="ignore", divide="ignore"):  # both sides of a select are computed
        for check in DERIVATIVES:
            check(model)


@pytest.mark.parametrize("seed", range(16))
def test_of_polynomials(seed):
    assert_derivatives(polynomial(np.random.default_rng(seed)))


@pytest.mark.parametrize("place", range(len(SMOOTH)))
def test_of_functions(place):
    assert_derivatives(composite(np.random.default_rng(place), SMOOTH[place]))


@pytest.mark.parametrize(
    "loss",
    [
        "lambda1*(x*y)**2/2 + lambda2*(x*z - 1)**2/2",
        "(1 - x**2*y**2)**2/4",
        "(1 - w*x*y*z)**2/2",
        "(1 - w)**2 + 100*(x - w**2)**2",
        "x**2/(1 + y**2) + y**2",
        "select(x > 0, sqrt(x)**8, x**4) + (x*y)**2",
        "x**2*y**2/(1 + x**2) + z**2/(1 + (x*y)**2)",
        "tanh(x*y)**2 + y**2*z**2",
        "(x**2 + 1)**0.5*y**2 + (1 + x**2)**(y/2)",
    ],
)
def test_of_known_losses(loss):
    assert_derivatives(loss)

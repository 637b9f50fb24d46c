"""What is said never to be negative is not, and what a loss usually consists of is found."""

import numpy as np
import pytest

from eos_sweep.derivation.graph import reachable
from eos_sweep.derivation.numeric import evaluate
from eos_sweep.derivation.signs import never_negative
from helpers.losses import SMOOTH, composite, polynomial, term_of

POSITIVE = ("a", "lambda1")
TWISTED = (
    "-x**2*y**2", "x**3*y", "x*y*x", "-(-x)**2", "x**2*y**2*x*y", "abs(x)*x", "-abs(x)", "abs(x)*abs(y)", "sqrt(x**2)",
    "select(x < 0, -x, x)", "select(x < 0, x, -x)", "select(x > 0, x, -x)", "select(x < 0, -y, x)", "a*x**2",
    "b*x**2", "a*x", "exp(x)*y**2", "exp(x) - 1", "1/x", "1/x**2", "x**2/y", "x**2/(1 + y**2)", "log(1 + x**2)",
    "tanh(x)*x", "-1*x*-1*x", "(-2)*x*(-3)*x", "-2*x*3*x", "relu(x)", "relu(-x)", "max(x, 0)", "min(x, 0)",
    "max(x**2, y)", "(x - y)**2", "(x - y)*(x - y)", "(x - y)*(y - x)", "sign(x)", "sign(x)**2", "x**4 - x**2",
    "erf(x)",
    "cosh(x) - 1", "sigmoid(x)*softplus(y)", "abs(2*a*x)", "normal_cdf(x) - 1/2", "(1 + x**2)**0.3", "x**2*(y - y)",
)  # fmt: skip


def values(term, rng):
    names = [part.name for part in reachable(term) if part.op == "name"]
    drawn = {name: rng.uniform(-3.0, 3.0, 2000) for name in names}
    return {name: np.abs(numbers) if name in POSITIVE else numbers for name, numbers in drawn.items()}


def assert_true(text, rng):
    _, term = term_of(text)
    if never_negative(term, POSITIVE):
        found = evaluate(term, values(term, rng))
        assert not np.any(found < 0.0)


@pytest.mark.parametrize("text", TWISTED)
def test_nothing_negative_is_let_through(text):
    assert_true(text, np.random.default_rng(0))


@pytest.mark.parametrize("seed", range(60))
def test_nothing_negative_at_random(seed):
    rng = np.random.default_rng(seed)
    assert_true(polynomial(rng), rng)
    assert_true(composite(rng, SMOOTH[seed % len(SMOOTH)]), rng)


@pytest.mark.parametrize(
    "text",
    [
        "lambda1*(x*y)**2/2 + a*(x*z - 1)**2/2",
        "(1 - x**2*y**2)**2/4",
        "-2*x*-3*x",
        "x*y*x*y",
        "abs(x)*exp(y)",
        "(x - 1)**2/(1 + y**2) + softplus(x)",
        "(tanh(x*y) - 1)**2 + log_cosh(x)",
        "((x*y)**3)**2",
        "(x**2)**1000",
    ],
)
def test_usual_losses_are_found(text):
    assert never_negative(term_of(text)[1], POSITIVE)

"""Losses whose derivatives jump are refused with the place; losses that only bend sharply are not."""

import re

import pytest

from eos_sweep.derivation import smoothness
from eos_sweep.errors import InputError
from helpers.losses import calculus_of

JUMPS = (
    "abs(x)", "relu(x)", "relu(x)**2", "min(x, 1)", "max(x**2, y)", "sign(x)*x", "select(x > 0, x, 2*x)",
    "select(x > 0, x**2, 0)", "select(x > 0, 1, 0) + x**2", "sqrt(abs(x))", "abs(x)**1.5", "relu(x - 3)**2",
    "relu(a*x - y)**2", "abs(abs(x) - 50)", "abs(x - 50)", "relu(tanh(x))", "select(x > 3 and y < 2, x**2, x) + y**2",
    "exp(30*abs(x))", "exp(-abs(x)*20)", "log(1 + abs(x))", "x**2 + 1e-3*abs(x)", "1e-3*relu(x - y)**2 + x**2",
    "select(abs(x) < 1, x**2/2, abs(x) - 1/2)", "select(abs(x) < d, x**2/2, d*(abs(x) - d/2))", "relu(x - 500)",
    "(abs(x) + 1)**0.5 + y**2", "max(0, 1 - x*y)**2", "1e6*x**2 + abs(y)", "x**4*abs(y)", "tanh(relu(x) + y)",
    "abs(a*x - y)*x**2", "select(not (x > 1), x, x**2)", "relu(relu(x) - 1)**2", "x**2 + sin(x)*sign(x)",
)  # fmt: skip
SMOOTH = (
    "abs(x)**3", "relu(x)**3", "relu(x)**4", "select(x > 0, x**4, x**3)", "select(x > 0, x**2, x*x)", "abs(x)**4",
    "abs(x)*x**2", "tanh(1000*x)", "exp(30*x)", "abs(x)**2.5", "relu(a*x - y)**3", "exp(30*x)*relu(x - 50)**3",
    "relu(x)**3 + 1e6*x**2", "min(x, y)**2 + max(x, y)**2", "abs(x)**2", "select(x > 0, exp(-1/x), 0)",
    "sign(x)*x**3", "abs(tanh(1000*x))**3", "abs(sin(x))**3", "relu(100*x - 3)**3",
    "select(x > 0, exp(x), 1 + x + x**2/2)", "log_cosh(x) + abs(y)**3", "relu(x*y - 1)**3",
    "select(x > 0, sqrt(x)**8, x**4)", "select(a > 0, x**2, x**4)", "sqrt(abs(x)**2 + 1)", "(x**2)**1.5 + y**2",
    "0.97*abs(0.18*w + 0.37*x + 0.3*y - 0.49*w*y)**3*(1 + 0.3*y) + 0.2*(w + x + y)**2",
    "select(x > y, (x - y)**4, 0) + x**2", "1e-6*abs(x)**3 + 1e6*y**2", "select(1 < 2, x**2, abs(x))",
)  # fmt: skip


@pytest.mark.parametrize("loss", JUMPS)
def test_jumps_are_refused_with_their_place(loss):
    with pytest.raises(InputError) as error:
        smoothness.check(calculus_of(loss))
    function, column = re.match(
        r"[a-z.]+: (\w+) at column (\d+) is not twice differentiable", str(error.value)
    ).groups()
    assert loss[int(column) - 1 :].startswith(function)


@pytest.mark.parametrize("loss", SMOOTH)
def test_sharp_bends_are_not(loss):
    smoothness.check(calculus_of(loss))


def test_the_place_is_on_the_border():
    with pytest.raises(InputError, match="as at x = 50"):
        smoothness.check(calculus_of("abs(x - 50)"))

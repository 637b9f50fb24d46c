"""A coordinate inside of a function that is zero at zero: a step multiplies it, so it has an exponent of its own."""

import gmpy2
import numpy as np
import pytest

import eos_sweep
from eos_sweep import models
from helpers import named_inputs as named

# Losses l(s) with the curvature one at zero, and their slopes in arithmetic of any precision.
LOSSES = {
    "log_cosh(x*y)": gmpy2.tanh,
    "x*y*arctan(x*y) - log(1 + (x*y)**2)/2": gmpy2.atan,
    "cosh(x*y)": gmpy2.sinh,
    "-cos(x*y)": gmpy2.sin,
    "sqrt(pi/2)*x*y*erf(x*y/sqrt(2)) + expm1(-(x*y)**2/2)": lambda s: (
        gmpy2.sqrt(gmpy2.const_pi() / 2) * gmpy2.erf(s / gmpy2.sqrt(gmpy2.mpfr(2)))
    ),
}
STEPS, ETA, RATE, GOAL, START = 3000, 0.9, 1e-3, 1.6, (1e-3, 1.05)


def exact(slope):
    """Return log10 |x| and y after each step, with unbounded exponents."""
    with gmpy2.context(precision=200, emin=gmpy2.get_emin_min()):
        eta, rate, goal, x, y = (gmpy2.mpfr(number) for number in (ETA, RATE, GOAL, *START))
        path = []
        for _ in range(STEPS):
            pull = slope(x * y)
            x, y = x - eta * pull * y, y - eta * (pull * x + rate * (y - goal))
            path.append((float(gmpy2.log10(abs(x))), float(y)))
    return np.array(path)


@pytest.mark.parametrize("loss", LOSSES)
def test_what_falls_below_the_smallest_double_grows_again(loss):
    """While eta y^2 < 2 x falls to 1e-600 and less; then it grows, and ends the growth of y."""
    formula = eos_sweep.model(f"{loss} + rate*(y - goal)**2/2", ["x", "y"])
    model = models.get(formula)
    assert "x" in model.CARRIED
    path, _ = named.states(model, STEPS, x=START[0], y=START[1], eta=ETA, rate=RATE, goal=GOAL)
    truth = exact(LOSSES[loss])
    assert truth[:, 0].min() < -400.0
    for step in range(100, STEPS, 100):
        x, y, *powers = path[step + 1]
        if truth[step, 0] < -6.0:  # beyond, rounding has been magnified
            assert abs(y.item() - truth[step, 1]) < 1e-9
            digits = np.log10(abs(x.item())) + 512 * powers[0].item() * np.log10(2.0)
            assert abs(digits - truth[step, 0]) < 1e-6 * abs(truth[step, 0])

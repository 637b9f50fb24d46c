"""Any formula at all is derived, or refused in one line that says why."""

import warnings

import gmpy2
import numpy as np
import pytest

from eos_sweep.checks.exact import arithmetic
from eos_sweep.errors import InputError
from eos_sweep.formulas.operations import FUNCTIONS
from helpers.losses import model_of

LEAVES = "x", "y", "x", "a", "0", "1", "2", "0.5", "1e-3", "1/3", "pi", "eta", "1e200", "-1"
REMEDIES = ")", "it", "300", "1024", "net", "fewer", "exponent"  # how messages end
COMPARISONS = "<", "<=", ">", ">=", "==", "!="


def formula(rng, depth):
    """Return a random formula, which need not make sense."""
    if depth == 0 or rng.random() < 0.1:
        return str(rng.choice(LEAVES))
    kind = rng.random()
    if kind < 0.5:
        sign = rng.choice(["+", "-", "*", "*", "/", "**"])
        return f"({formula(rng, depth - 1)}) {sign} ({formula(rng, depth - 1)})"
    function = str(rng.choice(list(FUNCTIONS)))
    operands = [formula(rng, depth - 1) for _ in range(FUNCTIONS[function])]
    if function == "select":
        operands[0] = f"{operands[0]} {rng.choice(COMPARISONS)} {formula(rng, 1)}"
    return f"{function}({', '.join(operands)})"


def assert_runs(model, rng):
    """Call all functions at eight points and in 100 bits: what they return may be no number, but has its shape."""
    theta = tuple(rng.uniform(-2.0, 2.0, 8) for _ in model.STATE) + tuple(np.zeros(8) for _ in model.CARRIED)
    p = tuple(rng.uniform(0.1, 1.0, 8) for _ in model.PARAMETERS)
    with np.errstate(all="ignore"):
        after = model.rescale(model.step(theta, p), p)
        loss = model.loss(theta, p)
        assert len(after) == len(theta) and all(np.shape(column) in ((), (8,)) for column in (*after, loss))
        assert model.hessian(theta, p).shape == (8, 2, 2)
        assert len(model.tangent(theta, p, theta[:2])) == 2
        for test in (model.settled(theta, p, loss, 1e-6), model.stable(model.curvature(theta, p), 2.0)):
            assert np.asarray(test).dtype == bool
        assert np.shape(model.remaining_loss(theta, p, loss)) in ((), (8,))
    exact = arithmetic.translated(model)
    with arithmetic.precise(100):
        state, q = ([gmpy2.mpfr(float(column[0])) for column in columns] for columns in (theta, p))
        assert len(exact.step(state, q)) == len(theta)
        right = np.broadcast_to(loss, 8)[0]
        np.testing.assert_allclose(float(exact.loss(state, q)), right, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_any_formula_is_derived_or_refused_in_one_line(seed):
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(6):
            loss = f"{formula(rng, int(rng.integers(1, 5)))} + x**2 + y**2"
            try:
                model = model_of(loss, ["x", "y"])
            except InputError as error:
                assert "\n" not in str(error) and str(error).endswith(REMEDIES)
            else:
                assert_runs(model, rng)

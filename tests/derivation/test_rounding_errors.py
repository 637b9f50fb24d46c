"""A term in doubles and the error that is derived of it are together the exact value, to first order."""

from fractions import Fraction

import gmpy2
import numpy as np
import pytest

from eos_sweep import functions, scalar
from eos_sweep.derivation import numeric
from eos_sweep.derivation.graph import reachable
from eos_sweep.derivation.rounding import rounding_error
from helpers.losses import EXACT, exact, polynomial, term_of


def doubles(term, values):
    """Return the value of a term in doubles, residuals included."""
    found = {}
    with np.errstate(all="ignore"):
        for part in reachable(term):
            operands = [found[operand.index] for operand in part.operands]
            if part.value is not None:
                found[part.index] = np.float64(float(part.value))
            elif part.op == "name":
                found[part.index] = np.float64(values[part.name])
            else:
                function = numeric.OPERATIONS.get(part.op) or getattr(scalar, part.op, None)
                found[part.index] = (function or getattr(functions, part.op))(*operands)
    return float(found[term.index])


def of_roots(term, numbers):
    """Return the value of a term with roots in the precision of its numbers."""
    found = {}
    for part in reachable(term):
        operands = [found[operand.index] for operand in part.operands]
        if part.value is not None:
            found[part.index] = gmpy2.mpfr(part.value)
        else:
            known = EXACT | {"sqrt": gmpy2.sqrt}
            found[part.index] = numbers[part.name] if part.op == "name" else known[part.op](*operands)
    return found[term.index]


def sizes(term, values):
    """Return the largest size of all parts of a term, of which the error is a share."""
    return max(abs(float(exact(part, values))) for part in reachable(term))


@pytest.mark.parametrize("seed", range(80))
def test_of_polynomials(seed):
    rng = np.random.default_rng(seed)
    g, term = term_of(polynomial(rng))
    error = rounding_error(g, term)
    for _ in range(5):
        values = {part.name: float(rng.uniform(-2.0, 2.0)) for part in reachable(term) if part.op == "name"}
        right, found = exact(term, values, True), Fraction(doubles(term, values)) + Fraction(doubles(error, values))
        assert abs(found - right) <= 1e-28 * sizes(term, values)


@pytest.mark.parametrize("text", ["x/y", "x/y + y/x", "(x*y - 1)/(x + 3*y)", "1/(1 + x*x)", "x/y/z", "a*x/(b*y)"])
def test_of_quotients(text):
    rng = np.random.default_rng(0)
    g, term = term_of(text)
    error = rounding_error(g, term)
    for _ in range(200):
        values = {name: float(rng.uniform(0.5, 2.0)) for name in "abxyz"}
        right, found = exact(term, values), Fraction(doubles(term, values)) + Fraction(doubles(error, values))
        assert abs(found - right) <= 1e-29 * max(abs(right), 1)


@pytest.mark.parametrize("text", ["sqrt(x)", "sqrt(x*x + y*y)", "y*sqrt(x)/4", "sqrt(sqrt(x) + y)"])
def test_of_roots(text):
    rng = np.random.default_rng(0)
    g, term = term_of(text)
    error = rounding_error(g, term)
    for _ in range(100):
        values = {name: float(rng.uniform(0.01, 2.0)) for name in "xy"}
        with gmpy2.context(precision=300):
            numbers = {name: gmpy2.mpfr(value) for name, value in values.items()}
            right = of_roots(term, numbers)
            found = gmpy2.mpfr(doubles(term, values)) + gmpy2.mpfr(doubles(error, values))
            assert abs(found - right) <= 1e-25


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("sqrt(x)", {"x": 0.0}),
        ("sqrt(x*y)", {"x": 0.0, "y": 2.0}),
        ("x/y", {"x": 0.0, "y": 2.0}),
        ("x*y", {"x": 0.0, "y": 2.0}),
    ],
)
def test_at_zero_is_zero(text, values):
    g, term = term_of(text)
    assert doubles(rounding_error(g, term), values) == 0.0


@pytest.mark.parametrize("text", ["x", "2*x", "x/4", "-x", "3", "x*0.5"])
def test_of_exact_operations_is_none(text):
    g, term = term_of(text)
    assert rounding_error(g, term).is_zero


def test_residuals_of_quotients_and_roots_are_those_of_a_fused_operation():
    """So NumPy, which has none, computes the bits of a kernel."""
    rng = np.random.default_rng(0)
    one, other = (rng.uniform(0.5, 2.0, 20000) * 2.0 ** rng.integers(-40, 40, 20000) for _ in range(2))
    quotient, root = one / other, np.sqrt(one)
    for factor, second, product in ((quotient, other, one), (root, root, one)):
        found = scalar.residual(factor, second, product)
        right = [
            float(Fraction(a) * Fraction(b) - Fraction(c))
            for a, b, c in zip(factor.tolist(), second.tolist(), product.tolist(), strict=True)
        ]
        np.testing.assert_array_equal(found, right)

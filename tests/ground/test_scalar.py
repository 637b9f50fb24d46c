"""What a product was rounded by, and polynomials, in NumPy and in compiled code."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from eos_sweep import scalar


@njit
def compiled(one, other):
    return scalar.residual(one, other, one * other)


number = st.floats(1e-60, 1e60) | st.floats(-1e60, -1e-60)


@given(number, number)
def test_a_residual_is_exact_both_ways(one, other):
    right = Fraction(one) * Fraction(other) - Fraction(one * other)
    assert Fraction(compiled(one, other)) == right
    assert Fraction(float(scalar.residual(np.float64(one), np.float64(other), np.float64(one * other)))) == right


def by_length(length):
    coefficients = tuple(1.0 / (k + 3) for k in range(length))
    return coefficients, njit(lambda x: scalar.polynomial(x, coefficients))


POLYNOMIALS = [by_length(length) for length in (1, 2, 3, 5, 8, 11)]


@given(st.floats(-2, 2))
def test_a_polynomial_is_right_and_the_same_both_ways(x):
    for coefficients, evaluate in POLYNOMIALS:
        right = sum(Fraction(c) * Fraction(x) ** k for k, c in enumerate(coefficients))
        size = sum(c * abs(x) ** k for k, c in enumerate(coefficients))
        assert evaluate(x) == scalar.polynomial(np.float64(x), coefficients)
        assert abs(Fraction(evaluate(x)) - right) <= 1e-15 * size

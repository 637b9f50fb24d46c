"""What a product was rounded by, in NumPy and in compiled code."""

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

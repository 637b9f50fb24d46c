"""Counting ones, powers of two, and the parts of doubles, in NumPy and in compiled code."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from eos_sweep import bits


@njit
def compiled(value):
    return bits.population(value), bits.lowest(value)


@given(st.integers(0, 2**62))
def test_both_ways_count_alike(value):
    number = np.int64(value)
    right = value.bit_count(), (value & -value).bit_length() - 1 if value else 64
    assert compiled(number) == right
    assert (bits.population(number), bits.lowest(number)) == right


@njit
def compiled_power(shifted):
    return bits.power(shifted)


@given(st.integers(-1022, 1023))
def test_both_ways_give_the_power_of_two(n):
    shifted = np.float64(1.5 * 2.0**52 + (n + 1023))
    assert compiled_power(shifted) == bits.power(shifted) == 2.0**n


def test_the_least_power_is_zero():
    shifted = np.full(3, 1.5 * 2.0**52)
    assert (bits.power(shifted) == 0.0).all() and compiled_power(shifted[0]) == 0.0


@njit
def compiled_parts(number):
    return bits.exponent_of(number), bits.mantissa_of(number)


@given(st.floats(2.0**-1022, allow_infinity=False))
def test_both_ways_take_a_number_apart(value):
    number = np.float64(value)
    exponent, mantissa = bits.exponent_of(number), bits.mantissa_of(number)
    assert compiled_parts(number) == (exponent, mantissa)
    assert np.ldexp(mantissa, int(exponent)) == value and 0.7071067811865475 < mantissa < 1.4142135623730951


def test_any_double_can_be_taken_apart():
    for value in (0.0, -0.0, 5e-324, -3.0, np.inf, -np.inf, np.nan, -np.nan):
        parts = bits.exponent_of(np.float64(value)), bits.mantissa_of(np.float64(value))
        assert np.isfinite(parts).all() and np.isfinite(compiled_parts(value)).all()

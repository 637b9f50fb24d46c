"""Counting ones, and powers of two, in NumPy and in compiled code."""

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

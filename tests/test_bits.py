"""Counting ones in NumPy and in compiled code."""

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

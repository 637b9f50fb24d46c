"""Draws of many seeds at once have the bits of NumPy's generator of each."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eos_sweep.formulas import seeded_draws

words = st.integers(0, 2**32 - 1)
EDGES = [0, 1, 2**32 - 1, 2**32, 2**32 + 1, 2**53 - 1]


@pytest.mark.parametrize("kind, method", [("uniform", "random"), ("normal", "standard_normal")])
@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2**53 - 1), min_size=1, max_size=20), words, words)
@example(EDGES, 0, 0)
@example(EDGES, 2**32 - 1, 2**32 - 1)
@example(list(range(2000)), 123456789, 1)  # a normal draw of one in a hundred takes more than one word
def test_they_are_the_first_numbers_of_a_generator_for_each_seed(kind, method, seeds, target, index):
    expected = [getattr(np.random.default_rng([seed, target, index]), method)() for seed in seeds]
    found = getattr(seeded_draws, kind)(np.array(seeds, dtype=float), target, index)
    assert found.tobytes() == np.array(expected).tobytes()

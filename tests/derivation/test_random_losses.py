"""Random losses are derived without a fault, and their kernels compute the bits of NumPy."""

import pytest

from programs.random_losses import main


@pytest.mark.slow
@pytest.mark.parametrize("functions", [False, True])
def test_random_losses(functions):
    assert not main(count=30, seed=1000, kernels=1, functions=functions)

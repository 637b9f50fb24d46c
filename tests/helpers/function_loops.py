"""A special function compiled into a loop over lanes, as a kernel has it."""

import numpy as np
from numba import njit

from eos_sweep.engine import lanes


def loop(function):
    """Return a compiled loop over lanes."""

    @njit(error_model="numpy")
    def run(x, out):
        lanes.wide()
        for start in range(0, len(x), lanes.WIDTH):
            for lane in range(lanes.WIDTH):
                out[start + lane] = function(x[start + lane])

    return run


def padded(x):
    """Return an array that is repeated from its start up to a multiple of the lanes."""
    return np.resize(x, -(-len(x) // lanes.WIDTH) * lanes.WIDTH)

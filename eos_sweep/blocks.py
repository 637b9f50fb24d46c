"""How a grid is cut into the blocks that tasks compute."""

import math

import numpy as np

from eos_sweep import schema
from eos_sweep.bounds import MOST_BLOCKS, MOST_CELLS, check_run
from eos_sweep.contract import is_array
from eos_sweep.spec import Sweep

BLOCK_STEPS = 2**29, 2**31  # steps of one task: one to some seconds of work ...
BLOCK_BYTES = 2**26  # ... unless its results take more memory than this
QUICK, FEWEST = 2**26, 4  # a sweep of more steps than this has at least so many blocks: something to do for each core
NETWORKS = 256  # blocks of a sweep of an array model, at most: a trajectory each, if there are no more than these
BLOCKS = 64  # wanted within these bounds, so that the last one leaves the other cores idle only shortly


def block_shape(sweep: Sweep) -> tuple[int, ...]:
    """Return the shape of the blocks that tasks compute: the spec's chunks, or some seconds of work.

    Raises:
        SpecError: no run can be so large.
    """
    check_run(sweep.size)
    if sweep.chunks:
        return tuple(sweep.chunks.get(name, size) for name, size in zip(sweep.dims, sweep.shape, strict=True))
    size = -(-sweep.size // NETWORKS) if is_array(sweep.module) else _lanes_of_a_block(sweep)
    size = min(max(size, -(-sweep.size // MOST_BLOCKS)), MOST_CELLS)
    block = list(sweep.shape)
    while math.prod(block) > size:
        longest = block.index(max(block))
        block[longest] = -(-block[longest] // 2)
    return tuple(block)


def _lanes_of_a_block(sweep: Sweep) -> int:
    """Return how many trajectories of lanes are some seconds of work."""
    width = sum(dtype.itemsize for dtype in schema.dtypes(sweep).values())
    least, most = (steps // sweep.steps for steps in BLOCK_STEPS)
    size = min(int(np.clip(sweep.size // BLOCKS, least, most)), BLOCK_BYTES // width)
    if sweep.size * sweep.steps > QUICK:
        size = min(size, -(-sweep.size // FEWEST))
    return max(size, 256)

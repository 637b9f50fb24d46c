"""How a grid is cut into the blocks that tasks compute."""

import math

import numpy as np

from eos_sweep.contract import is_array
from eos_sweep.spec.sizes import MAX_BLOCK_CELLS, MAX_BLOCKS, check_chunks, check_run
from eos_sweep.spec.sweeps import Sweep

MIN_BLOCK_STEPS, MAX_BLOCK_STEPS = 2**29, 2**31  # steps of a task: one second of work, or a few
MAX_BLOCK_BYTES = 2**26  # results of a task
MIN_BLOCK_CELLS = 256
TARGET_BLOCKS = 64  # within these bounds, so that cores are idle only briefly while the last block is computed
MIN_SHARED_STEPS = 2**26  # a sweep of more steps than this has at least MIN_BLOCKS blocks, to occupy several cores
MIN_BLOCKS = 4
MAX_NETWORK_BLOCKS = 256  # of a sweep of an array model; with fewer trajectories, each is a block


def block_shape(sweep: Sweep) -> tuple[int, ...]:
    """Return the shape of the blocks that tasks compute: the spec's chunks, or a few seconds of work.

    Raises
    ------
    SpecError
        If the sweep is too large for any run.
    """
    check_run(sweep.size)
    if sweep.chunks:
        return tuple(sweep.chunks.get(name, size) for name, size in zip(sweep.dims, sweep.shape, strict=True))
    size = -(-sweep.size // MAX_NETWORK_BLOCKS) if is_array(sweep.module) else _lanes_of_a_block(sweep)
    size = min(max(size, -(-sweep.size // MAX_BLOCKS)), MAX_BLOCK_CELLS)
    block = list(sweep.shape)
    while math.prod(block) > size:
        longest = block.index(max(block))
        block[longest] = -(-block[longest] // 2)
    while math.prod(grid := grid_of(sweep.shape, tuple(block))) > MAX_BLOCKS:  # halves may be too small
        most = grid.index(max(grid))
        block[most] = min(2 * block[most], sweep.shape[most])
    check_chunks(dict(zip(sweep.dims, block, strict=True)), dict(zip(sweep.dims, sweep.shape, strict=True)))
    return tuple(block)


def _lanes_of_a_block(sweep: Sweep) -> int:
    """Return how many trajectories of a model in lanes are a few seconds of work."""
    fewest, most = MIN_BLOCK_STEPS // sweep.steps, MAX_BLOCK_STEPS // sweep.steps
    size = min(int(np.clip(sweep.size // TARGET_BLOCKS, fewest, most)), MAX_BLOCK_BYTES // cell_bytes(sweep))
    if sweep.size * sweep.steps > MIN_SHARED_STEPS:
        size = min(size, -(-sweep.size // MIN_BLOCKS))
    return max(size, MIN_BLOCK_CELLS)


def cell_bytes(sweep: Sweep) -> int:
    """Return the bytes of all variables of one cell."""
    return sum(np.dtype(variable.dtype).itemsize for variable in sweep.stored.values())


def grid_of(shape: tuple[int, ...], block: tuple[int, ...]) -> tuple[int, ...]:
    """Return the number of blocks along each axis of a grid."""
    return tuple(-(-size // part) for size, part in zip(shape, block, strict=True))


def region_of(block: tuple[int, ...], block_shape: tuple[int, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Return the place of a block in a grid."""
    sizes = zip(block, block_shape, shape, strict=True)
    return tuple(slice(i * size, min((i + 1) * size, end)) for i, size, end in sizes)

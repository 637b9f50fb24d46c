"""How large a sweep may be.

The limits are above the size of any sweep that could be finished, and low enough for the tables of a run to fit in
memory.
"""

import math
from collections.abc import Mapping

from eos_sweep.errors import SpecError, closest, named, short

MAX_BLOCK_CELLS = 2**24  # a task holds the results of a block
MAX_BLOCKS = 2**22  # a run holds the ledger of all blocks
MAX_TRAJECTORIES = 2**63 - 1  # they are counted in 64 bits
MAX_STEPS = 2_000_000_000


def check_size(size: int) -> None:
    """Raise SpecError if so many trajectories cannot be counted."""
    if size > MAX_TRAJECTORIES:
        raise SpecError(f"axes: {size} trajectories; give fewer values, so that there are at most {MAX_TRAJECTORIES}")


def check_run(size: int) -> None:
    """Raise SpecError if so many trajectories cannot be run, however they are cut into blocks."""
    most = MAX_BLOCK_CELLS * MAX_BLOCKS
    if size > most:
        raise SpecError(f"axes: {size} trajectories; a run takes at most {most}, so give fewer values")


def check_chunks(chunks: Mapping[str, int], sizes: Mapping[str, int]) -> None:
    """Check the size of a block along some axes.

    Parameters
    ----------
    chunks
        Axis -> size of a block, not larger than the axis.
    sizes
        Axis -> number of its values.

    Raises
    ------
    SpecError
        If an axis does not exist, blocks are too large, or there are too many of them.
    """
    for name, size in chunks.items():
        if name not in sizes:
            unknown = f"chunks.{named(name)}: got {short(size)}, but the sweep has no such axis"
            raise SpecError(f"{unknown}; {closest(name, sizes)}")
    block = {**sizes, **chunks} if chunks else {}
    cells, count = math.prod(block.values()), math.prod(-(-sizes[name] // part) for name, part in block.items())
    if cells > MAX_BLOCK_CELLS:
        raise SpecError(f"chunks: blocks of {cells} trajectories; make them smaller, of at most {MAX_BLOCK_CELLS}")
    if count > MAX_BLOCKS:
        raise SpecError(f"chunks: {count} blocks; make them larger, so that there are at most {MAX_BLOCKS}")

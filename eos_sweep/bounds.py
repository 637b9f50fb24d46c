"""How large a sweep may be: larger than what comes to an end, so small that the tables of a run fit in memory."""

import math
from collections.abc import Mapping, Sequence

from eos_sweep.axes import Axis, SpecError, closest, short
from eos_sweep.errors import named

MOST_CELLS, MOST_BLOCKS = 2**24, 2**22  # of a block, whose results a task holds; of a grid, whose ledger a run holds
MOST = 2**63 - 1  # trajectories, which are counted in 64 bits
MOST_STEPS = 2_000_000_000


def check_size(size: int) -> None:
    """Raise SpecError if so many trajectories cannot be counted."""
    if size > MOST:
        raise SpecError(f"axes: {size} trajectories; give fewer values, so that there are at most {MOST}")


def check_run(size: int) -> None:
    """Raise SpecError if so many trajectories cannot be run, in whatever blocks."""
    most = MOST_CELLS * MOST_BLOCKS
    if size > most:
        raise SpecError(f"axes: {size} trajectories; a run takes at most {most}, so give fewer values")


def fitted(chunks: Mapping[str, int], axes: Sequence[Axis]) -> dict[str, int]:
    """Return the size of a block along the axes that have one, none larger than its axis.

    Raises:
        SpecError: no such axis, blocks that are too large, or too many of them.
    """
    sizes = {axis.name: axis.values.size for axis in axes}
    for name, size in chunks.items():
        if name not in sizes:
            unknown = f"chunks.{named(name)}: got {short(size)}, but there is no such axis"
            raise SpecError(f"{unknown}; {closest(name, sizes)}")
    found = {name: min(size, sizes[name]) for name, size in chunks.items()}
    block = {**sizes, **found} if found else {}
    cells, count = math.prod(block.values()), math.prod(-(-sizes[name] // part) for name, part in block.items())
    if cells > MOST_CELLS:
        raise SpecError(f"chunks: blocks of {cells} trajectories; make them smaller, of at most {MOST_CELLS}")
    if count > MOST_BLOCKS:
        raise SpecError(f"chunks: {count} blocks; make them larger, so that there are at most {MOST_BLOCKS}")
    return found

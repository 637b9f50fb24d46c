"""What the checkpoints of a store keep of trajectories that are not done, in numbers and in words."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import is_array
from eos_sweep.store import checkpoints
from eos_sweep.store.checkpoints import BLOCK
from eos_sweep.store.files import CHECKPOINTS
from eos_sweep.store.store import Store

MOST_BYTES = 2**28  # of a checkpoint that is read to be told of
AGE, WORK = "present/course/age", "result/work"  # as eos_sweep.engine.networks.driver names them


class Kept(NamedTuple):
    """How far some trajectories of a block are, one after another."""

    block: str
    cell: int  # the first of them
    done: int  # trajectories that have ended
    step: int  # of the one after these
    steps: int  # of all
    seconds: float  # of one core


def found(store: Store) -> list[Kept]:
    """Return what is kept of blocks that are not done; nothing is told of a checkpoint that is damaged or enormous."""
    if not is_array(store.sweep.module):
        return []
    done, places = store.done(), []
    for name in store.location.names(CHECKPOINTS):
        block = tuple(map(int, name.split("."))) if BLOCK.fullmatch(name) else ()
        if len(block) == done.ndim and all(np.less(block, done.shape)) and not done[block]:
            cells = store.location.names(f"{CHECKPOINTS}/{name}")
            places += [(block, int(cell)) for cell in cells if cell.isdecimal()]
    told = [_told(store, block, cell) for block, cell in sorted(places)]
    return [one for one in told if one]


def _told(store: Store, block: tuple[int, ...], cell: int) -> Kept | None:
    content = store.location.read(f"{CHECKPOINTS}/{'.'.join(map(str, block))}/{cell}", MOST_BYTES)
    try:
        about, arrays = checkpoints.decode(content or b"")
        done, step, seconds = int(arrays["done"]), int(arrays[AGE]), float(about["seconds"])
        steps = step + int(arrays[WORK].sum() if done else 0)
        if min(done, step, steps) < 0 or not 0 <= seconds < math.inf:
            return None
        return Kept(",".join(map(str, block)), cell, done, step, steps, seconds)
    except (ValueError, LookupError, TypeError, OverflowError):  # Damaged is a ValueError
        return None


def words(some: Sequence[Kept], budget: int) -> str:
    """Return in words what is kept; nothing if that is nothing.

    Examples
    --------
    >>> from eos_sweep.store.kept import Kept, words
    >>> words([Kept("0,0", 0, 0, 1400, 1400, 2.0), Kept("1,0", 0, 3, 200, 9200, 13.0)], 3000)
    '2 trajectories at steps 200 to 1,400 of at most 3,000, and 3 that have ended before them'
    """
    if not some:
        return ""
    ages, ended = sorted({one.step for one in some}), sum(one.done for one in some)
    at = f"steps {ages[0]:,} to {ages[-1]:,}" if len(ages) > 1 else f"step {ages[0]:,}"
    which = "1 trajectory" if len(some) == 1 else f"{len(some):,} trajectories"
    return f"{which} at {at} of at most {budget:,}" + f", and {ended:,} that have ended before them" * bool(ended)


def as_plain(some: Sequence[Kept]) -> list[dict[str, Any]]:
    """Return what is kept for JSON."""
    return [one._asdict() for one in some]

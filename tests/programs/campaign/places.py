"""What a change of a store works on, and what it has done."""

import random
from pathlib import Path
from typing import NamedTuple

EVERYTHING, NOTHING = "everything", "nothing"
# What takes seconds and gigabytes.
RARELY = dict.fromkeys(
    ["a link without end", "a gigabyte", "a gigabyte unpacked", "a gigabyte of metadata", "a gigabyte of zeros"], 0.3
)


class Mutation(NamedTuple):
    """What was changed."""

    kind: str
    where: str
    lost: str | tuple[int, ...]  # what has to be computed again at most: a block, EVERYTHING or NOTHING
    claimed: bool = True  # whether the ledger claims what was changed


class Place(NamedTuple):
    """A store that is to be changed, and what lies around it."""

    store: Path
    outside: Path  # a folder of somebody else
    other: Path  # the store of another sweep, with the same files
    older: Path  # the same store with older labels
    done: frozenset[tuple[int, ...]]  # blocks that are finished
    draw: random.Random

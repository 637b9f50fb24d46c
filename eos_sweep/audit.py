"""Looks whether what a store says is done is there as it was written, chunk by chunk, by their checksums."""

import itertools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from eos_sweep.store import Store

LOG = logging.getLogger("eos_sweep")
AT_ONCE = 2**8  # blocks
THREADS = 8  # which wait for the disk or the network


def damaged(
    store: Store, tell: Callable[[str, int, int], None] = lambda what, done, total: None
) -> dict[tuple[int, ...], list[str]]:
    """Return block -> variables of which a chunk is missing or not as it was written.

    Parameters
    ----------
    store
        Of which all blocks are read that the ledger has, completely or in part.
    tell
        Is told how far that is.
    """
    blocks = iter(np.argwhere(store.extent.all(axis=-1)))
    total, done = int(store.extent.all(axis=-1).sum()), 0
    found: dict[tuple[int, ...], list[str]] = {}
    with ThreadPoolExecutor(THREADS) as threads:
        while some := [tuple(int(i) for i in block) for block in itertools.islice(blocks, AT_ONCE)]:
            found |= {
                block: names for block, names in zip(some, threads.map(store.damaged, some), strict=True) if names
            }
            done += len(some)
            tell("blocks checked", done, total)
    return found


def mend(store: Store) -> int:
    """Have all damaged blocks computed again; return how many they are."""
    found = damaged(store)
    store.ledger.forget(found)
    for block, names in found.items():
        LOG.warning("block %s: %s damaged or missing; computed again", ",".join(map(str, block)), ", ".join(names))
    return len(found)

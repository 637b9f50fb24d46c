"""What is known of a block before it is computed: by its own store, or by others from which it takes over cells."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep.spec.labels import LABELS
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.reuse import Source
from eos_sweep.store.store import Store


class Part(NamedTuple):
    """Some cells of a block.

    Attributes
    ----------
    cells : ndarray
        Their flat indices within the block.
    values : mapping
        Variable -> what is known of them.
    missing : tuple of str
        The variables that are computed.
    own, reused : bool
        Whether the store itself knows them, or another one.
    """

    cells: np.ndarray
    values: Mapping[str, np.ndarray]
    missing: tuple[str, ...]
    own: bool = False
    reused: bool = False


def parts(store: Store, block: tuple[int, ...], known: tuple[int, ...], sources: Sequence[Source]) -> list[Part]:
    """Return the cells of a block by what is known of them; the first of the sources that knows a cell gives it."""
    wanted = np.ones([part.stop - part.start for part in store.region(block)], bool)
    found = []
    if all(known) and not set(store.damaged(block)) - set(LABELS):
        corner = tuple(slice(size) for size in known)
        wanted[corner] = False
        cells = np.flatnonzero(~wanted)
        values = {name: store.read(block, name).reshape(-1)[cells] for name in store.sweep.variables}
        found.append(Part(cells, values, (), own=True))
    for source in sources:
        cells, values = source.take(store.region(block), wanted)
        if cells.size:
            wanted.reshape(-1)[cells] = False
            found.append(Part(cells, values, source.missing, reused=True))
    if wanted.any():
        found.append(Part(np.flatnonzero(wanted), {}, store.sweep.variables))
    return found


def computed(sweep: Sweep, sources: Sequence[Source]) -> list[tuple[str, ...]]:
    """Return the lists of variables that are computed together: all of them, and those that a source lacks."""
    lacking = dict.fromkeys(source.missing for source in sources)
    return [sweep.variables, *(names for names in lacking if names)]

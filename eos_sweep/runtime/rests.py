"""What a run would still compute of a sweep of which other stores have a part: how many cells, and random ones of them.

Only the ledgers of these stores are read, so damage is not seen.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.blocks import grid_of, region_of

if TYPE_CHECKING:
    from eos_sweep.store.reuse import Source


class Rest(NamedTuple):
    """Cells for which the same variables are computed.

    Attributes
    ----------
    variables : tuple of str
        These variables.
    counts : mapping
        Block -> the number of such cells in it, of the blocks that have any; None if these are all cells of the sweep.
    size : int
        The number of such cells.
    """

    variables: tuple[str, ...]
    counts: Mapping[tuple[int, ...], int] | None
    size: int


def rests(sweep: Sweep, shape: tuple[int, ...], sources: Sequence["Source"]) -> list[Rest]:
    """Return what is left to compute of a sweep in blocks of a shape, apart by the variables that are missing."""
    if not sources:
        return [Rest(sweep.variables, None, sweep.size)]
    counts: dict[tuple[str, ...], dict[tuple[int, ...], int]] = {}
    for block in np.ndindex(*grid_of(sweep.shape, shape)):
        for variables, cells in _parts(sweep, region_of(block, shape, sweep.shape), sources):
            counts.setdefault(variables, {})[block] = cells.size
    return [Rest(variables, found, sum(found.values())) for variables, found in counts.items()]


def random_cells(
    sweep: Sweep, shape: tuple[int, ...], sources: Sequence["Source"], rest: Rest, number: int, seed: int
) -> dict[str, np.ndarray]:
    """Return axis -> the indices of ``number`` random cells of a rest; a cell may come twice."""
    rng = np.random.default_rng(seed)
    if rest.counts is None:
        return {name: rng.integers(size, size=number) for name, size in zip(sweep.dims, sweep.shape, strict=True)}
    blocks, counts = [*rest.counts], np.array([*rest.counts.values()])
    drawn = rng.choice(len(blocks), size=number, p=counts / counts.sum())
    found = []
    for index, repeats in zip(*np.unique(drawn, return_counts=True), strict=True):
        region = region_of(blocks[index], shape, sweep.shape)
        (cells,) = (cells for variables, cells in _parts(sweep, region, sources) if variables == rest.variables)
        places = np.unravel_index(rng.choice(cells, size=repeats), [part.stop - part.start for part in region])
        found.append([place + part.start for place, part in zip(places, region, strict=True)])
    return dict(zip(sweep.dims, np.concatenate(found, axis=1), strict=True))


def _parts(
    sweep: Sweep, region: tuple[slice, ...], sources: Sequence["Source"]
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """Yield the variables that are missing in a region, and the flat indices of the cells that lack them, once each."""
    sizes = [part.stop - part.start for part in region]
    unknown = np.ones(sizes, bool)
    found: dict[tuple[str, ...], np.ndarray] = {}
    for source in sources:
        known = source.known(region) & unknown
        unknown &= ~known
        found.setdefault(source.missing, np.zeros(math.prod(sizes), bool))[:] |= known.reshape(-1)
    found.setdefault(sweep.variables, np.zeros(math.prod(sizes), bool))[:] |= unknown.reshape(-1)
    for variables, there in found.items():
        if variables and there.any():
            yield variables, np.flatnonzero(there)

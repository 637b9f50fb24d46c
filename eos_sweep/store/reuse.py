"""What a store takes over from another one: the cells whose trajectories are the same, bit for bit.

The other store may have other axes, other blocks and other observables.  Blocks of it that are not computed, or are
damaged, count as not there.
"""

import functools
import itertools
import logging
import math
from collections.abc import Hashable
from pathlib import Path

import numpy as np

from eos_sweep.errors import SpecError, short
from eos_sweep.spec.labels import LABELS
from eos_sweep.spec.overlap import Overlap, obstacles, shared
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import provenance, spec_hash
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
WASTE = 8  # how many times as many cells may be read as are needed, since a box of them is read quickest
OVERLAPS = 4  # that are kept
NOTHING: tuple[np.ndarray, dict[str, np.ndarray]] = np.zeros(0, np.int64), {}
Region = tuple[slice, ...]


class Source:
    """A store from which another one takes over what it has.

    Parameters
    ----------
    store
        The store to read.
    sweep
        The sweep of the other one.

    Raises
    ------
    SpecError
        If they have no trajectory in common.

    Attributes
    ----------
    variables : tuple of str
        The variables that are taken over.
    missing : tuple of str
        Those that the store lacks, so that they are computed for the cells that it has.
    size : int
        The number of trajectories that both sweeps have, whether they are computed or not.
    """

    def __init__(self, store: Store, sweep: Sweep):
        self.store, self._sweep = store, sweep
        remedy = "run without --reuse, which computes all of it"
        if why := obstacles(store.sweep, sweep):
            raise SpecError(f"{store.location}: nothing of it can be reused; {remedy}. The differences:", *why)
        self._shared = _overlap(store.sweep, sweep)
        self.variables, self.size = self._shared.variables, self._shared.size
        self.missing = tuple(name for name in sweep.variables if name not in self.variables)
        if not self.size:
            apart = [name for name, places in self._shared.there.items() if not places.size]
            apart = apart or [name for name, places in self._shared.here.items() if not places.size]
            raise SpecError(
                f"{store.location}: has no trajectory of this sweep, and none of its {', '.join(apart)}; {remedy}"
            )
        self._sound = functools.cache(self._is_sound)

    def of(self, sweep: Sweep) -> "Source":
        """Return the source of the same store for a sweep, which is this one if both are the same sweep."""
        return self if _identity(sweep) == _identity(self._sweep) else Source(self.store, sweep)

    def take(self, region: Region, wanted: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return what the store has of a region of the other one.

        Parameters
        ----------
        region
            A slice of each axis of the other sweep.
        wanted
            Which cells of it to look for, a bool for each.

        Returns
        -------
        cells : ndarray
            Flat indices of the cells that are found, within the region.
        values : dict
            Variable -> its values there.

        Raises
        ------
        Stopped
            If the store was deleted, replaced or relabelled since it was opened.
        """
        rows, picked = self._places(region)
        if not all(places.size for places in rows):
            return NOTHING
        self.store.checked()
        computed, sound = self._computed(picked)
        found = self._turned(computed, rows) & wanted[np.ix_(*rows)]
        if not found.any():
            return NOTHING
        cells = np.asarray(np.ravel_multi_index(np.ix_(*rows), wanted.shape))[found]
        box = tuple(slice(int(places.min()), int(places.max()) + 1) for places in picked)
        if sound and math.prod(part.stop - part.start for part in box) <= WASTE * cells.size:
            within = np.ix_(*(places - part.start for places, part in zip(picked, box, strict=True)))
            values = {name: self._turned(self.store.values(name, box)[within], rows)[found] for name in self.variables}
        else:
            there = tuple(self._turned(places, rows)[found] for places in np.broadcast_arrays(*np.ix_(*picked)))
            values = {name: self.store.values(name, there) for name in self.variables}
        self.store.checked()  # what was read is of the store whose ledger says that it is computed
        return cells, values

    def known(self, region: Region) -> np.ndarray:
        """Return which cells of a region of the other sweep are computed here, a bool for each; nothing is read."""
        rows, picked = self._places(region)
        found = np.zeros([part.stop - part.start for part in region], bool)
        if all(places.size for places in rows):
            found[np.ix_(*rows)] = self._turned(self._computed(picked, checked=False)[0], rows)
        return found

    def _places(self, region: Region) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the indices within a region, and those in the store, of the values that both have, for each axis."""
        some = {}
        for name, part in zip(self._sweep.dims, region, strict=True):
            begin, end = (int(np.searchsorted(self._shared.here[name], edge)) for edge in (part.start, part.stop))
            some[name] = slice(begin, end)
        rows = [
            self._shared.here[name][some[name]] - part.start
            for name, part in zip(self._sweep.dims, region, strict=True)
        ]
        return rows, [self._shared.there[name][some.get(name, slice(None))] for name in self.store.sweep.dims]

    def _computed(self, picked: list[np.ndarray], checked: bool = True) -> tuple[np.ndarray, bool]:
        """Return which cells of a grid of indices are computed and undamaged, and whether none is damaged.

        Damage is looked for if ``checked``.
        """
        pairs = [np.divmod(places, size) for places, size in zip(picked, self.store.block_shape, strict=True)]
        blocks = [np.unique(block, return_inverse=True) for block, _ in pairs]
        grid = itertools.product(*(these for these, _ in blocks))
        sound = np.reshape(
            [not checked or self._sound(tuple(map(int, block))) for block in grid],
            [these.size for these, _ in blocks],
        )
        extent = self.store.extent[np.ix_(*(block for block, _ in pairs))]
        found = sound[np.ix_(*(inverse for _, inverse in blocks))]
        for axis, (_, within) in enumerate(pairs):
            found = found & (extent[..., axis] > within.reshape([-1 if k == axis else 1 for k in range(len(pairs))]))
        return found, bool(sound.all())

    def _is_sound(self, block: tuple[int, ...]) -> bool:
        """Return whether a block is as it was written, as far as it is computed."""
        if not self.store.extent[block].all():
            return True
        if wrong := [name for name in self.store.damaged(block) if name not in LABELS]:
            LOG.warning("%s: %s of block %s is damaged, and not reused", self.store.path, ", ".join(wrong), block)
        return not wrong

    def _turned(self, values: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
        """Return an array over the axes of the store as one over those of the other sweep."""
        old, new = self.store.sweep.dims, self._sweep.dims
        values = values[
            tuple(slice(None) if name in new else 0 for name in old)
        ]  # one index of each that is no axis now
        kept = [name for name in old if name in new]
        values = values.transpose([kept.index(name) for name in new if name in kept])
        values = values[tuple(slice(None) if name in kept else None for name in new)]
        return np.broadcast_to(values, [places.size for places in rows])


def _identity(sweep: Sweep) -> Hashable:
    return sweep.hash, sweep.dims, sweep.variables


_overlaps: dict[Hashable, Overlap] = {}


def _overlap(old: Sweep, new: Sweep) -> Overlap:
    """Return what two sweeps share: the last few are kept, since threads of a run open its stores once more.

    A million points take 2.5 s.
    """
    key = _identity(old), _identity(new)
    if (found := _overlaps.get(key)) is None:
        for oldest in [*_overlaps][: 1 - OVERLAPS]:
            _overlaps.pop(oldest, None)
        found = _overlaps[key] = shared(old, new)
    return found


def open_source(place: str | Path | Location) -> Store:
    """Open a store of which another one is to take over what it can.

    Raises
    ------
    InputError
        If no store is there, or it was computed by other code.
    """
    store = Store.open(place)
    remedy = "run without --reuse, which computes all of it"
    if why := spec_hash.problem(store):
        raise SpecError(f"{place}: {why}")
    if not spec_hash.is_exact(store):
        raise SpecError(f"{place}: its axes have other bits here than where it was created; {remedy}")
    here, there = provenance.model_digest(store.sweep), str(store.group.attrs["model_digest"])
    if here != there:
        raise SpecError(
            f"{place}: computed by another version of model or kernel ({short(there)}, here {short(here)}); {remedy}"
        )
    return store

"""The dataset: a zarr group of one array per variable, and a ledger of the blocks that are done.

The grid is cut into blocks; one block is one zarr chunk of every variable, and one task computes and writes it.  Each
chunk ends in its checksum, and is written even if it holds nothing but the fill value, so that a missing one is seen.
"""

import functools
import json
import logging
import uuid
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import zarr

from eos_sweep import chunks, provenance, regimes, schema, vetted
from eos_sweep.errors import InputError, Stopped
from eos_sweep.ledger import Ledger
from eos_sweep.location import Location
from eos_sweep.spec import Sweep

# The root attribute "eos_sweep"; nothing else is taken for a store.
CREATING, EXTENDING, WHOLE = "being created", "being extended", "sweep"
# What zarr raises where nothing is, or something else than it expects, such as JSON of another kind.
UNREADABLE = ValueError, LookupError, TypeError, AttributeError, RecursionError, NotImplementedError
LOG = logging.getLogger("eos_sweep")
EACH_CHUNK = {"array.write_empty_chunks": True}


class Store:
    """An open dataset; ``Store.create`` or ``Store.open`` make one."""

    def __init__(self, location: Location, group: zarr.Group):
        self.location = location
        self.path = location.absolute
        self.group = group
        attributes: dict[str, Any] = group.attrs.asdict()
        self.sweep = vetted.sweep(self.path, attributes)
        self.thresholds = vetted.thresholds(self.path, attributes["thresholds"])
        self._read_arrays(whole=attributes["eos_sweep"] == WHOLE)

    def _read_arrays(self, whole: bool = True) -> None:
        with zarr.config.set(EACH_CHUNK):
            self.arrays = vetted.arrays(self.path, self.group, self.sweep, whole)
        self._made_here = {name for name, array in self.arrays.items() if chunks.made_here(array)}
        self.block_shape: tuple[int, ...] = self.arrays["steps_taken"].chunks
        grid = _grid(self.sweep.shape, self.block_shape)
        self.ledger = Ledger(vetted.ledger(self.path, self.group, grid, whole))
        if whole:
            vetted.rows(self.path, self.ledger.rows, self.sweep.shape, self.block_shape)

    @property
    def extent(self) -> np.ndarray:
        """For each block the number of cells along each axis that have been computed."""
        return self.ledger.extent

    @classmethod
    def create(cls, location: Location, sweep: Sweep, block_shape: tuple[int, ...]) -> Self:
        """Create an empty dataset for ``sweep``; until it is whole, it does not open as one."""
        coordinates = schema.coordinates(sweep)  # before anything is created: an expression may still fail
        place = location.zarr_store(read_only=False)
        group = zarr.create_group(place, zarr_format=3, attributes={"eos_sweep": CREATING})
        limits = sweep.limits
        types = schema.dtypes(sweep)
        further = " ".join(name for name in coordinates if name not in sweep.dims)
        also = {"coordinates": further} if further else {}
        variables = schema.variables(sweep)
        for name, variable in variables.items():
            group.create_array(
                name,
                shape=sweep.shape,
                dtype=types[name],
                chunks=block_shape,
                fill_value=variable.fill,
                dimension_names=sweep.dims,
                compressors=chunks.codecs(),
                attributes=schema.attributes(variable, limits, variables) | also,
            )
        Ledger.create(group, sweep.dims, _grid(sweep.shape, block_shape))
        _write_coordinates(group, sweep, coordinates)
        about = {**provenance.attributes(sweep), "thresholds": json.dumps(limits), "store_id": uuid.uuid4().hex}
        group.attrs.put({"eos_sweep": WHOLE, **about})
        store = cls(location, group)
        store.consolidate()
        return store

    @classmethod
    def open(cls, path: str | Path | Location) -> Self:
        """Open the dataset at ``path``; InputError if there is none."""
        location = Location(path)
        with location.reached():
            group = find(location)
        if group is not None and group.attrs["eos_sweep"] == EXTENDING:
            raise InputError(f"{path}: its extension was interrupted; run the sweep again first")
        if group is None or group.attrs["eos_sweep"] != WHOLE:
            raise InputError(f"{path}: no sweep is stored here; give the path of one that eos-sweep run made")
        return cls(location, group)

    def extend(self, sweep: Sweep) -> None:
        """Fit the store to ``sweep``, whose axes are those of the stored one, or have more values at their ends.

        Until it is done the store does not open; a run that finds an extension interrupted fits the store again.
        """
        coordinates = schema.coordinates(sweep)
        self.group.attrs["eos_sweep"] = EXTENDING
        for array in self.arrays.values():
            array.resize(sweep.shape)
        self.ledger.resize(_grid(sweep.shape, self.block_shape))
        _write_coordinates(self.group, sweep, coordinates)
        changes = {"spec": json.dumps(sweep.to_dict(), allow_nan=False), "spec_hash": sweep.hash}
        history = self._history(f"extended from {self.sweep.shape} to {sweep.shape}")
        self.group.update_attributes({**changes, "history": history, "eos_sweep": WHOLE})  # all at once
        self.sweep = sweep
        self._read_arrays()

    def find_data(self, sweep: Sweep) -> None:
        """Take over from ``sweep``, which is the stored one, where the data file is now."""
        self.group.attrs["spec"] = json.dumps(sweep.to_dict(), allow_nan=False)
        self.sweep = sweep

    def region(self, block: tuple[int, ...]) -> tuple[slice, ...]:
        """Return the block's place in the grid."""
        pairs = zip(block, self.block_shape, self.sweep.shape, strict=True)
        return tuple(slice(i * size, min((i + 1) * size, end)) for i, size, end in pairs)

    def pending(self) -> Iterator[tuple[int, ...]]:
        """Yield the blocks that are not done, in the grid's order; there may be millions of them."""
        left = np.flatnonzero(~self.done())
        grid = self.extent.shape[:-1]
        yield from (tuple(int(i) for i in np.unravel_index(at, grid)) for at in left)

    def done(self) -> np.ndarray:
        """Return for each block whether all of it has been computed."""
        full = np.ones(self.extent.shape[:-1], bool)
        for axis, (size, end) in enumerate(zip(self.block_shape, self.sweep.shape, strict=True)):
            sizes = np.minimum(size, end - size * np.arange(full.shape[axis]))
            full &= self.extent[..., axis] == sizes.reshape([-1 if i == axis else 1 for i in range(full.ndim)])
        return full

    def read(self, block: tuple[int, ...], name: str) -> np.ndarray:
        """Return one variable of one block."""
        return self.values(name, self.region(block))

    def values(self, name: str, where: Any = ...) -> np.ndarray:
        """Return one variable, all of it or where an index says."""
        with vetted.reading(self.path, name):
            found = np.asarray(self.arrays[name][where])
        return vetted.codes(self.path, name, found) if name in schema.LABELS else found

    def write(self, block: tuple[int, ...], values: Mapping[str, np.ndarray]) -> None:
        """Write whole chunks, one for each variable: a part of a chunk would lose what another task writes to it."""
        region = self.region(block)
        for name, part in values.items():
            array = self.arrays[name]
            if array.chunks != self.block_shape:
                raise RuntimeError(f"{name}: stored in chunks of {array.chunks}, not {self.block_shape}")
            if name in self._made_here:
                data = chunks.encoded(part.astype(array.dtype, copy=False), array.chunks, array.fill_value)
                self.location.write(self._key(name, block), data)
            else:  # a store of an early version, or a copy in other codecs
                array[region] = part

    def damaged(self, block: tuple[int, ...]) -> list[str]:
        """Return the variables whose chunk of a block is missing, or does not have the checksum that it ends in."""
        return [name for name in self.arrays if not self._intact(name, block)]

    def _intact(self, name: str, block: tuple[int, ...]) -> bool:
        return chunks.intact(self.location.read(self._key(name, block)))

    def _key(self, name: str, block: tuple[int, ...]) -> str:
        return f"{name}/{self.arrays[name].metadata.encode_chunk_key(block)}"

    def checked(self) -> None:
        """Stopped unless the store is still the one that was opened, neither deleted nor replaced nor extended."""
        try:
            found = json.loads(self.location.read("zarr.json") or b"{}").get("attributes", {})
        except ValueError:
            found = {}
        for name in ("store_id", "spec_hash"):
            if found.get(name) != self.group.attrs[name]:
                raise Stopped(f"{self.location}: was deleted or replaced while a run was at work on it; run it again")

    def relabel(self, limits: Mapping[str, float]) -> np.ndarray:
        """Label every block with other thresholds; return the number of trajectories by old and new code."""
        if "regime" not in self.arrays:
            raise InputError(
                f'{self.path}: its observables do not decide the regime; run it again with "default" among them'
            )
        missing = set(regimes.reads(limits)) - set(self.arrays)
        if missing:
            raise InputError(f"{self.path}: chaos > 0 needs {', '.join(missing)}; run it again with that among them")
        moved = np.zeros((len(regimes.CODES), len(regimes.CODES)), np.int64)
        self.arrays["regime"].update_attributes({"thresholds": "being changed"})  # until all of it has been
        self.group.attrs["thresholds"] = json.dumps(limits)
        for block in map(tuple, np.argwhere(self.extent.all(axis=-1))):
            old = self.read(block, "regime")
            labels = schema.labelled(functools.partial(self.read, block), self.arrays, limits)
            there = old > 0  # a block that grew has cells that are yet to come
            np.add.at(moved, (old[there], labels["regime"][there]), 1)
            before = {"regime": old} | {name: self.read(block, name) for name in {"settled"} & set(self.arrays)}
            self.write(block, {name: labels[name] for name in before if (labels[name] != before[name]).any()})
        for name in set(schema.LABELS) & set(self.arrays):
            self.arrays[name].update_attributes(schema.attributes(schema.LABELS[name], limits, self.arrays))
        words = ", ".join(f"{name}={value:g}" for name, value in limits.items())
        self.group.attrs["history"] = self._history(f"relabelled with {words}")
        self.consolidate()
        self.thresholds = dict(limits)
        return moved

    def gathered(self) -> zarr.Group:
        """Return the group as others see it: by the metadata that are gathered in one file, if they are."""
        place = self.location.zarr_store(read_only=True)
        return zarr.open_group(place, path=self.group.path, mode="r", zarr_format=3)

    def _history(self, event: str) -> str:
        return f"{self.group.attrs['history']}\n{provenance.stamp()} {event}"

    def status(self) -> dict[str, Any]:
        """Return what is done, has failed and is left, as plain data."""
        done = self.done()
        return {
            "title": self.group.attrs["title"],
            "spec_hash": self.sweep.hash,
            "trajectories": self.sweep.size,
            "trajectories_done": self.computed(),
            "blocks": done.size,
            "blocks_done": int(done.sum()),
            "blocks_left": int(done.size - done.sum()),
            "failed": self.ledger.errors,
            "steps": int(self.ledger.steps.sum()),
            "core_seconds": float(self.ledger.seconds.sum()),
            "thresholds": self.thresholds,
            "heartbeat": self.ledger.heartbeat,
        }

    def has(self, cell: tuple[int, ...]) -> bool:
        """Return whether a cell of the grid has been computed."""
        block, within = zip(*(divmod(i, size) for i, size in zip(cell, self.block_shape, strict=True)), strict=True)
        return bool(np.all(self.extent[block] > within))

    def consolidate(self) -> None:
        """Write the total of steps and core-seconds, and gather all metadata in one file, as readers of zarr expect."""
        total = {"total_steps": int(self.ledger.steps.sum()), "core_seconds": float(self.ledger.seconds.sum())}
        if {name: self.group.attrs.get(name) for name in total} != total:
            self.group.attrs.update(total)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
            warnings.filterwarnings("ignore", message="Object at .* is not recognized")  # what a killed writer left
            try:
                zarr.consolidate_metadata(self.group.store)
            except UNREADABLE as error:
                LOG.warning("%s: metadata in it cannot be read, so they are not gathered: %s", self.path, error)

    def computed(self) -> int:
        """Return the number of trajectories that the ledger has."""
        return int(self.extent.astype(np.int64).prod(axis=-1).sum())


def find(location: Location) -> zarr.Group | None:
    """Return the group of the sweep at ``location``, whole or being created; None if there is no such thing."""
    if location.local and not location.local.exists():
        return None
    try:
        place = location.zarr_store(read_only=False)
        mode: Any = "r" if place.read_only else "r+"
        group = zarr.open_group(place, mode=mode, zarr_format=3, use_consolidated=False)
        state = group.attrs.get("eos_sweep")
    except (OSError, *UNREADABLE):
        return None
    return group if state == CREATING or (state in (EXTENDING, WHOLE) and "spec" in group.attrs) else None


def _grid(shape: tuple[int, ...], block_shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-size // block) for size, block in zip(shape, block_shape, strict=True))


def _write_coordinates(group: zarr.Group, sweep: Sweep, found: Mapping[str, schema.Coordinate]) -> None:
    for name, (dims, values, attributes) in found.items():
        array = group.create_array(name, data=values, chunks=values.shape, dimension_names=dims, overwrite=True)
        array.update_attributes(attributes)

"""A stored dataset: a zarr group with one array for each variable, and a ledger of the blocks that are done.

The grid is cut into blocks.  A block is one zarr chunk of every variable, and one task computes and writes it.  Each
chunk ends in its checksum, and the ledger has a seal of each block, so that a chunk of another place is noticed.  A
chunk of fill values is written, too, so that a missing chunk is noticed.
"""

import functools
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import zarr

from eos_sweep.errors import InputError, Stopped
from eos_sweep.rules import Limits
from eos_sweep.spec import labels, rule_inputs
from eos_sweep.spec.labels import LABELS
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import chunk_bytes, durable, identity, metadata, provenance, root, schema, seals, validate
from eos_sweep.store.blocks import grid_of, region_of
from eos_sweep.store.ledger import Ledger
from eos_sweep.store.location import Location
from eos_sweep.store.states import CREATING, EXTENDING, READY

SEAL = "seal"  # named among the damaged variables of a block whose chunks match their checksums, but not its seal


class Store:
    """An open dataset; ``Store.create`` or ``Store.open`` make one."""

    def __init__(self, location: Location, group: zarr.Group):
        self.location = location
        self.path = location.absolute
        self.group = group
        self._seen = b""  # the content of zarr.json that was found to be of this store
        self._load()

    def _load(self) -> None:
        """Read and check the store, from its attributes to its ledger."""
        self.sweep, self.thresholds, self.arrays, self.ledger = validate.contents(self.path, self.group)
        self._own_codecs = {name for name, array in self.arrays.items() if chunk_bytes.has_own_codecs(array)}
        self.block_shape: tuple[int, ...] = self.arrays["steps_taken"].chunks
        place: Any = self.group.store
        place.require({array.path: self.extent for array in self.arrays.values()})

    @property
    def id(self) -> str:
        """Its identity, a random text that it got when it was created; copies have the same."""
        return str(self.group.attrs.get("store_id", ""))  # the first stores have none

    @property
    def extent(self) -> np.ndarray:
        """For each block the number of cells along each axis that have been computed."""
        return self.ledger.extent

    @classmethod
    def create(cls, location: Location, sweep: Sweep, block_shape: tuple[int, ...], former: Self | None = None) -> Self:
        """Create an empty dataset, which opens when all of it is there; it goes on with a ``former`` one's history."""
        coordinates = schema.coordinates(sweep)  # first, because an expression may still fail
        place = location.zarr_store(read_only=False)
        limits = former.thresholds if former else sweep.limits
        about: dict[str, Any] = {"eos_sweep": READY, identity.FORMAT: identity.NEWEST, **provenance.attributes(sweep)}
        about |= {"thresholds": limits.json(), "store_id": uuid.uuid4().hex}
        about |= {"history": former.history_with(f"grown to {sweep.shape}")} if former else {}
        location.write(metadata.NAME, metadata.of_group(about | {"eos_sweep": CREATING}))
        if location.local:
            durable.flush_folders(location.local.parents)  # the folder may be new
        files = {
            **metadata.of_variables(sweep, block_shape, schema.attributes(sweep.stored, limits), coordinates),
            **Ledger.files(sweep.dims, grid_of(sweep.shape, block_shape), about),
            **metadata.of_coordinates(coordinates),
        }
        location.write_all(files)
        total = {"total_steps": 0, "core_seconds": 0.0}
        below = {key.removesuffix(f"/{metadata.NAME}"): files[key] for key in files if key.endswith(metadata.NAME)}
        location.write(metadata.NAME, metadata.of_root(about | total, below))
        return cls(location, zarr.open_group(place, mode="r+", zarr_format=3, use_consolidated=False))

    @classmethod
    def open(cls, path: str | Path | Location) -> Self:
        """Open the dataset at ``path``.

        Raises
        ------
        InputError
            If there is none, or its extension was interrupted.
        """
        location = Location(path)
        with location.reaching():
            group = root.find(location)
            if group is None and location.read("ledger/zarr.json") is not None:
                raise InputError(f"{path}: its zarr.json is lost or damaged; eos-sweep run of its spec writes it anew")
            if group is not None and group.attrs["eos_sweep"] == EXTENDING:
                raise InputError(f"{path}: its extension was interrupted; run the sweep again first")
            if group is None or group.attrs["eos_sweep"] != READY:
                raise InputError(f"{path}: no sweep is stored here; give the path of one that eos-sweep run made")
            return cls(location, group)

    def extend(self, sweep: Sweep) -> None:
        """Extend the store to ``sweep``, whose axes equal the stored ones or have more values at their ends.

        The store does not open until the extension is complete.  A run that finds an interrupted extension repeats it.
        """
        coordinates, retry = schema.coordinates(sweep), self.location.retry
        retry(functools.partial(self._grow, sweep, coordinates))
        changes = {"spec": json.dumps(sweep.to_dict(), allow_nan=False), "spec_hash": sweep.hash}
        retry(functools.partial(self.ledger.identify, self.group.attrs.asdict() | changes))
        if self.sweep.shape != sweep.shape:
            changes["history"] = self.history_with(f"extended from {self.sweep.shape} to {sweep.shape}")
        retry(functools.partial(self.group.update_attributes, {**changes, "eos_sweep": READY}))  # all at once
        self._load()

    def _grow(self, sweep: Sweep, coordinates: Mapping[str, schema.Coordinate]) -> None:
        self.group.attrs["eos_sweep"] = EXTENDING
        for array in self.arrays.values():
            array.resize(sweep.shape)
        self.ledger.resize(grid_of(sweep.shape, self.block_shape))
        root.write_coordinates(self.location, coordinates)

    def renew_coordinates(self) -> None:
        """Write all coordinates anew; a run that finds this interrupted repeats it, as it does with an extension."""
        coordinates = schema.coordinates(self.sweep)
        self.group.attrs["eos_sweep"] = EXTENDING
        root.write_coordinates(self.location, coordinates)
        self.group.attrs["eos_sweep"] = READY

    def write_thresholds(self, limits: Limits) -> None:
        """Store the thresholds of the labels: in the ledger, whose thresholds hold if both differ, then in the root."""
        found = {"thresholds": limits.json()}
        self.ledger.identify(self.group.attrs.asdict() | found)
        self.group.attrs.update(found)
        self.thresholds = limits

    def move_data(self, sweep: Sweep) -> None:
        """Store the place of the data file that ``sweep`` gives; in all else it is the stored sweep."""
        changes = {"spec": json.dumps(sweep.to_dict(), allow_nan=False)}
        self.location.retry(functools.partial(self.group.update_attributes, changes))
        self.sweep = sweep

    def region(self, block: tuple[int, ...]) -> tuple[slice, ...]:
        """Return the block's place in the grid."""
        return region_of(block, self.block_shape, self.sweep.shape)

    def pending(self) -> Iterator[tuple[int, ...]]:
        """Yield the blocks that are not done, in the order of the grid; there may be millions of them."""
        left = np.flatnonzero(~self.done())
        grid = self.extent.shape[:-1]
        yield from (tuple(int(i) for i in np.unravel_index(at, grid)) for at in left)

    def done(self) -> np.ndarray:
        """Return for each block whether all its cells have been computed."""
        full = np.ones(self.extent.shape[:-1], bool)
        for axis, (size, end) in enumerate(zip(self.block_shape, self.sweep.shape, strict=True)):
            sizes = np.minimum(size, end - size * np.arange(full.shape[axis]))
            full &= self.extent[..., axis] == sizes.reshape([-1 if i == axis else 1 for i in range(full.ndim)])
        return full

    def read(self, block: tuple[int, ...], name: str) -> np.ndarray:
        """Return one variable of one block."""
        return self.values(name, self.region(block))

    def values(self, name: str, where: Any = ...) -> np.ndarray:
        """Return one variable, or the part of it that an index selects."""
        with validate.reading(self.path, name):
            found = np.asarray(self.arrays[name][where])
        return validate.codes(self.path, name, found, labels.flags(name, self.thresholds)) if name in LABELS else found

    def inputs(self, block: tuple[int, ...]) -> dict[str, np.ndarray]:
        """Return the inputs of a block that the regime rules read."""
        region = self.region(block)
        values = [axis.values[part] for axis, part in zip(self.sweep.axes, region, strict=True)]
        return rule_inputs.read(self.sweep, dict(zip(self.sweep.dims, np.ix_(*values), strict=True)), self.thresholds)

    @property
    def sealed(self) -> bool:
        """Whether the ledger has seals, and the chunks are as a run wrote them: a copy may have other codecs."""
        return self.ledger.sealed and self._own_codecs == set(self.arrays)

    def write(self, block: tuple[int, ...], values: Mapping[str, np.ndarray]) -> int:
        """Write a whole chunk of each variable, and return their digest for the seal.

        A task must not write a part of a chunk, because that would overwrite the part of another task.
        """
        region, chunks = self.region(block), {}
        for name, part in values.items():
            array = self.arrays[name]
            if array.chunks != self.block_shape:
                raise RuntimeError(f"{name}: stored in chunks of {array.chunks}, not {self.block_shape}")
            if name in self._own_codecs:
                part = part.astype(array.dtype, copy=False)
                chunks[name] = chunk_bytes.encode(part, array.chunks, array.fill_value)
            else:  # in a store of an early version, or a copy with other codecs
                array[region] = part
        self.location.write_all({self._key(name, block): data for name, data in chunks.items()})
        return _digest({name: chunk_bytes.checksum(data) for name, data in chunks.items()})

    def damaged(self, block: tuple[int, ...]) -> list[str]:
        """Return the variables whose chunk of a block is missing, does not match its checksum, or has another size.

        If all observables match, but the seal does not, ``"seal"`` is returned: a chunk is one of another place, or the
        block's row in the ledger is not as it was written.
        """
        if not self.extent[block].all():
            return [SEAL]
        found, checksums = [], {}
        for name in self.arrays:
            if (data := self.location.read(key := self._key(name, block))) is None or self.problem(key, data):
                found.append(name)
            else:
                checksums[name] = chunk_bytes.checksum(data)
        if set(found) <= set(LABELS) and self.sealed and not self.ledger.seal_holds(block, _digest(checksums)):
            found.append(SEAL)
        return found

    def problem(self, key: str, content: bytes) -> str:
        """Return what is wrong with the content of a file of the store; nothing if it may be right."""
        return str(self.group.store.problem(key, content))  # type: ignore[attr-defined]

    def _key(self, name: str, block: tuple[int, ...]) -> str:
        return f"{name}/{self.arrays[name].metadata.encode_chunk_key(block)}"

    def checked(self) -> None:
        """Raise Stopped if the store has been deleted, replaced, extended or relabelled since it was opened."""
        if (content := self.location.read(metadata.NAME) or b"{}") == self._seen:
            return
        try:
            found = json.loads(content).get("attributes", {})
        except (ValueError, AttributeError):
            found = {}
        for name in ("store_id", "spec_hash", "thresholds"):
            if found.get(name) != self.group.attrs.get(name):  # the first stores have no identity
                raise Stopped(f"{self.location}: was deleted or replaced during a run of it; run it again")
        self._seen = content

    def gathered(self) -> zarr.Group:
        """Return the group as other programs see it: with consolidated metadata, if there are any."""
        return zarr.open_group(self.location.zarr_store(read_only=True), path=self.group.path, mode="r", zarr_format=3)

    def history_with(self, event: str) -> str:
        """Return the history of the dataset with one more line."""
        return f"{self.group.attrs['history']}\n{provenance.stamp()} {event}"

    def status(self) -> dict[str, Any]:
        """Return what is done, what has failed and what is left, as plain data."""
        done = self.done()
        return {
            "title": self.group.attrs["title"],
            "spec_hash": self.sweep.hash,
            "model": self.sweep.model_name,
            "rule": self.sweep.rule,
            "trajectories": self.sweep.size,
            "trajectories_done": self.computed(),
            "blocks": done.size,
            "blocks_done": int(done.sum()),
            "blocks_left": int(done.size - done.sum()),
            "failed": self.ledger.errors,
            "steps": int(self.ledger.steps.sum()),
            "core_seconds": float(self.ledger.seconds.sum()),
            "thresholds": self.thresholds,
            "regimes": {rule.regime: rule.words for rule in self.thresholds.own},
            "heartbeat": self.ledger.heartbeat,
        }

    def has(self, cell: tuple[int, ...]) -> bool:
        """Return whether a cell of the grid has been computed."""
        block, within = zip(*(divmod(i, size) for i, size in zip(cell, self.block_shape, strict=True)), strict=True)
        return bool(np.all(self.extent[block] > within))

    def consolidate(self) -> None:
        """Write the total of steps and core-seconds, and gather all metadata in one file."""
        total = {"total_steps": int(self.ledger.steps.sum()), "core_seconds": float(self.ledger.seconds.sum())}
        root.consolidate(self.location, total)
        self.group.metadata.attributes.update(total)  # as they are stored now

    def lost_rows(self) -> str:
        """Return in words how many trajectories the ledger has lost since the last heartbeat, or an empty text."""
        recorded = self.ledger.heartbeat.get("trajectories_done", 0)
        if isinstance(recorded, int) and (lost := recorded - self.computed()) > 0:
            return f"the rows of {lost} trajectories are lost in its ledger, so they count as not computed"
        return ""

    def computed(self) -> int:
        """Return the number of trajectories that the ledger lists as computed."""
        return int(self.extent.astype(np.int64).prod(axis=-1).sum())


def _digest(checksums: Mapping[str, int]) -> int:
    """Return the digest of the chunks of a block, of which labels are no part: they change with the thresholds."""
    return seals.of_chunks({name: value for name, value in checksums.items() if name not in LABELS})

"""The dataset on disk: a zarr group of one array per variable, and a ledger of the blocks that are done.

The grid is cut into blocks; one block is one zarr chunk of every variable, and one task computes and writes it.  A
chunk's presence is no proof of work (an all-fill chunk is never written, a killed task leaves half of them), so what is
done stands in the ledger: for each block, the extent along each axis that has been computed.  The ledger has one
writer, and zarr replaces its chunks atomically.
"""

import functools
import json
import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from eos_sweep import provenance, regimes, schema, vetted
from eos_sweep.errors import InputError
from eos_sweep.spec import Sweep

# The root attribute "eos_sweep"; nothing else is taken for a store.
CREATING, EXTENDING, WHOLE = "being created", "being extended", "sweep"
LEDGER_CHUNK = 2**10  # blocks: a file that is rewritten in a millisecond


class Row(NamedTuple):
    """What a task reports of its block; nothing else travels."""

    block: tuple[int, ...]
    extent: tuple[int, ...]  # computed along each axis; zeros if it failed
    seconds: float  # of one core
    steps: int  # gradient descent steps
    error: str


class Store:
    """An open dataset; ``Store.create`` or ``Store.open`` make one."""

    def __init__(self, path: str | Path, group: zarr.Group):
        self.path = str(path)
        self.group = group
        attributes: dict[str, Any] = group.attrs.asdict()
        self.sweep = vetted.sweep(self.path, attributes)
        self.thresholds = vetted.thresholds(self.path, attributes["thresholds"])
        self._read_arrays(attributes["eos_sweep"] == WHOLE)

    def _read_arrays(self, whole: bool = True) -> None:
        self.arrays = vetted.arrays(self.path, self.group, self.sweep, whole)
        self.block_shape: tuple[int, ...] = self.arrays["steps_taken"].chunks
        found = vetted.ledger(self.path, self.group, self.sweep.shape, self.block_shape, whole)
        self.ledger, self.rows, self.errors = found

    @property
    def extent(self) -> np.ndarray:
        """For each block the number of cells along each axis that have been computed."""
        return self.rows[..., :-2]

    @property
    def steps(self) -> np.ndarray:
        """For each block the gradient descent steps taken."""
        return self.rows[..., -2]

    @property
    def seconds(self) -> np.ndarray:
        """For each block the time of one core."""
        return self.rows[..., -1] / 1e6

    @classmethod
    def create(cls, path: str | Path, sweep: Sweep, block_shape: tuple[int, ...]) -> Self:
        """Create an empty dataset for ``sweep``; until it is whole, it does not open as one."""
        coordinates = schema.coordinates(sweep)  # before anything is created: an expression may still fail
        group = zarr.create_group(path, zarr_format=3, attributes={"eos_sweep": CREATING})
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
                # 6 % smaller than zstd at level 3, and a third quicker to write
                compressors=[BloscCodec(cname="lz4", clevel=5, shuffle="shuffle"), Crc32cCodec()],
                attributes=schema.attributes(variable, limits, variables) | also,
            )
        grid = _grid(sweep.shape, block_shape)
        most = max(1, round(LEDGER_CHUNK ** (1 / len(grid))))
        group.create_array(
            "ledger/blocks",
            shape=(*grid, len(grid) + 2),
            dtype="int64",
            chunks=(*(min(size, most) for size in grid), len(grid) + 2),
            fill_value=0,
            dimension_names=(*(f"{name}_block" for name in sweep.dims), "entry"),
            attributes={
                "long_name": "computed cells of each block along each axis, its steps, its microseconds of one core",
                "errors": {},
            },
        )
        _write_coordinates(group, sweep, coordinates)
        group.attrs.put({"eos_sweep": WHOLE, **provenance.attributes(sweep), "thresholds": json.dumps(limits)})
        store = cls(path, group)
        store.consolidate()
        return store

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the dataset at ``path``; InputError if there is none."""
        group = find(path)
        if group is not None and group.attrs["eos_sweep"] == EXTENDING:
            raise InputError(f"{path}: its extension was interrupted; run the sweep again first")
        if group is None or group.attrs["eos_sweep"] != WHOLE:
            raise InputError(f"{path}: no sweep is stored here; give the path of one that eos-sweep run made")
        return cls(path, group)

    def extend(self, sweep: Sweep) -> None:
        """Fit the store to ``sweep``, whose axes are those of the stored one, or have more values at their ends.

        Until it is done the store does not open; a run that finds an extension interrupted fits the store again.
        """
        coordinates = schema.coordinates(sweep)
        self.group.attrs["eos_sweep"] = EXTENDING
        for array in self.arrays.values():
            array.resize(sweep.shape)
        grid = _grid(sweep.shape, self.block_shape)
        self.ledger.resize((*grid, len(grid) + 2))
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

    def pending(self) -> list[tuple[int, ...]]:
        """Return the blocks that are not done, in the grid's order."""
        return [tuple(int(i) for i in block) for block in np.argwhere(~self.done())]

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
        for name, array in values.items():
            if self.arrays[name].chunks != self.block_shape:
                raise RuntimeError(f"{name}: stored in chunks of {self.arrays[name].chunks}, not {self.block_shape}")
            self.arrays[name][region] = array

    def record(self, rows: Iterable[Row]) -> None:
        """Enter finished blocks into the ledger.  There is one writer: the process that runs the sweep."""
        errors = dict(self.errors)
        for row in rows:
            key = ",".join(map(str, row.block))
            if row.error:
                self.errors[key] = row.error
                continue
            self.errors.pop(key, None)
            *_, steps, microseconds = self.rows[row.block]
            self.rows[row.block] = *row.extent, steps + row.steps, microseconds + round(1e6 * row.seconds)
            self.ledger[row.block] = self.rows[row.block]  # one entry, so that it is there as a whole or not at all
        if self.errors != errors:
            self.ledger.attrs["errors"] = self.errors

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

    def listed(self) -> zarr.Group:
        """Return the group as others see it, by the metadata that are gathered in one file, if they are."""
        return zarr.open_group(self.path, mode="r", zarr_format=3)

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
            "failed": self.errors,
            "steps": int(self.steps.sum()),
            "core_seconds": float(self.seconds.sum()),
            "thresholds": self.thresholds,
        }

    def has(self, cell: tuple[int, ...]) -> bool:
        """Return whether a cell of the grid has been computed."""
        block, within = zip(*(divmod(i, size) for i, size in zip(cell, self.block_shape, strict=True)), strict=True)
        return bool(np.all(self.extent[block] > within))

    def consolidate(self) -> None:
        """Gather all metadata in one file, as readers of zarr expect it."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
            zarr.consolidate_metadata(self.group.store)

    def computed(self) -> int:
        """Return the number of trajectories that the ledger has."""
        return int(self.extent.astype(np.int64).prod(axis=-1).sum())


def find(path: str | Path) -> zarr.Group | None:
    """Return the group of the sweep at ``path``, whole or being created; None if there is no such thing."""
    if not os.path.isdir(path):  # false, too, of what cannot be a path
        return None
    try:
        group = zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False)
        state = group.attrs.get("eos_sweep")
    except Exception:  # nothing, an array, no JSON, or JSON that makes zarr fail in whatever way
        return None
    return group if state == CREATING or (state in (EXTENDING, WHOLE) and "spec" in group.attrs) else None


def _grid(shape: tuple[int, ...], block_shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-size // block) for size, block in zip(shape, block_shape, strict=True))


def _write_coordinates(group: zarr.Group, sweep: Sweep, found: Mapping[str, schema.Coordinate]) -> None:
    for name, (dims, values, attributes) in found.items():
        array = group.create_array(name, data=values, chunks=values.shape, dimension_names=dims, overwrite=True)
        array.update_attributes(attributes)

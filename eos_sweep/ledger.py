"""The record of what is done: for each block of the grid its computed extent, its steps, its time; and its last error.

A chunk's presence in a store is no proof of work (a killed task leaves half of them), the ledger's row is.  It has one
writer, the process that runs the sweep, which replaces whole chunks of rows at once.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from eos_sweep import vetted

LOG = logging.getLogger("eos_sweep")
CHUNK = 2**10  # blocks: a file that is rewritten in a millisecond
KEPT = 1000  # errors that are kept with their traceback: all are read whenever a store is opened
FIRST, LAST = 1000, 3000  # characters that are kept of a longer traceback


class Row(NamedTuple):
    """What a task reports of one block; nothing else travels."""

    block: tuple[int, ...]
    extent: tuple[int, ...]  # computed along each axis; zeros if it failed
    seconds: float  # of one core
    steps: int  # gradient descent steps
    error: str = ""  # a traceback
    point: str = ""  # at which it failed, or the range of them
    stop: str = ""  # why no other block can be written, either


class Ledger:
    """The rows of a store's blocks, and their errors."""

    def __init__(self, group: zarr.Group):
        self.group = group
        self.array: Any = group["blocks"]
        errors: Any = self.array.attrs["errors"]
        self.errors: dict[str, dict[str, Any]] = dict(errors)
        self.rows = self._read()
        self._changed: set[tuple[int, ...]] = set()
        self._told = dict(self.errors)

    @staticmethod
    def create(group: zarr.Group, dims: Iterable[str], grid: tuple[int, ...]) -> None:
        """Create the empty ledger of a store."""
        most = max(1, round(CHUNK ** (1 / len(grid))))
        group.create_group("ledger").create_array(
            "blocks",
            shape=(*grid, len(grid) + 2),
            dtype="int64",
            chunks=(*(min(size, most) for size in grid), len(grid) + 2),
            fill_value=0,
            compressors=[ZstdCodec(), Crc32cCodec()],
            dimension_names=(*(f"{name}_block" for name in dims), "entry"),
            attributes={
                "long_name": "computed cells of each block along each axis, its steps, its microseconds of one core",
                "errors": {},
            },
        )

    def _read(self) -> np.ndarray:
        try:
            return np.asarray(self.array[...])
        except (ValueError, RuntimeError, OSError):  # which of its chunks is damaged?
            rows = np.zeros(self.array.shape, np.int64)
        for chunk in np.ndindex(*self._chunks()):
            try:
                rows[self._region(chunk)] = self.array[self._region(chunk)]
            except (ValueError, RuntimeError, OSError):
                LOG.warning("part %s of the ledger is damaged; its blocks count as not computed", chunk)
        return rows

    def _chunks(self) -> tuple[int, ...]:
        sizes = zip(self.array.shape[:-1], self.array.chunks[:-1], strict=True)
        return tuple(-(-size // chunk) for size, chunk in sizes)

    def _region(self, chunk: tuple[int, ...]) -> tuple[slice, ...]:
        return tuple(slice(i * size, (i + 1) * size) for i, size in zip(chunk, self.array.chunks[:-1], strict=True))

    def resize(self, grid: tuple[int, ...]) -> None:
        """Make room for a grid that has grown."""
        self.array.resize((*grid, len(grid) + 2))

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

    def record(self, row: Row, attempts: int = 1) -> None:
        """Enter a block that is done, or has failed for good; :meth:`flush` writes it."""
        key = ",".join(map(str, row.block))
        if row.error:
            if key in self.errors or len(self.errors) < KEPT:
                whole = len(row.error) <= FIRST + LAST
                error = row.error if whole else f"{row.error[:FIRST]}\n...\n{row.error[-LAST:]}"
                self.errors[key] = {"point": row.point, "attempts": attempts, "error": error}
            return
        self.errors.pop(key, None)
        *_, steps, microseconds = self.rows[row.block]
        self._set(row.block, (*row.extent, steps + row.steps, microseconds + round(1e6 * row.seconds)))

    def forget(self, blocks: Iterable[tuple[int, ...]]) -> None:
        """Take back that blocks are done, since what is stored of them is damaged."""
        for block in blocks:
            self._set(block, 0)
        self.flush()

    def _set(self, block: tuple[int, ...], row: Any) -> None:
        self.rows[block] = row
        self._changed.add(tuple(i // size for i, size in zip(block, self.array.chunks[:-1], strict=True)))

    def flush(self) -> None:
        """Write what has changed, in whole chunks: each is there as a whole or not at all."""
        while self._changed:
            chunk = next(iter(self._changed))
            self.array[self._region(chunk)] = self.rows[self._region(chunk)]
            self._changed.discard(chunk)
        if self.errors != self._told:
            self.array.attrs["errors"] = self.errors
            self._told = dict(self.errors)

    @property
    def heartbeat(self) -> dict[str, Any]:
        """What the last run said of itself when it last said anything, empty if none did."""
        return vetted.heartbeat(self.group.attrs.get("heartbeat", {}))

    def beat(self, told: Mapping[str, Any]) -> None:
        """Write what a run says of itself."""
        self.group.attrs.put({"heartbeat": dict(told)})

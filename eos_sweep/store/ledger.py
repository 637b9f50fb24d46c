"""The record of finished work: computed extent, steps, time and last error of each block of the grid.

A chunk in a store does not prove that its block is done, because a killed task leaves some of its chunks.  The row of
the ledger proves it.  Only the process that runs the sweep writes the ledger, and it replaces whole chunks of rows at
once.

In a store of format 2 the last entry of a row is the block's seal, and the attributes of the group repeat the identity
of the store.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from eos_sweep.errors import is_thread_shortage
from eos_sweep.store import identity, metadata, seals
from eos_sweep.store.files import is_unreachable

LOG = logging.getLogger("eos_sweep")
CHUNK_BLOCKS = 2**10  # rows of a chunk, a file that is rewritten in a millisecond
MAX_ERRORS = 1000  # with their tracebacks, all of which are read whenever the store is opened
TRACEBACK_HEAD, TRACEBACK_TAIL = 1000, 3000  # characters that are kept of a longer traceback


LONG_NAME = (
    "computed cells of each block along each axis, its steps, its microseconds of one core, its seal"  # of the rows
)


class Row(NamedTuple):
    """The report of a worker on one block.  Workers send nothing else."""

    block: tuple[int, ...]
    extent: tuple[int, ...]  # computed along each axis; zeros if it failed
    seconds: float  # of one core
    steps: int  # of gradient descent
    chunks: int = 0  # what seals.of_chunks returns for the chunks that were written
    reused: int = 0  # cells that another store had
    anew: bool = False  # cells that were computed before were computed again, so the steps count from zero
    error: str = ""  # traceback, if the block failed
    point: str = ""  # at which the block failed
    stop: str = ""  # reason why its worker cannot write any block any more
    worker: str = ""  # address of that worker
    paused: bool = False  # the run stops, and how far the block is was kept
    kept: bool = False  # whether it has checkpoints
    earlier: int = 0  # those of its steps that an earlier run took

    @classmethod
    def failed(cls, block: tuple[int, ...], error: str) -> Self:
        """Return the row of a block that has failed before anything of it was computed."""
        return cls(block=block, extent=(0,) * len(block), seconds=0.0, steps=0, error=error)


class Ledger:
    """The rows of the blocks of a store, and their errors.

    Attributes
    ----------
    sealed : bool
        Whether each row has a seal.
    """

    def __init__(self, group: zarr.Group, store_format: int):
        self.group = group
        self.array: Any = group["blocks"]
        self.sealed = store_format >= 2
        self.identity = identity.known(group.attrs) or {}
        errors: Any = self.array.attrs["errors"]
        self.errors: dict[str, dict[str, Any]] = dict(errors)
        self.rows = self._read()
        self._changed: set[tuple[int, ...]] = set()
        self._written_errors = dict(self.errors)

    @staticmethod
    def files(dims: Iterable[str], grid: tuple[int, ...], attributes: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the files of the empty ledger of a store whose root will have ``attributes``, by their keys."""
        side, entries = max(1, round(CHUNK_BLOCKS ** (1 / len(grid)))), entries_of(len(grid), identity.NEWEST)
        names = (*(f"{name}_block" for name in dims), "entry")
        form = metadata.Form((*grid, entries), (*(min(size, side) for size in grid), entries), "int64", names, _codecs)
        about = {"long_name": LONG_NAME, "errors": {}}
        return {
            f"ledger/{metadata.NAME}": metadata.of_group({"identity": identity.of(attributes)}),
            f"ledger/blocks/{metadata.NAME}": metadata.of_array(form, 0, about),
        }

    def _read(self) -> np.ndarray:
        try:
            return np.asarray(self.array[...])
        except (ValueError, RuntimeError, OSError) as error:
            if is_thread_shortage(error) or is_unreachable(error):
                raise
            # The chunks are read one by one to find the damaged ones.
            rows = np.zeros(self.array.shape, np.int64)
        for chunk in np.ndindex(*self._chunks()):
            try:
                rows[self._region(chunk)] = self.array[self._region(chunk)]
            except (ValueError, RuntimeError, OSError) as error:
                if is_thread_shortage(error) or is_unreachable(error):
                    raise
                LOG.warning("part %s of the ledger is damaged; its blocks count as not computed", chunk)
        return rows

    def _chunks(self) -> tuple[int, ...]:
        sizes = zip(self.array.shape[:-1], self.array.chunks[:-1], strict=True)
        return tuple(-(-size // chunk) for size, chunk in sizes)

    def _region(self, chunk: tuple[int, ...]) -> tuple[slice, ...]:
        return tuple(slice(i * size, (i + 1) * size) for i, size in zip(chunk, self.array.chunks[:-1], strict=True))

    def resize(self, grid: tuple[int, ...]) -> None:
        """Add rows for the blocks of a grid that has grown."""
        self.array.resize((*grid, self.rows.shape[-1]))

    def identify(self, attributes: Mapping[str, Any]) -> None:
        """Repeat the identity of a store whose root has, or will have, ``attributes``."""
        if self.sealed:
            self.group.attrs["identity"] = identity.of(attributes)
            self.identity = identity.known(self.group.attrs) or {}

    @property
    def extent(self) -> np.ndarray:
        """For each block the number of cells along each axis that have been computed."""
        return self.rows[..., : self._dims]

    @property
    def steps(self) -> np.ndarray:
        """For each block the steps of gradient descent that were taken."""
        return self.rows[..., self._dims]

    @property
    def seconds(self) -> np.ndarray:
        """For each block the seconds of one core."""
        return self.rows[..., self._dims + 1] / 1e6

    @property
    def _dims(self) -> int:
        return self.rows.ndim - 1

    @property
    def claimed(self) -> np.ndarray:
        """For each block whether its row says anything."""
        return np.asarray(self.rows.any(axis=-1))

    def seal_holds(self, block: tuple[int, ...], chunks: int) -> bool:
        """Return whether the row of a block is as it was written, for chunks of which ``chunks`` is the digest."""
        *counts, seal = self.rows[block]
        return bool(seal == seals.of_block(self.identity["store_id"], block, counts, chunks))

    def record(self, row: Row, attempts: int = 1) -> None:
        """Enter a block that is done, or has failed after all attempts.  :meth:`flush` writes it."""
        key = ",".join(map(str, row.block))
        if row.error:
            if key in self.errors or len(self.errors) < MAX_ERRORS:
                self.errors[key] = {"point": row.point, "attempts": attempts, "error": _shortened(row.error)}
            return
        self.errors.pop(key, None)
        steps, microseconds = self.rows[row.block][self._dims : self._dims + 2] * (not row.anew)
        counts = (*row.extent, steps + row.steps, microseconds + round(1e6 * row.seconds))
        if self.sealed:
            counts += (seals.of_block(self.identity["store_id"], row.block, counts, row.chunks),)
        self._set(row.block, counts)

    def forget(self, blocks: Iterable[tuple[int, ...]]) -> None:
        """Mark blocks as not done, because their stored data are damaged."""
        for block in blocks:
            self._set(block, 0)
        self.flush()

    def _set(self, block: tuple[int, ...], row: Any) -> None:
        self.rows[block] = row
        self._changed.add(tuple(i // size for i, size in zip(block, self.array.chunks[:-1], strict=True)))

    def flush(self) -> None:
        """Write all changes, in whole chunks; each chunk is replaced completely or not at all."""
        while self._changed:
            chunk = next(iter(self._changed))
            self.array[self._region(chunk)] = self.rows[self._region(chunk)]
            self._changed.discard(chunk)
        if self.errors != self._written_errors:
            self.array.attrs["errors"] = self.errors
            self._written_errors = dict(self.errors)

    @property
    def heartbeat(self) -> dict[str, Any]:
        """The last heartbeat of the last run: its texts and finite numbers by name, empty if there is none."""
        found: Any = self.group.attrs.get("heartbeat")
        if not isinstance(found, dict):
            return {}
        return {name: value for name, value in found.items() if _is_text_or_number(value)}

    def beat(self, heartbeat: Mapping[str, Any]) -> None:
        """Write the heartbeat of a run."""
        self.group.attrs["heartbeat"] = dict(heartbeat)


def _codecs() -> list[Any]:
    return [ZstdCodec(), Crc32cCodec()]


def entries_of(dims: int, store_format: int) -> int:
    """Return the number of entries of a row."""
    return dims + 2 + (store_format >= 2)


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float) and -(2**63) < value < 2**63)


def _shortened(traceback: str) -> str:
    if len(traceback) <= TRACEBACK_HEAD + TRACEBACK_TAIL:
        return traceback
    return f"{traceback[:TRACEBACK_HEAD]}\n...\n{traceback[-TRACEBACK_TAIL:]}"

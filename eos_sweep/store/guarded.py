"""What zarr reads of a store, with bounds: somebody else may have written it, or something may have damaged it.

Only files are read, and no more of them than a file of a run can have.  A chunk must match its checksum and unpack to
the size that its array has, and a chunk of a finished block must be there: zarr reads a missing one as fill values.
"""

import asyncio
import math
import os
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from zarr.abc.store import RangeByteRequest
from zarr.core.buffer import default_buffer_prototype
from zarr.core.sync import sync
from zarr.storage import LocalStore, WrapperStore

from eos_sweep.errors import InputError
from eos_sweep.store import chunk_bytes, files

MAX_FILE_BYTES = 2**28  # twice the largest block; the spec of the longest axis has three quarters of it
MAX_ITEMS = 2**24  # of lists and tables in a file of metadata: as many as the longest axis has values, and more


class Chunks(NamedTuple):
    """What the chunks of an array are."""

    unpacked: int  # bytes
    codecs: tuple[str, ...]
    extent: np.ndarray | None = None  # cells along each axis that each chunk must have, if it must be there


class Guarded(WrapperStore[Any]):
    """A store of zarr that refuses to read what cannot be right.

    Parameters
    ----------
    store
        The store.
    place
        Its name in messages.
    known
        Path of an array -> what its chunks are; entries may be added later.
    """

    def __init__(self, store: Any, place: str, known: dict[str, Chunks]):
        super().__init__(store)
        self._place, self.known = place, known

    def _with_store(self, store: Any) -> Self:
        return type(self)(store, self._place, self.known)

    def expect(self, array: Any) -> None:
        """Let the chunks of a zarr array be of its size, by its codecs."""
        unpacked = math.prod(array.chunks) * array.dtype.itemsize
        if unpacked > MAX_FILE_BYTES:
            raise InputError(f"{self._place}: damaged: a chunk of {array.path} has {unpacked} bytes")
        known = self.known.get(array.path)
        self.known[array.path] = Chunks(unpacked, chunk_bytes.codec_names(array), known.extent if known else None)

    def require(self, extents: Mapping[str, np.ndarray]) -> None:
        """Let the chunks of some arrays be there where the ledger lists cells; the extents may change later."""
        for path, extent in extents.items():
            self.known[path] = self.known[path]._replace(extent=extent)

    async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
        """Return the bytes under a key, or a part of them; None if there are none."""
        if byte_range is not None:
            return await self._store.get(key, prototype, byte_range)
        if isinstance(self._store, LocalStore):
            data = await asyncio.to_thread(files.read, self._store.root / key, MAX_FILE_BYTES + 1)
            found = None if data is None else prototype.buffer.from_bytes(data)
        else:
            try:
                found = await self._store.get(key, prototype, RangeByteRequest(0, MAX_FILE_BYTES + 1))
            except EOFError:  # of a zip with a wrong directory; click would take it for Ctrl-D
                raise InputError(f"{self._place}: {key} is damaged: it ends too soon") from None
        self._check(key, None if found is None else memoryview(found.as_buffer_like()))
        return found

    def read(self, key: str) -> bytes | None:
        """Return the bytes under a key as :meth:`get` does; of a folder without a round trip through zarr's thread."""
        if not isinstance(self._store, LocalStore):
            found = sync(self.get(key, default_buffer_prototype()))
            return None if found is None else bytes(found.to_bytes())
        data = files.read(self._store.root / key, MAX_FILE_BYTES + 1)
        self._check(key, data)
        return data

    def _check(self, key: str, data: bytes | memoryview | None) -> None:
        """Raise InputError if what was read under a key cannot be right."""
        problem = self.problem(key, data)
        if data is None and self._is_chunk(key) and self._is_there(key):
            problem = "it is no file"
        if problem:
            raise InputError(f"{self._place}: {key} is damaged: {problem}; eos-sweep run --check mends it")

    async def list_dir(self, prefix: str) -> AsyncGenerator[str, None]:  # type: ignore[override]
        """Yield the names below a folder but those beside the data, of which zarr would warn."""
        async for name in self._store.list_dir(prefix):
            if name not in files.BESIDE:
                yield name

    async def _get_many(self, requests: Iterable[tuple[str, Any, Any]]) -> AsyncGenerator[tuple[str, Any], None]:
        for request in requests:
            yield request[0], await self.get(*request)

    def _is_chunk(self, key: str) -> bool:
        return not key.endswith("zarr.json") and any(path in self.known for path in _parents(key))

    def _is_there(self, key: str) -> bool:
        return isinstance(self._store, LocalStore) and os.path.lexists(self._store.root / key)

    def problem(self, key: str, data: bytes | memoryview | None) -> str:
        """Return what is wrong with what was read under a key; nothing if it may be right."""
        if data is not None and len(data) > MAX_FILE_BYTES:
            return f"it has more than {MAX_FILE_BYTES} bytes"
        name = key.rpartition("/")[2]
        if name in ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"):
            content = bytes(data or b"")
            return f"it has more than {MAX_ITEMS} entries" if sum(map(content.count, b",[{")) > MAX_ITEMS else ""
        array = next((path for path in _parents(key) if path in self.known), None)
        if array is None:
            return ""
        chunks = self.known[array]
        if data is not None:
            return chunk_bytes.problem(data, chunks.unpacked, chunks.codecs)
        block = tuple(map(int, re.findall(r"\d+", key.removeprefix(array))))
        return "it is missing" if chunks.extent is not None and chunks.extent[block].all() else ""


def _parents(key: str) -> Iterator[str]:
    """Yield the paths of all groups and arrays that may hold a key."""
    while key := key.rpartition("/")[0]:
        yield key

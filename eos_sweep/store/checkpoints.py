"""Checkpoints: how far the unfinished trajectories of a block are, in files beside the store's data.

They are no part of the dataset.  A worker replaces the one of its block now and then; it is removed when the block is
recorded.  So at most those of blocks in flight are there.  Each says of which trajectories it is, and has a hash of its
content: one that does not fit, or is damaged, is not used.
"""

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from eos_sweep.store.files import CHECKPOINTS
from eos_sweep.store.ledger import Row
from eos_sweep.store.location import Location

MAX_FILE_BYTES = 2**35  # 64 vectors of the longest weights that models allow; adam with mini-batches has 20
MAGIC = b"eos_sweep checkpoint 1\n"
HASH_BYTES, SIZE_BYTES = 32, 8
DTYPES = {"|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"}
BLOCK = re.compile(r"\d+(\.\d+)*")

Block = tuple[int, ...]


class Damaged(ValueError):
    """What was read is no checkpoint."""


class Unkeepable(ValueError):
    """No checkpoint can have this state."""


def encode(about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a checkpoint: what it says of itself, as JSON, and its arrays.

    Raises
    ------
    Unkeepable
        If an array has no plain numbers, or all of them together take more than ``MAX_FILE_BYTES``.

    Examples
    --------
    >>> import numpy as np
    >>> from eos_sweep.store.checkpoints import decode, encode
    >>> decode(encode({"step": 3}, {"weights": np.array([1.0, 2.0])}))
    ({'step': 3}, {'weights': array([1., 2.])})
    """
    stored = {name: np.asarray(array) for name, array in arrays.items()}
    stored = {name: np.ascontiguousarray(a, a.dtype.newbyteorder("<")).reshape(a.shape) for name, a in stored.items()}
    if wrong := [name for name, array in stored.items() if array.dtype.str not in DTYPES]:
        raise Unkeepable(f"{wrong[0]}: a checkpoint has no numbers of type {stored[wrong[0]].dtype}")
    form = [[name, array.dtype.str, array.shape] for name, array in stored.items()]
    header = json.dumps({"about": about, "arrays": form}).encode()
    # The arrays are copied once, into the content: those of a large network take gigabytes.
    numbers = [memoryview(array.reshape(-1).view(np.uint8)) for array in stored.values()]  # type: ignore[arg-type]
    parts: list[bytes | memoryview] = [len(header).to_bytes(SIZE_BYTES, "little"), header, *numbers]
    size = sum(map(len, parts)) + len(MAGIC) + HASH_BYTES
    if size > MAX_FILE_BYTES:
        raise Unkeepable(f"it takes {size} bytes, and {MAX_FILE_BYTES} are allowed")
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return b"".join([MAGIC, digest.digest(), *parts])


def decode(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what a checkpoint says of itself, and its arrays; Damaged if it is none, or not as it was written."""
    at = len(MAGIC) + HASH_BYTES
    if data[: len(MAGIC)] != MAGIC or hashlib.sha256(memoryview(data)[at:]).digest() != data[len(MAGIC) : at]:
        raise Damaged("its content does not match its hash")
    try:
        size = int.from_bytes(data[at : at + SIZE_BYTES], "little")
        at += SIZE_BYTES
        header = json.loads(data[at : at + size])
        at, arrays = at + size, {}
        for name, dtype, shape in header["arrays"]:
            if dtype not in DTYPES or any(type(length) is not int or length < 0 for length in shape):
                raise Damaged(f"{name} has a form that no array has")
            count = math.prod(shape)
            # A copy, which is aligned as any other array and can be written to.
            arrays[str(name)] = np.frombuffer(data, dtype, count, at).reshape(shape).copy()
            at += count * np.dtype(dtype).itemsize
        return dict(header["about"]), arrays
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise Damaged(f"its header is none: {error}") from None


def read(location: Location, block: Block, cell: int) -> bytes | None:
    """Return the content of the checkpoint of a block's trajectories from ``cell`` on, None if there is none."""
    return location.read(_key(block, cell), MAX_FILE_BYTES)


def write(location: Location, block: Block, cell: int, content: bytes) -> None:
    """Write it in the place of the last one, as a whole or not at all."""
    location.write(_key(block, cell), content)


def remove(location: Location, block: Block) -> None:
    """Remove those of a block."""
    location.remove(_folder(block))


def recorded(location: Location, rows: Iterable[Row]) -> None:
    """Remove those of blocks that the ledger has; what stays, such as when a server is away, goes at the end."""
    for row in rows:
        if row.kept and any(row.extent):
            with contextlib.suppress(OSError):
                remove(location, row.block)


def tidy(location: Location, done: np.ndarray) -> None:
    """Remove those of blocks that are done or not of the grid, such as a worker leaves that outlived its run."""
    for name in location.names(CHECKPOINTS):
        if BLOCK.fullmatch(name):
            block = tuple(map(int, name.split(".")))
            inside = len(block) == done.ndim and all(i < size for i, size in zip(block, done.shape, strict=True))
            if not inside or done[block]:
                remove(location, block)


def clear(location: Location) -> None:
    """Remove all of them."""
    location.remove(CHECKPOINTS)


def _folder(block: Iterable[int]) -> str:
    return f"{CHECKPOINTS}/{'.'.join(map(str, block))}"


def _key(block: Block, cell: int) -> str:
    return f"{_folder(block)}/{cell}"

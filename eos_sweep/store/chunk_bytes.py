"""A chunk as the bytes that zarr stores: its numbers compressed by blosc, and a checksum.

Chunks are encoded here, in the thread that computed their numbers.  The event loop of zarr would pass each from thread
to thread: the 26 chunks of a block would take 40 ms of a core instead of 8 ms, which is 4 % of a block of a second.
"""

import contextlib
from typing import Any, Literal

import google_crc32c
import numpy as np
from numcodecs import Blosc, Zstd
from zarr.codecs import BloscCodec, Crc32cCodec

from eos_sweep.errors import one_line

COMPRESSOR: Literal["lz4"] = "lz4"  # with shuffle 6 % smaller than zstd at level 3, and written in 2/3 of the time
COMPRESSION_LEVEL = 5
CHECKSUM_BYTES = 4
BLOSC_HEADER_BYTES = 16  # of which four, after four others, are the size of what is packed
_BLOSC = Blosc(COMPRESSOR, COMPRESSION_LEVEL, Blosc.SHUFFLE)
_CODEC_NAMES = "bytes", "blosc", "crc32c"


def codecs() -> list[Any]:
    """Return the compressors of an array whose chunks are encoded here."""
    return [BloscCodec(cname=COMPRESSOR, clevel=COMPRESSION_LEVEL, shuffle="shuffle"), Crc32cCodec()]


def codec_names(array: Any) -> tuple[str, ...]:
    """Return the names of the codecs of a zarr array."""
    return tuple(str(codec.to_dict()["name"]) for codec in array.metadata.codecs)


def has_own_codecs(array: Any) -> bool:
    """Return whether the chunks of a zarr array can be written by :func:`encode`."""
    return codec_names(array) == _CODEC_NAMES


def encode(values: np.ndarray, shape: tuple[int, ...], fill: Any) -> bytes:
    """Return the bytes of a chunk of ``shape`` that begins with ``values`` and is ``fill`` beyond the grid."""
    whole = values
    if values.shape != shape:
        whole = np.full(shape, fill, values.dtype)
        whole[tuple(slice(size) for size in values.shape)] = values
    data = _BLOSC.encode(np.ascontiguousarray(whole))
    return data + google_crc32c.value(data).to_bytes(CHECKSUM_BYTES, "little")


def checksum(data: bytes) -> int:
    """Return the checksum in which a chunk ends."""
    return int.from_bytes(data[-CHECKSUM_BYTES:], "little")


def intact(data: bytes | None) -> bool:
    """Return whether ``data`` ends in its own checksum."""
    return (
        data is not None
        and len(data) > CHECKSUM_BYTES
        and google_crc32c.value(data[:-CHECKSUM_BYTES]) == checksum(data)
    )


def problem(data: bytes | memoryview, unpacked: int, codecs: tuple[str, ...]) -> str:
    """Return what is wrong with the bytes of a chunk, nothing if they are right; it is not unpacked into more memory.

    Parameters
    ----------
    data
        The bytes.
    unpacked
        Size in bytes of the numbers of the chunk.
    codecs
        Names of the codecs of its array.
    """
    if codecs[-1] == "crc32c":
        if not intact(bytes(data)):
            return "its checksum differs"
        data = data[:-CHECKSUM_BYTES]
    size = len(data)
    if "blosc" in codecs:
        size = int.from_bytes(data[4:8], "little") if size >= BLOSC_HEADER_BYTES else 0
    elif "zstd" in codecs:
        try:
            Zstd().decode(data, np.empty(unpacked, np.uint8))
            size = unpacked
        except (RuntimeError, ValueError) as error:
            return one_line(error)
        with contextlib.suppress(RuntimeError, ValueError):  # what is right does not fit into less
            Zstd().decode(data, np.empty(unpacked - 1, np.uint8))
            return f"it unpacks to less than {unpacked} bytes"
    return f"it unpacks to {size} bytes, not {unpacked}" if size != unpacked else ""

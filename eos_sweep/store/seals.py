"""The seal of a block: a number that binds its chunks to the store, to its place, and to its row in the ledger.

The checksum in a chunk tells whether the chunk is as it was written, but not whether it belongs there.  The seal tells
when a chunk of another block, variable or sweep has taken its place, or when its row has been edited.  It protects
against accidents and mix-ups, not against forgery, since anybody can compute it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def of_chunks(checksums: Mapping[str, int]) -> int:
    """Return one number for the chunks of a block, given by the name of each variable and the chunk's checksum."""
    return _number(sorted(checksums.items()))


def of_block(store_id: str, block: Sequence[int], counts: Sequence[int], chunks: int) -> int:
    """Return the seal of a block.

    Parameters
    ----------
    store_id
        Identity of the store.
    block
        Index of the block.
    counts
        The other entries of its row in the ledger: computed cells along each axis, steps, microseconds.
    chunks
        What :func:`of_chunks` returns for its chunks.
    """
    return _number([store_id, [int(i) for i in block], [int(n) for n in counts], int(chunks)])


def _number(parts: Any) -> int:
    """Return 63 bits, which fit into the ledger's signed integers."""
    text = json.dumps(parts, separators=(",", ":"))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1

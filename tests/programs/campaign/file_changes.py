"""What can be done to a file of a store, and to a chunk, whose checksum then stays right.

A function returns False if it changed nothing, or a text that says more.
"""

import functools
import os

import google_crc32c
import numpy as np
from numcodecs import blosc

from helpers.hostile import GARBAGE


def _bytes(change):
    def act(place, name):
        path = place.store / name
        before = path.read_bytes()
        after = change(before, place.draw)
        path.write_bytes(after)
        return before != after

    return act


def flipped(content, draw):
    if not content:
        return content
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _replaced(make):
    def act(place, name):
        path = place.store / name
        content = path.read_bytes()
        path.unlink()
        make(path, place, content)

    return act


def _linked(path, place, content):
    target = place.outside / "theirs"
    target.write_bytes(content)
    os.utime(target, ns=(0, 0))
    path.symlink_to(target)


def _removed(place, name):
    (place.store / name).unlink()


KINDS = {
    "truncated": _bytes(lambda content, draw: content[: draw.randrange(len(content))] if content else content),
    "empty": _bytes(lambda content, draw: b""),
    "a bit": _bytes(flipped),
    "bytes appended": _bytes(lambda content, draw: content + draw.randbytes(draw.randint(1, 9))),
    "garbage": _bytes(lambda content, draw: GARBAGE),
    "zeros": _bytes(lambda content, draw: bytes(len(content))),
    "removed": _removed,
    "a folder": _replaced(lambda path, place, content: (path.mkdir(), (path / "x").write_bytes(content))),
    "a link": _replaced(_linked),
    "a link to itself": _replaced(lambda path, place, content: path.symlink_to(path.name)),
    "a link without end": _replaced(lambda path, place, content: path.symlink_to("/dev/zero")),
    "a pipe": _replaced(lambda path, place, content: os.mkfifo(path)),
}


def copied(source):
    def act(place, name):
        path, found = place.store / name, source(place, name)
        if found is None or not found.is_file() or found.read_bytes() == path.read_bytes():
            return False
        path.write_bytes(found.read_bytes())

    return act


def _other_block(place, name):
    others = sorted(path for path in (place.store / name).parents[1].glob("*/*") if path.is_file())
    return place.draw.choice(others) if others else None


def _other_variable(place, name):
    variable, _, key = name.partition("/")
    others = sorted(path for path in place.store.glob(f"*/{key}") if path.parts[-4:-3] != (variable,))
    return place.draw.choice(others) if others else None


def _written(place, name):
    """Write another number through zarr, which gives its chunk a checksum that is right."""
    import zarr

    array = zarr.open_array(place.store / name.partition("/c")[0], mode="r+")
    values = np.asarray(array[...])
    if not values.size:
        return False
    at = place.draw.randrange(values.size)
    old = values.flat[at].copy()
    values.flat[at] = 7 if old != 7 else 6
    array[...] = values


@functools.cache
def _gigabyte():
    """Return a chunk of a store that unpacks to a gigabyte, with a checksum that is right."""
    packed = blosc.compress(np.zeros(2**27), b"zstd", 5, blosc.SHUFFLE)
    return packed + google_crc32c.value(packed).to_bytes(4, "little")


CHUNKS = {
    "a gigabyte unpacked": lambda place, name: (place.store / name).write_bytes(_gigabyte()) and None,
    "another block's": copied(_other_block),
    "another variable's": copied(_other_variable),
    "another sweep's": copied(lambda place, name: place.other / name),
    "an older one": copied(lambda place, name: place.older / name),
    "another number": _written,
}

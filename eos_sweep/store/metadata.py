"""The files of arrays and groups as zarr writes them: their metadata, and the one chunk of a coordinate.

Zarr creates arrays one after the other, with some round trips through its thread for each: those of a store take it a
third of a second.  Here zarr describes one array of each kind, in memory.  The others differ from it in their
attributes alone, and all files are written at once.  A test compares them with those of zarr, byte for byte.
"""

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import zarr
from zarr.core.buffer import default_buffer_prototype
from zarr.core.group import GroupMetadata
from zarr.storage import MemoryStore

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import chunk_bytes, schema

NAME = "zarr.json"  # of the file with the metadata of a group or an array


class Form(NamedTuple):
    """All that describes an array beside its attributes.

    Attributes
    ----------
    shape, chunks : tuple of int
        Of the array, and of a chunk.
    dtype : str
        Name of its type.
    dims : tuple of str
        Names of its dimensions.
    codecs : callable
        Returns the compressors.
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    dims: tuple[str, ...]
    codecs: Callable[[], list[Any]] = chunk_bytes.codecs


def of_array(form: Form, fill: float, attributes: Mapping[str, Any]) -> bytes:
    """Return the metadata of an array."""
    return _bytes(_described(form, np.asarray(fill, form.dtype).tobytes()).update_attributes(dict(attributes)))


def of_group(attributes: Mapping[str, Any]) -> bytes:
    """Return the metadata of a group."""
    return _bytes(GroupMetadata(attributes=dict(attributes), zarr_format=3))


def of_root(attributes: Mapping[str, Any], below: Mapping[str, bytes]) -> bytes:
    """Return the metadata of the root group, with all metadata ``below`` it, path -> bytes, gathered in it."""
    root = json.loads(of_group(attributes))
    return text_of(root, {path: json.loads(below[path]) for path in sorted(below, key=_members_first)})


def text_of(root: dict[str, Any], below: Mapping[str, dict[str, Any]]) -> bytes:
    """Return ``root``, the metadata of the root group, as bytes, with the metadata ``below`` it gathered in it."""
    for found in below.values():
        if found["node_type"] == "group":
            found["consolidated_metadata"] = _gathered({})
    return json.dumps(root | {"consolidated_metadata": _gathered(dict(below))}, indent=2).encode()


def of_variables(
    sweep: Sweep,
    block_shape: tuple[int, ...],
    attributes: Mapping[str, Mapping[str, Any]],
    coordinates: Iterable[str],
) -> dict[str, bytes]:
    """Return the metadata of the variables of a sweep with their ``attributes``, by their keys."""
    further = " ".join(name for name in coordinates if name not in sweep.dims)
    also = {"coordinates": further} if further else {}
    found = {}
    for name, variable in sweep.stored.items():
        form = Form(sweep.shape, block_shape, variable.dtype, sweep.dims)
        found[f"{name}/{NAME}"] = of_array(form, variable.fill, {**attributes[name], **also})
    return found


def of_coordinates(found: Mapping[str, schema.Coordinate]) -> dict[str, bytes]:
    """Return the files of coordinates, by their keys."""
    files = {}
    for name, (dims, values, attributes) in found.items():
        form = Form(values.shape, values.shape, str(values.dtype), dims)
        files[f"{name}/{NAME}"] = of_array(form, 0.0, attributes)
        files["/".join((name, "c", *("0" for _ in dims)))] = chunk_bytes.encode(values, values.shape, 0.0)
    return files


@functools.lru_cache(maxsize=128)
def _described(form: Form, fill: bytes) -> Any:
    array = zarr.create_array(
        MemoryStore(),
        shape=form.shape,
        dtype=form.dtype,
        chunks=form.chunks,
        fill_value=np.frombuffer(fill, form.dtype)[0],
        dimension_names=form.dims,
        compressors=form.codecs(),
        zarr_format=3,
    )
    return array.metadata


def _bytes(metadata: Any) -> bytes:
    found: bytes = metadata.to_buffer_dict(default_buffer_prototype())[NAME].to_bytes()
    return found


def _members_first(path: str) -> tuple[str, ...]:
    """Return a key that sorts paths by name, and those below a group before it."""
    return (*path.split("/"), "\uffff")


def _gathered(metadata: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "inline", "must_understand": False, "metadata": metadata}

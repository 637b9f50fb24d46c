"""What a store says of itself, checked before it is believed: somebody else may have written it.

A store is JSON, and numbers in compressed chunks.  Whatever else is in one, opening it runs nothing, takes memory for
its spec and its ledger only, and gives a sweep or one line.
"""

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from eos_sweep import regimes, schema
from eos_sweep.axes import SpecError, number, short
from eos_sweep.bounds import MOST_BLOCKS, MOST_CELLS
from eos_sweep.errors import InputError, named
from eos_sweep.spec import Sweep

TEXTS = (
    *("spec", "thresholds", "title", "history", "spec_hash", "model_digest", "store_id"),
    *("numpy_version", "eos_sweep_version"),
)
CODECS = {"bytes", "blosc", "crc32c", "zstd"}  # of a run; others, such as pickle, might make objects


def sweep(path: str, attributes: Mapping[str, Any]) -> Sweep:
    """Return the sweep that a store's attributes hold."""
    for name in TEXTS:
        if not isinstance(attributes.get(name), str):
            damaged(path, f"its attribute {name} is {short(attributes.get(name))}, no text")
    try:
        return Sweep.from_dict(_json(path, "spec", attributes["spec"]))
    except SpecError as error:
        raise SpecError(f"{path}: its spec cannot be used here: {error}") from None


def thresholds(path: str, text: str) -> dict[str, float]:
    """Return the thresholds with which a store is labelled."""
    found = _json(path, "thresholds", text)
    try:
        given = {name: number(value) for name, value in found.items() if name in regimes.THRESHOLDS}
        return regimes.thresholds(given)
    except (AttributeError, ValueError):
        damaged(path, f"its thresholds are {short(found)}, no finite numbers by name")


def arrays(path: str, group: Any, sweep: Sweep, whole: bool = True) -> dict[str, Any]:
    """Return the variables' arrays, by name, in ``group``: each of the shape and the type that the spec asks for.

    If the store is not ``whole``, since its extension was interrupted, some have another shape.
    """
    found = {name: _array(path, group, name, dtype) for name, dtype in schema.dtypes(sweep).items()}
    blocks = found["steps_taken"].chunks
    for name, array in found.items():
        there = (array.shape if whole else sweep.shape, array.chunks, array.metadata.dimension_names)
        if there != (sweep.shape, blocks, sweep.dims):
            damaged(path, f"{name} has shape {array.shape} in blocks of {array.chunks}, not {sweep.shape} in {blocks}")
    count = math.prod(-(-size // block) for size, block in zip(sweep.shape, blocks, strict=True))
    if math.prod(blocks) > MOST_CELLS or count > MOST_BLOCKS:
        damaged(path, f"it has {count} blocks of {math.prod(blocks)} cells")
    return found


def coordinates(path: str, group: Any, sweep: Sweep) -> list[str]:
    """Return the names of the coordinates in ``group``: all axes, and other inputs over some of them."""
    sizes = dict(zip(sweep.dims, sweep.shape, strict=True))
    found = [name for name in {*sweep.quantities, *sweep.dims, "seed"} if name in group or name in sizes]
    for name in found:
        array = _array(path, group, name, np.dtype(np.float64))
        dims = array.metadata.dimension_names or ()
        over = (name,) if name in sizes else tuple(axis for axis in sizes if axis in dims)
        shape = tuple(sizes[axis] for axis in over)
        if (dims, array.shape) != (over, shape):
            damaged(path, f"{name} has shape {array.shape} over {short(dims)}, not {shape} over {over}")
    return found


def level(path: str, group: Any, sizes: Mapping[str, int]) -> None:
    """Refuse a level of the pyramid with anything but numbers over these dimensions."""
    for name, array in group.members():
        if not hasattr(array, "dtype") or array.dtype.kind not in "iuf" or not _codecs(array) <= CODECS:
            damaged(path, f"{short(name)} in its pyramid is no array of numbers")
        dims = array.metadata.dimension_names or ()
        if array.shape != tuple(sizes.get(dim, -1) for dim in dims):
            damaged(path, f"{short(name)} in its pyramid has shape {array.shape} over {short(dims)}")


def ledger(path: str, group: Any, grid: tuple[int, ...], whole: bool = True) -> Any:
    """Return the group that holds the ledger of a grid of blocks."""
    array = _array(path, group, "ledger/blocks", np.dtype(np.int64))
    shape = (*grid, len(grid) + 2)
    most = max(map(math.prod, (array.shape, array.chunks)))
    if (whole and array.shape != shape) or array.ndim != len(shape) or most > MOST_BLOCKS * shape[-1]:
        damaged(path, f"its ledger has shape {array.shape} in chunks of {array.chunks}, not {shape}")
    errors = array.attrs.asdict().get("errors")
    if not isinstance(errors, dict) or not all(_an_error(*item, len(grid)) for item in errors.items()):
        damaged(path, f"its errors are {short(errors)}, not what a run tells of blocks")
    return group["ledger"]


def rows(path: str, found: np.ndarray, shape: tuple[int, ...], blocks: tuple[int, ...]) -> None:
    """Refuse the rows of a ledger that claim more than there is."""
    for axis, (size, block) in enumerate(zip(shape, blocks, strict=True)):
        there = np.minimum(block, size - block * np.arange(found.shape[axis]))
        if (found[..., axis] > there.reshape([-1 if k == axis else 1 for k in range(len(shape))])).any():
            damaged(path, "its ledger has more cells than there are")
    if (found < 0).any():
        damaged(path, "its ledger has numbers below zero")


def heartbeat(found: Any) -> dict[str, Any]:
    """Return what a run said of itself: texts and finite numbers by name, and nothing else."""

    def plain(value: Any) -> bool:
        return isinstance(value, str) or (isinstance(value, int | float) and -(2**63) < value < 2**63)

    return {name: value for name, value in found.items() if plain(value)} if isinstance(found, dict) else {}


@contextlib.contextmanager
def reading(path: str, name: str) -> Iterator[None]:
    """Turn what zarr says of a chunk that cannot be read into one line."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as error:
        mended = "eos-sweep run --check computes it again"
        raise InputError(f"{path}: {name} is damaged, {named(str(error), 200)}; {mended}") from None


def codes(path: str, name: str, values: np.ndarray) -> np.ndarray:
    """Return the values of a label as they were read, if there are no others than its codes."""
    known = schema.LABELS[name].flags or {}
    if values.size and not 0 <= values.min() <= values.max() < len(known):
        damaged(path, f"{name} has codes from {values.min()} to {values.max()}, which is none of {', '.join(known)}")
    return values


def _an_error(block: str, found: Any, dims: int) -> bool:
    """Return whether this is a block, and how it failed."""
    known = {"point": str, "attempts": int, "error": str}
    return (
        re.fullmatch(rf"\d{{1,9}}(,\d{{1,9}}){{{dims - 1}}}", block, re.ASCII) is not None
        and isinstance(found, dict)
        and all(isinstance(found.get(name), kind) for name, kind in known.items())
        and bool(found["error"].strip())
    )


def _array(path: str, group: Any, name: str, dtype: np.dtype) -> Any:
    """Return the array called ``name``, if it is one of numbers of this type."""
    try:
        found = group[name]
        facts, codecs = (found.dtype, found.chunks), _codecs(found)
    except Exception as error:  # whatever zarr makes of metadata that are no array's
        damaged(path, f"{name} cannot be read, {named(str(error) or type(error).__name__)}")
    if facts[0] != dtype or not codecs <= CODECS or found.metadata.storage_transformers:
        damaged(path, f"{name} is {facts[0]} by {', '.join(sorted(codecs))}, not {dtype} by bytes and blosc")
    return found


def _codecs(array: Any) -> set[str]:
    return {str(codec.to_dict()["name"]) for codec in array.metadata.codecs}


def _json(path: str, name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        damaged(path, f"its {name} is {short(text)}, no JSON")


def damaged(path: str, what: str) -> NoReturn:
    raise InputError(f"{path}: damaged: {what}; take another copy of it, or run its sweep again in another place")

"""Checks of everything that is read from a store, because somebody else may have written it.

A store is JSON, and numbers in compressed chunks.  Whatever else it contains, opening it runs nothing, takes memory for
its spec and its ledger only, and gives either a sweep or an error of one line.
"""

import contextlib
import json
import logging
import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
import zarr

from eos_sweep import regimes, rules
from eos_sweep.errors import InputError, SpecError, is_thread_shortage, named, short
from eos_sweep.plain_data import number
from eos_sweep.rules import Limits
from eos_sweep.spec import own_regimes
from eos_sweep.spec.chosen import Chosen
from eos_sweep.spec.sizes import MAX_BLOCK_CELLS, MAX_BLOCKS
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import identity, provenance
from eos_sweep.store.blocks import grid_of
from eos_sweep.store.chunk_bytes import codec_names
from eos_sweep.store.files import is_unreachable
from eos_sweep.store.ledger import Ledger, entries_of
from eos_sweep.store.metadata import NAME
from eos_sweep.store.root import UNREADABLE
from eos_sweep.store.states import READY

LOG = logging.getLogger("eos_sweep")
CHANGED_THRESHOLDS = (
    "the thresholds in its zarr.json are not those of its labels, which the ledger has and which hold; "
    "eos-sweep relabel writes them again"
)
TEXT_ATTRIBUTES = (
    *("spec", "thresholds", "title", "history", "spec_hash", "model_digest"),
    *("numpy_version", "eos_sweep_version"),
)
CODECS = re.compile("bytes( (blosc|zstd))?( crc32c)?")  # those of a run; others, such as pickle, might create objects


class Contents(NamedTuple):
    """What a store holds, after it has been checked."""

    sweep: Sweep
    thresholds: Limits  # with which it is labelled
    arrays: dict[str, Any]  # variable -> zarr array
    ledger: Ledger


def contents(path: str, group: zarr.Group) -> Contents:
    """Return what the store at ``path`` holds.

    If its extension was interrupted, its arrays may have another shape than its spec.

    Raises
    ------
    InputError
        If it is damaged, or its sweep cannot be used here.
    """
    attributes: dict[str, Any] = group.attrs.asdict()
    ready = attributes["eos_sweep"] == READY
    sweep = _as_stored(_sweep(path, attributes), group, attributes["spec_hash"])
    thresholds = _thresholds(path, attributes["thresholds"], sweep)
    with zarr.config.set({"array.write_empty_chunks": True}):  # arrays keep the setting under which they are opened
        found = arrays(path, group, sweep, ready)
    blocks = found["steps_taken"].chunks
    store_format = identity.format_of(path, attributes)
    ledger = Ledger(_ledger_group(path, group, grid_of(sweep.shape, blocks), store_format, ready), store_format)
    if ready:
        _check_rows(path, ledger.rows, sweep.shape, blocks)
    if store_format >= 2:
        _check_identity(path, attributes, ledger.identity, ready)
        if attributes["thresholds"] != ledger.identity["thresholds"]:
            thresholds = _thresholds(path, ledger.identity["thresholds"], sweep)
            LOG.warning("%s: %s", path, CHANGED_THRESHOLDS)
    return Contents(sweep, thresholds, found, ledger)


def _check_identity(path: str, attributes: Mapping[str, Any], found: Mapping[str, str], ready: bool) -> None:
    """Raise InputError if root and ledger belong to different stores, or to different states of one."""
    if not found:
        raise_damaged(path, "its ledger does not say of which sweep it is")
    for name in ("store_id", "spec_hash", "model_digest") if ready else ("store_id",):
        held = attributes.get(name)
        if held != found[name]:
            raise InputError(
                f"{path}: damaged: zarr.json is of another sweep, or of another state of this one, than the ledger "
                f"({name} {short(held)}, not {short(found[name])}); put its copy back, or remove zarr.json "
                "and run the same spec again, which writes it anew"
            )


def _sweep(path: str, attributes: Mapping[str, Any]) -> Sweep:
    for name in TEXT_ATTRIBUTES:
        if not isinstance(attributes.get(name), str):
            raise_damaged(path, f"its attribute {name} is {short(attributes.get(name))}, not a text")
    try:
        return provenance.sweep_in(attributes, path)
    except SpecError as error:
        raise SpecError(f"{path}: its spec cannot be used here: {error}") from None


def _as_stored(sweep: Sweep, group: zarr.Group, spec_hash: str) -> Sweep:
    """Return ``sweep`` with the variables of the store.

    A spec may name groups of observables, such as "default", which have gained members since the store was made.  Its
    hash covers the members of then: without it, a variable that is not there counts as lost.
    """
    if sweep.hash == spec_hash:
        return sweep
    try:
        present = set(group.array_keys())
    except UNREADABLE:  # the check of the arrays says what is damaged
        return sweep
    own = sweep.observables.own
    names = tuple(name for name in sweep.variables if name in present and name not in own)
    given = sweep.to_dict() | {"observables": Chosen(names, own).given()}
    older = Sweep.from_dict(given, told=provenance.told_in(group.attrs))
    return older if older.hash == spec_hash else sweep


def _thresholds(path: str, text: str, sweep: Sweep) -> Limits:
    found = _parsed_json(path, "thresholds", text)
    try:
        own = found.get(rules.OWN, {})
        found_rules = own_regimes.rules(own, own_regimes.known_to(sweep.module, sweep.own))
        # One below zero, which relabel accepted once, is the same as zero.
        given = {name: max(number(value), 0.0) for name, value in found.items() if name in regimes.THRESHOLDS}
        return regimes.thresholds(given, found_rules)
    except (AttributeError, ValueError, TypeError):
        raise_damaged(path, f"its thresholds are {short(found)}, not finite numbers by name")


def arrays(path: str, group: Any, sweep: Sweep, ready: bool = True) -> dict[str, Any]:
    """Return the arrays of all variables in ``group``, by name, each of the shape and type that the sweep determines.

    In a store that is not ``ready``, because its extension was interrupted, some have another shape.
    """
    found = {name: _array(path, group, name, np.dtype(variable.dtype)) for name, variable in sweep.stored.items()}
    blocks = found["steps_taken"].chunks
    for name, array in found.items():
        layout = (array.shape if ready else sweep.shape, array.chunks, array.metadata.dimension_names)
        if layout != (sweep.shape, blocks, sweep.dims):
            raise_damaged(
                path, f"{name} has shape {array.shape} in blocks of {array.chunks}, not {sweep.shape} in {blocks}"
            )
    count = math.prod(grid_of(sweep.shape, blocks))
    if math.prod(blocks) > MAX_BLOCK_CELLS or count > MAX_BLOCKS:
        raise_damaged(path, f"it has {count} blocks of {math.prod(blocks)} cells")
    return found


def coordinates(path: str, group: Any, sweep: Sweep) -> list[str]:
    """Return the names of the coordinates in ``group``: all axes, and other inputs over some of them."""
    sizes = dict(zip(sweep.dims, sweep.shape, strict=True))
    found = [
        name for name in {*sweep.quantities, *sweep.dims, *sweep.columns, "seed"} if name in group or name in sizes
    ]
    for name in found:
        coordinate(path, group, name, sweep)
    return found


def coordinate(path: str, group: Any, name: str, sweep: Sweep) -> Any:
    """Return the array of the coordinate ``name`` in ``group``, an axis or another input over some of the axes."""
    sizes = dict(zip(sweep.dims, sweep.shape, strict=True))
    array = _array(path, group, name, np.dtype(np.float64))
    dims = array.metadata.dimension_names or ()
    over = (name,) if name in sizes else tuple(axis for axis in sizes if axis in dims)
    shape = tuple(sizes[axis] for axis in over)
    if (dims, array.shape) != (over, shape):
        raise_damaged(path, f"{name} has shape {array.shape} over {short(dims)}, not {shape} over {over}")
    return array


def level(path: str, group: Any, sizes: Mapping[str, int]) -> None:
    """Raise InputError unless a level of the pyramid holds regimes, shares, and only numbers over these dimensions."""
    found = dict(group.members())
    if lost := {"regime", "share"} - set(found):
        raise_damaged(path, f"{', '.join(sorted(lost))} is missing in its pyramid")
    for name, array in found.items():
        plain = hasattr(array, "dtype") and array.dtype.kind in "iuf" and CODECS.fullmatch(" ".join(codec_names(array)))
        if not plain:
            raise_damaged(path, f"{short(name)} in its pyramid is not an array of numbers")
        array.store.expect(array)
        dims = array.metadata.dimension_names or ()
        if array.shape != tuple(sizes.get(dim, -1) for dim in dims):
            raise_damaged(path, f"{short(name)} in its pyramid has shape {array.shape} over {short(dims)}")


def _ledger_group(path: str, group: Any, grid: tuple[int, ...], store_format: int, ready: bool) -> Any:
    """Return the group of the ledger of a grid of blocks."""
    array = _array(path, group, "ledger/blocks", np.dtype(np.int64))
    shape = (*grid, entries_of(len(grid), store_format))
    most = max(map(math.prod, (array.shape, array.chunks)))
    if (ready and array.shape != shape) or array.ndim != len(shape) or most > MAX_BLOCKS * shape[-1]:
        raise_damaged(path, f"its ledger has shape {array.shape} in chunks of {array.chunks}, not {shape}")
    errors = array.attrs.asdict().get("errors")
    if not isinstance(errors, dict) or not all(_is_error_of_block(*item, len(grid)) for item in errors.items()):
        raise_damaged(path, f"its errors are {short(errors)}, not errors of blocks")
    try:
        return group["ledger"]
    except (OSError, *UNREADABLE):
        raise_damaged(path, "ledger/zarr.json is missing or cannot be read")


def _is_error_of_block(block: str, found: Any, dims: int) -> bool:
    types = {"point": str, "attempts": int, "error": str}
    return (
        re.fullmatch(rf"\d{{1,9}}(,\d{{1,9}}){{{dims - 1}}}", block, re.ASCII) is not None
        and isinstance(found, dict)
        and all(isinstance(found.get(name), kind) for name, kind in types.items())
        and bool(found["error"].strip())
    )


def _check_rows(path: str, rows: np.ndarray, shape: tuple[int, ...], blocks: tuple[int, ...]) -> None:
    """Raise InputError if a ledger claims more cells than the grid has."""
    for axis, (size, block) in enumerate(zip(shape, blocks, strict=True)):
        cells = np.minimum(block, size - block * np.arange(rows.shape[axis]))
        if (rows[..., axis] > cells.reshape([-1 if k == axis else 1 for k in range(len(shape))])).any():
            raise_damaged(path, "its ledger has more cells than the grid")
    if (rows < 0).any():
        raise_damaged(path, "its ledger has numbers below zero")


@contextlib.contextmanager
def reading(path: str, name: str) -> Iterator[None]:
    """Turn zarr's error for a chunk that cannot be read into an InputError of one line."""
    try:
        yield
    except InputError:  # it says so itself
        raise
    except (OSError, ValueError, RuntimeError) as error:
        if is_thread_shortage(error) or is_unreachable(error):
            raise
        remedy = "eos-sweep run --check computes it again"
        raise InputError(f"{path}: {name} is damaged, {named(str(error), 200)}; {remedy}") from None


def codes(path: str, name: str, values: np.ndarray, known: Mapping[str, int]) -> np.ndarray:
    """Return ``values``, which were read from the label ``name``, if they are codes of that label, ``known``."""
    places = np.array([*known.values()])
    if values.size and not np.isin(values, places).all():
        raise_damaged(
            path, f"{name} has codes from {values.min()} to {values.max()}, which are none of {', '.join(known)}"
        )
    return values


def _array(path: str, group: Any, name: str, dtype: np.dtype) -> Any:
    """Return the array called ``name``, if it holds numbers of type ``dtype``."""
    try:
        found = _opened(group, name)
        found_dtype, _, codecs = found.dtype, found.chunks, codec_names(found)
    except Exception as error:  # zarr raises many kinds for metadata that do not describe an array
        raise_damaged(path, f"{name} cannot be read, {named(str(error) or type(error).__name__)}")
    if found_dtype != dtype or not CODECS.fullmatch(" ".join(codecs)) or found.metadata.storage_transformers:
        raise_damaged(path, f"{name} is {found_dtype} by {', '.join(codecs)}, not {dtype} by bytes and blosc")
    found.store.expect(found)
    return found


def _opened(group: Any, name: str) -> Any:
    """Return what lies in ``group`` under a name, without zarr's round trips through its thread."""
    if group.metadata.consolidated_metadata is not None:
        return group[name]
    place = group.store_path / name
    if (data := group.store.read(f"{place.path}/{NAME}")) is None:
        raise KeyError(name)
    return zarr.Array.from_dict(place, json.loads(data))


def _parsed_json(path: str, name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise_damaged(path, f"its {name} is {short(text)}, not JSON")


def raise_damaged(path: str, problem: str) -> NoReturn:
    """Raise the InputError for a damaged store; lack of threads, for which nothing can be read, is no damage."""
    if (error := sys.exception()) and is_thread_shortage(error):
        raise error
    raise InputError(f"{path}: damaged: {problem}; {provenance.DAMAGED}")

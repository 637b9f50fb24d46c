"""Coarse levels of a stored map, beside the sweep: its regimes pooled by mode, with the share of each regime.

Each level is a group of its own, ``pyramid/<side>``, whose pooled axes have at most ``side`` cells;
``xarray.open_zarr(path, group="pyramid/256")`` reads it without eos_sweep.  Factors are powers of two, so each level
follows from the next finer one, whose shares give the counts.  Attributes of the group ``pyramid`` say of which state
of the sweep the levels are.  They are written last: without them, or if they differ from the sweep's, there is no
pyramid.
"""

import contextlib
import json
import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import BloscCodec, Crc32cCodec

from eos_sweep import regimes
from eos_sweep.analysis import opened, pooling
from eos_sweep.analysis.pyramid_levels import GROUP, concerns, factors, is_there
from eos_sweep.engine.cores import cores
from eos_sweep.errors import InputError, is_thread_shortage, named
from eos_sweep.store import relabelling, validate
from eos_sweep.store.blocks import grid_of
from eos_sweep.store.root import UNREADABLE
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
LEVEL_CHUNK_CELLS = 2**18  # their shares take 10 MB


def write(
    store: Store, threads: int | None = None, anew: bool = False, held: Callable[[], None] = lambda: None
) -> None:
    """Write the levels of a store, unless they are there and intact, or the map is small, or it has no regime.

    Parameters
    ----------
    store
        The store, which the caller must have locked.
    threads
        Number of threads; one for each core if None.
    anew
        Write the levels even if they are there.
    held
        Raises Stopped if the lock was lost.
    """
    if not concerns(store):
        return
    levels, state = factors(store.sweep), _state(store)
    if state == _written(store) and not anew:
        if _intact(store):
            return
        LOG.warning("%s: its pyramid is damaged, and is written again", store.path)
    held()
    _remove(store)
    if not levels or not relabelling.labels_are_current(store, store.thresholds):
        return
    LOG.info("%s: writing its pyramid", store.path)
    group = store.group.create_group(GROUP)
    try:
        lost = state["trajectories"] - _write(store, levels, threads)
        remedy = "eos-sweep run --check computes them again"
        reason = f"{store.path}: {lost} labels are missing; {remedy}" if lost else ""
    except InputError as error:  # of a chunk that is not as it was written, or not there
        reason = str(error)
    held()
    if reason:
        LOG.warning("no pyramid, because %s", reason)
        return _remove(store)
    group.attrs.put(state)
    store.consolidate()


def open_pyramid(path: str | Path) -> list[xr.Dataset]:
    """Open the levels of a stored map: its regimes pooled by mode, and the share of each regime in a pool.

    Parameters
    ----------
    path
        Path or URL of the store.

    Returns
    -------
    list of Dataset
        Lazy levels, the coarsest first, with ``regime`` over the sweep's axes and ``share`` over these and ``code``.
        The attribute ``pooled`` of an axis is the number of cells that became one.  The list is empty if no axis has
        more than 512 values, if there are no regimes, or if they have changed since the last run.  Without eos_sweep,
        ``xarray.open_zarr(path, group="pyramid/256")`` reads the level with at most 256 cells along pooled axes.

    Raises
    ------
    InputError
        If no sweep is stored at ``path``.

    Examples
    --------
    >>> import eos_sweep
    >>> given = {"parameters": {"a1": 1}, "initial": {"theta1": 1}, "steps": 2, "out": "map.zarr"}
    >>> stored = eos_sweep.sweep("quadratic", {"eta": {"linear": [0.1, 3, 600]}}, **given)
    >>> [level.sizes["eta"] for level in eos_sweep.open_pyramid("map.zarr")]
    [150, 300]
    """
    return levels(Store.open(path))


def levels(store: Store) -> list[xr.Dataset]:
    """Return the levels as lazy datasets, the coarsest first; none if they are of another state of the sweep."""
    try:
        if _written(store) != _state(store):
            return []
        return [_opened(store, side) for side in reversed(factors(store.sweep))]
    except Exception as error:  # zarr and xarray raise many kinds for levels that no run wrote
        if is_thread_shortage(error):
            raise
        LOG.warning("%s: the pyramid is damaged, %s; all cells are read instead", store.path, named(str(error), 200))
        return []


def _state(store: Store) -> dict[str, Any]:
    """Return the facts that a pyramid depends on: sweep, thresholds of the labels, number of computed trajectories."""
    return {
        "spec_hash": store.group.attrs["spec_hash"],
        "thresholds": json.dumps(json.loads(store.thresholds.json()), sort_keys=True),
        "trajectories": int(store.extent.astype(np.int64).prod(axis=-1).sum()),
    }


def _written(store: Store) -> dict[str, Any]:
    """Return the facts for which the stored pyramid was written; nothing if there is none, or no run wrote it."""
    try:
        found: dict[str, Any] = store.group[GROUP].attrs.asdict()
        return found | {"thresholds": json.dumps(json.loads(found["thresholds"]), sort_keys=True)}
    except UNREADABLE:
        return {}


def _intact(store: Store) -> bool:
    """Return whether the levels can be opened, and all of their chunks are there and match their checksums."""
    try:
        for side in factors(store.sweep):
            _opened(store, side)
            level: Any = store.group[f"{GROUP}/{side}"]
            for _, array in level.members():
                for chunk in np.ndindex(*grid_of(array.shape, array.chunks)):
                    key = f"{array.path}/{array.metadata.encode_chunk_key(chunk)}"
                    if (data := store.location.read(key)) is None or array.store.problem(key, data):
                        return False
    except Exception as error:  # zarr and xarray raise many kinds for levels that no run wrote
        if is_thread_shortage(error):
            raise
        return False
    return True


def _write(store: Store, levels: dict[int, dict[str, int]], threads: int | None) -> int:
    """Write the levels, the finest first; return the number of labels in them."""
    labels = opened.dataset_of(store)["regime"]
    with ThreadPoolExecutor(threads or cores()) as pool:  # dask's own may be a cluster, which cannot read the store
        for finer, (side, pools) in zip([None, *levels], levels.items(), strict=False):
            counts = pooling.counts(labels, pools) if finer is None else _recounted(store, labels, finer, pools)
            level, place = _level(store, labels, pools, counts), _place(store, side)
            writing: Any = level.to_zarr(
                store.group.store,
                group=place,
                mode="w-",
                consolidated=False,
                compute=False,
                write_empty_chunks=True,  # so that a lost chunk is noticed
            )
            writing.compute(scheduler="threads", pool=pool)
        missing = _recounted(store, labels, side, pools).sel(code=0).sum().compute(scheduler="threads", pool=pool)
    return labels.size - int(missing)


def _remove(store: Store) -> None:
    there = is_there(store)
    if there:
        with contextlib.suppress(*UNREADABLE):
            store.group[GROUP].attrs.put({})  # from here on it is no pyramid
    store.location.remove(GROUP)  # also what is left of one
    if there:
        store.consolidate()  # so that other readers see the change


def _place(store: Store, side: int) -> str:
    return f"{store.group.path}/{GROUP}/{side}".lstrip("/")


def _opened(store: Store, side: int) -> xr.Dataset:
    pools = factors(store.sweep)[side]
    sizes = {axis.name: -(-axis.values.size // pools.get(axis.name, 1)) for axis in store.sweep.axes}
    level: Any = store.group[f"{GROUP}/{side}"]
    validate.level(store.path, level, sizes | {"code": len(regimes.codes(store.thresholds))})
    if store.done().all():  # otherwise chunks without labels may be missing
        chunks = {array.path: np.ones((*grid_of(array.shape, array.chunks), 1)) for _, array in level.members()}
        level.store.require(chunks)
    found = xr.open_zarr(
        store.group.store,
        group=_place(store, side),
        consolidated=False,
        zarr_format=3,
        mask_and_scale=False,
        decode_times=False,
    )
    if any(found[dim].attrs.get("pooled", 1) != pools.get(dim, 1) for dim in store.sweep.dims):
        validate.raise_damaged(store.path, "the levels are not pooled as their attributes say")
    return found


def _recounted(store: Store, labels: xr.DataArray, side: int, pools: dict[str, int]) -> xr.DataArray:
    """Return the counts of labels in ``pools`` from the level ``side``."""
    return pooling.recount(labels, pools, _opened(store, side)["share"])


def _level(store: Store, labels: xr.DataArray, pools: dict[str, int], counts: xr.DataArray) -> xr.Dataset:
    """Return a level, lazily."""
    exact = np.float32 if math.prod(pools.values()) < 2**22 else np.float64  # a count is its share times the cells
    share = (counts / counts.sum("code")).astype(exact)
    share.attrs = {"long_name": "share of each regime among the cells of a pool"}
    methods = " ".join(f"{name}:" for name in pools)
    regime = pooling.mode(counts).assign_attrs(
        labels.attrs | {"ancillary_variables": "share", "cell_methods": f"{methods} mode"}
    )
    pooled = ", ".join(f"{pool} along {name}" for name, pool in pools.items())
    about = store.group.attrs.asdict() | _state(store)
    about["comment"] = f"each cell stands for a pool of cells of the sweep, {pooled}, and lies in the middle of it"
    for name in ("eos_sweep", "eos_sweep_format", "store_id"):
        about.pop(name, None)  # the level is no store
    level = xr.Dataset({"regime": regime, "share": share}, attrs=about)
    thin = tuple(round(LEVEL_CHUNK_CELLS ** (1 / len(pools))) if dim in pools else 1 for dim in regime.dims)
    chunks = dict(zip(regime.dims, opened.grown(thin, regime.shape, LEVEL_CHUNK_CELLS), strict=True))
    level = level.drop_encoding().chunk(chunks | {"code": -1})
    for variable in level.variables.values():
        if variable.dtype.kind == "f":
            variable.encoding |= {"_FillValue": None, "fill_value": np.nan}
    for data in level.data_vars.values():
        data.encoding["compressors"] = [BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"), Crc32cCodec()]
    return level

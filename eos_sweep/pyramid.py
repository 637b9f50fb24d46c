"""A stored map in few cells: levels of the regime pooled by mode, with the share of each regime, beside the sweep.

Each level is a group of its own, ``pyramid/<side>``, whose pooled axes have at most so many cells;
``xarray.open_zarr(path, group="pyramid/256")`` gives it without eos_sweep.  Factors are powers of two, so that each
level follows from the next finer one, whose shares give back the counts.  What state of the sweep the levels are of
stands in the attributes of the group ``pyramid``, which are written last: without them, or with others than those of
the sweep, there is no pyramid.
"""

import contextlib
import json
import logging
import math
from typing import Any

import numpy as np
import xarray as xr
from zarr.codecs import BloscCodec, Crc32cCodec

from eos_sweep import lazy, pooling, regimes, vetted
from eos_sweep.errors import named
from eos_sweep.spec import Sweep
from eos_sweep.store import UNREADABLE, Store

LOG = logging.getLogger("eos_sweep")
GROUP = "pyramid"
SIDES = 2048, 1024, 512, 256  # of the levels; what a page shows, and what a thumbnail does
SHORT = 512  # an axis of at most so many values is not pooled: it may be a list of cases
MOST = 2**24  # cells of a level: twelve maps of 1024 x 1024
CHUNK = 2**18  # cells of a chunk of a level: their shares take 10 MB


def write(store: Store, workers: int | None = None, anew: bool = False) -> None:
    """Write the levels of what ``store`` holds, unless they are there, or the map is small, or it has no regime.

    Whoever calls this must have locked the store.

    Args:
        workers: threads; all cores if None.
        anew: write them even if they are there.
    """
    levels, state = factors(store.sweep), _state(store)
    if "regime" not in store.arrays or (state == _written(store) and not anew) or not (levels or _there(store)):
        return
    _remove(store)
    if not levels or not lazy.labelled(store, store.thresholds):
        return
    LOG.info("%s: writing its pyramid", store.path)
    group = store.group.create_group(GROUP)
    try:
        lost = state["trajectories"] - _write(store, levels, workers)
        reason = f"{lost} labels are missing" * bool(lost)
    except ValueError as error:
        if "checksum" not in str(error):  # zarr's, of a chunk that is not as it was written
            raise
        reason = "a chunk is damaged"
    if reason:
        LOG.warning("%s: no pyramid, for %s; eos-sweep run --check mends that", store.path, reason)
        return _remove(store)
    group.attrs.put(state)
    store.consolidate()


def levels(store: Store) -> list[xr.Dataset]:
    """Return the levels as lazy datasets, the coarsest first; none if those that are there are of another state."""
    try:
        if _written(store) != _state(store):
            return []
        return [_opened(store, side) for side in reversed(factors(store.sweep))]
    except Exception as error:  # whatever zarr and xarray make of levels that no run wrote
        LOG.warning("%s: its pyramid is damaged, %s; all cells are read instead", store.path, named(str(error), 200))
        return []


def factors(sweep: Sweep) -> dict[int, dict[str, int]]:
    """Return side -> axis -> number of cells that are pooled, the finest level first; axes that are not are left out.

    Only long axes are pooled, and only increasing ones of finite numbers that are no seeds.
    """
    long = {
        axis.name: axis.values.size
        for axis in sweep.axes
        if axis.values.size > SHORT
        and axis.name != "seed"
        and np.isfinite(axis.values).all()
        and (np.diff(axis.values) > 0).all()
    }
    found: dict[int, dict[str, int]] = {}
    for side in SIDES:
        pools = {name: 1 << (-(-size // side) - 1).bit_length() for name, size in long.items()}
        pools = {name: pool for name, pool in pools.items() if pool > 1}
        cells = math.prod(-(-axis.values.size // pools.get(axis.name, 1)) for axis in sweep.axes)
        if pools and cells <= MOST:
            found[side] = pools
    return found


def _state(store: Store) -> dict[str, Any]:
    """Return what a pyramid depends on: the sweep, the thresholds of its labels, and how far it is computed."""
    return {
        "spec_hash": store.group.attrs["spec_hash"],
        "thresholds": json.dumps(store.thresholds),
        "trajectories": int(store.extent.astype(np.int64).prod(axis=-1).sum()),
    }


def _written(store: Store) -> dict[str, Any]:
    try:
        return store.group[GROUP].attrs.asdict()
    except UNREADABLE:  # none, or none that a run wrote
        return {}


def _there(store: Store) -> bool:
    return store.location.read(f"{GROUP}/zarr.json") is not None


def _write(store: Store, levels: dict[int, dict[str, int]], workers: int | None) -> int:
    """Write the levels, the finest first; return the number of labels in them."""
    labels = lazy.dataset(store)["regime"]
    for finer, (side, pools) in zip([None, *levels], levels.items(), strict=False):
        counts = pooling.counts(labels, pools) if finer is None else _recounted(store, labels, finer, pools)
        level, place = _level(store, labels, pools, counts), _place(store, side)
        writing: Any = level.to_zarr(store.group.store, group=place, mode="w-", consolidated=False, compute=False)
        writing.compute(scheduler="threads", num_workers=workers)
    return labels.size - int(_recounted(store, labels, side, pools).sel(code=0).sum())


def _remove(store: Store) -> None:
    if _there(store):
        with contextlib.suppress(*UNREADABLE):
            store.group[GROUP].attrs.put({})  # from now on there is none
        store.location.remove(GROUP)
        store.consolidate()  # that lists what others read


def _place(store: Store, side: int) -> str:
    return f"{store.group.path}/{GROUP}/{side}".lstrip("/")


def _opened(store: Store, side: int) -> xr.Dataset:
    pools = factors(store.sweep)[side]
    sizes = {axis.name: -(-axis.values.size // pools.get(axis.name, 1)) for axis in store.sweep.axes}
    vetted.level(store.path, store.group[f"{GROUP}/{side}"], sizes | {"code": len(regimes.CODES)})
    found = xr.open_zarr(
        store.group.store,
        group=_place(store, side),
        consolidated=False,
        zarr_format=3,
        mask_and_scale=False,
        decode_times=False,
    )
    if any(found[dim].attrs.get("pooled", 1) != pools.get(dim, 1) for dim in store.sweep.dims):
        vetted.damaged(store.path, "its levels are not pooled as they say")
    return found


def _recounted(store: Store, labels: xr.DataArray, side: int, pools: dict[str, int]) -> xr.DataArray:
    """Return the counts of labels in ``pools`` from the level ``side``."""
    return pooling.recount(labels, pools, _opened(store, side)["share"])


def _level(store: Store, labels: xr.DataArray, pools: dict[str, int], counts: xr.DataArray) -> xr.Dataset:
    """Return a level, lazily."""
    exact = np.float32 if math.prod(pools.values()) < 2**22 else np.float64  # a count is its share times the cells
    share = (counts / counts.sum("code")).astype(exact)
    share.attrs = {"long_name": "share of each regime among the cells of a pool", "units": "1"}
    methods = " ".join(f"{name}:" for name in pools)
    regime = pooling.mode(counts).assign_attrs(
        labels.attrs | {"ancillary_variables": "share", "cell_methods": f"{methods} mode"}
    )
    words = ", ".join(f"{pool} along {name}" for name, pool in pools.items())
    about = store.group.attrs.asdict() | _state(store)
    about["comment"] = f"each cell stands for a pool of cells of the sweep, {words}, and lies in the middle of it"
    for name in ("eos_sweep", "store_id"):
        about.pop(name, None)  # it is no store of its own
    level = xr.Dataset({"regime": regime, "share": share}, attrs=about)
    thin = tuple(round(CHUNK ** (1 / len(pools))) if dim in pools else 1 for dim in regime.dims)
    chunks = dict(zip(regime.dims, lazy.grown(thin, regime.shape, CHUNK), strict=True))
    level = level.drop_encoding().chunk(chunks | {"code": -1})
    for variable in level.variables.values():
        if variable.dtype.kind == "f":
            variable.encoding |= {"_FillValue": None, "fill_value": np.nan}
    for data in level.data_vars.values():
        data.encoding["compressors"] = [BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"), Crc32cCodec()]
    return level

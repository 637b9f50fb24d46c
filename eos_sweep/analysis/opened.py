"""A stored sweep as a lazy dataset, in chunks of whole blocks, dozens of which fit into memory."""

import logging
import math
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis.in_order import about_in_order, names_in_order
from eos_sweep.analysis.labelled import label, limits_of, settled
from eos_sweep.errors import InputError, named
from eos_sweep.spec import labels
from eos_sweep.store import schema, validate
from eos_sweep.store.relabelling import labels_are_current
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
CHUNK_CELLS = 2**20  # labelling a chunk takes 0.1 GB, and a graph of 10^9 cells has a thousand chunks


def open_sweep(path: str | Path, **thresholds: float) -> xr.Dataset:
    """Open a stored sweep as a lazy dataset with its regimes.

    Parameters
    ----------
    path
        Path or URL of the store.
    **thresholds
        Thresholds of the regime rules by name; those of the store where not given.

    Returns
    -------
    Dataset
        One dask-backed variable per observable over the sweep's axes, in chunks of about a million cells, and
        ``regime``: as it is stored, or computed on access if that has other thresholds.  Without eos_sweep,
        ``xarray.open_zarr(path)`` gives the same with the regimes as stored.

    Raises
    ------
    InputError
        If no sweep is stored at ``path``.

    Examples
    --------
    >>> import eos_sweep
    >>> given = {"parameters": {"a1": 1}, "initial": {"theta1": 1}, "steps": 50, "out": "map.zarr"}
    >>> stored = eos_sweep.sweep("quadratic", {"eta": [0.5, 1.5, 2.5]}, **given)
    >>> eos_sweep.open_sweep("map.zarr").regime.dims
    ('eta',)
    """
    store = Store.open(path)
    return _in_order(_labelled(store, dataset_of(store), thresholds), store)


def load_sweep(path: str | Path) -> xr.Dataset:
    """Return a stored sweep as :func:`open_sweep` does, but in memory.

    It is read without dask, whose scheduler may be a cluster that does not reach it.
    """
    store = Store.open(path)
    return _in_order(_labelled(store, _decoded(store).load(), {}), store)


def _in_order(dataset: xr.Dataset, store: Store) -> xr.Dataset:
    found = dataset[names_in_order(name for name in store.sweep.stored if name in dataset.data_vars)]
    found.attrs = about_in_order(found.attrs)
    return found


def _labelled(store: Store, dataset: xr.Dataset, thresholds: Mapping[str, float]) -> xr.Dataset:
    """Return the dataset of a store with labels for ``thresholds``."""
    decided = labels.decided(store.arrays, store.thresholds)
    if not decided and "regime" in store.group:
        missing = ", ".join(sorted(set(regimes.required(store.thresholds)) - set(store.arrays)))
        LOG.warning(
            "%s: its regimes are left out, since the regime rules now read %s, not stored there", store.path, missing
        )
    if decided and labels_are_current(store, limits_of(dataset, thresholds)):
        return dataset
    if thresholds or decided:
        dataset = dataset.drop_vars(decided)
        found = {"regime": label(dataset, None, **thresholds)}
        if "settled" in decided:
            found["settled"] = settled(dataset, **thresholds)
        dataset = dataset.assign(found)
    return dataset


def dataset_of(store: Store) -> xr.Dataset:
    """Open a store with dask-backed variables; coordinates are plain arrays that are read on access.

    The dataset has the variables that a run writes, with the attributes that a run gives them, and no others.

    Raises
    ------
    InputError
        If the store is damaged.
    """
    found = _decoded(store)
    chunks = grown(store.block_shape, store.sweep.shape, CHUNK_CELLS)
    coordinates = found.coords
    whole = found.drop_vars(list(coordinates)).chunk(dict(zip(store.sweep.dims, chunks, strict=True)))
    return whole.assign_coords(coordinates)


def _decoded(store: Store) -> xr.Dataset:
    """Open a store without dask, and check and describe its contents."""
    sweep, path = store.sweep, store.path
    try:
        group = store.gathered()
        coordinates = validate.coordinates(path, group, sweep)
        others = {name for name, _ in group.members()} - {*validate.arrays(path, group, sweep), *coordinates}
        found = xr.open_zarr(
            store.group.store,
            group=store.group.path or None,
            chunks=None,
            decode_cf=False,
            drop_variables=others,
            consolidated=group.metadata.consolidated_metadata is not None,
            zarr_format=3,
        )
    except InputError:
        raise
    except Exception as error:  # zarr and xarray raise many kinds for files of other origin
        validate.raise_damaged(path, named(str(error), 200))
    for name, expected in schema.coordinates(sweep).items():
        if name not in coordinates:  # lost, or of an early version
            found[name] = expected.dims, expected.values
            coordinates.append(name)
        elif not schema.same(found[name].values, expected.values, exactly=False):
            validate.raise_damaged(path, f"{name} has other values than in its spec; eos-sweep run --check mends that")
    found.attrs["thresholds"] = store.thresholds.json()  # the ledger's, if they are not those of the root
    for name, attributes in schema.attributes(sweep.stored, store.thresholds).items():
        found[name].attrs = attributes
    for name in coordinates:
        found[name].attrs = schema.coordinate_attributes(sweep.described[name])
    return found.set_coords(coordinates)


def grown(block: tuple[int, ...], shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return the shape of a chunk: a block, doubled along the axis with most blocks, again and again.

    Parameters
    ----------
    block, shape
        Sizes of a block and of the grid.
    most
        Number of cells that a chunk may have.
    """
    size = list(block)
    while True:
        longest = max(range(len(size)), key=lambda axis: shape[axis] / size[axis])
        wider = [2 * n if axis == longest else n for axis, n in enumerate(size)]
        if size[longest] >= shape[longest] or math.prod(map(min, wider, shape)) > most:
            return tuple(size)
        size = wider


def _forget_threads() -> None:
    """Let dask start threads in a forked child, which would wait without end for those that its parent has started."""
    if dask_threads := sys.modules.get("dask.threaded"):
        # Names of a module that is looked up at run time, which the type checker does not know.
        dask_threads.default_pool = None  # type: ignore[attr-defined]
        dask_threads.pools_lock = threading.Lock()  # type: ignore[attr-defined]
        dask_threads.pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_threads)

"""Which levels the pyramid of a map has, and whether a store has one; to ask takes neither xarray nor dask."""

import math

import numpy as np

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.blocks import grid_of
from eos_sweep.store.store import Store

GROUP = "pyramid"
SIDES = 2048, 1024, 512, 256  # of the levels, from a page to a thumbnail
UNPOOLED_SIZE = 512  # of an axis, up to which it is not pooled, since it may be a list of cases
LEVEL_CELLS = 2**24  # at most: sixteen maps of 1024 x 1024


def concerns(store: Store) -> bool:
    """Return whether a store has regimes, and has a pyramid of them or is large enough for one."""
    return "regime" in store.arrays and (bool(factors(store.sweep)) or is_there(store))


def is_there(store: Store) -> bool:
    """Return whether a store has a pyramid, maybe of another state of it."""
    return store.location.read(f"{GROUP}/zarr.json") is not None


def factors(sweep: Sweep) -> dict[int, dict[str, int]]:
    """Return side -> axis -> number of cells that are pooled, the finest level first.

    Only long axes are pooled, and only increasing ones of finite numbers that are neither seeds nor points.
    """
    long = {
        axis.name: axis.values.size
        for axis in sweep.axes
        if axis.values.size > UNPOOLED_SIZE
        and axis.name not in sweep.unordered
        and np.isfinite(axis.values).all()
        and (np.diff(axis.values) > 0).all()
    }
    found: dict[int, dict[str, int]] = {}
    for side in SIDES:
        pools = {name: 1 << (-(-size // side) - 1).bit_length() for name, size in long.items()}
        pools = {name: pool for name, pool in pools.items() if pool > 1}
        cells = math.prod(grid_of(sweep.shape, tuple(pools.get(name, 1) for name in sweep.dims)))
        if pools and cells <= LEVEL_CELLS:
            found[side] = pools
    return found

"""A stored sweep as a lazy dataset, in chunks of whole blocks that fit memory by the dozen."""

import math
from collections.abc import Mapping

import numpy as np
import xarray as xr

from eos_sweep import regimes, schema, vetted
from eos_sweep.errors import InputError, named
from eos_sweep.store import Store

CELLS = 2**20  # of a chunk: labelling one takes 0.1 GB, and a graph of 10^9 cells has a thousand of them


def dataset(store: Store) -> xr.Dataset:
    """Open ``store`` with dask-backed variables; coordinates are plain arrays, read when they are asked for.

    What a run writes is there, described as the run described it, and nothing else.

    Raises:
        InputError: the store is damaged.
    """
    found = _opened(store)
    chunks = grown(store.block_shape, store.sweep.shape, CELLS)
    coordinates = found.coords
    whole = found.drop_vars(list(coordinates)).chunk(dict(zip(store.sweep.dims, chunks, strict=True)))
    return whole.assign_coords(coordinates)


def _opened(store: Store) -> xr.Dataset:
    sweep, path = store.sweep, store.path
    try:
        group = store.gathered()
        coordinates = vetted.coordinates(path, group, sweep)
        others = {name for name, _ in group.members()} - {*vetted.arrays(path, group, sweep), *coordinates}
        found = xr.open_zarr(
            store.group.store,
            group=store.group.path or None,
            chunks=None,
            decode_cf=False,
            drop_variables=others,
            zarr_format=3,
        )
    except InputError:
        raise
    except Exception as error:  # whatever zarr and xarray make of what somebody else wrote
        vetted.damaged(path, named(str(error), 200))
    for axis in sweep.axes:
        if not np.allclose(found[axis.name].values, axis.values, rtol=1e-9, atol=0.0):
            vetted.damaged(path, f"{axis.name} has other values than in its spec")
    variables = schema.variables(sweep)
    for name, variable in variables.items():
        found[name].attrs = schema.attributes(variable, store.thresholds, variables)
    for name in coordinates:
        found[name].attrs = schema.meaning(sweep, name)
    return found.set_coords(coordinates)


def labelled(store: Store, limits: Mapping[str, float]) -> bool:
    """Return whether all stored labels are those of today's rules and these thresholds."""
    about = store.arrays["regime"].attrs
    return all(about.get(key) == value for key, value in regimes.attributes(limits).items())


def grown(block: tuple[int, ...], shape: tuple[int, ...], most: int) -> tuple[int, ...]:
    """Return ``block`` doubled where the grid has most of them, again and again, to at most ``most`` cells."""
    size = list(block)
    while True:
        longest = max(range(len(size)), key=lambda axis: shape[axis] / size[axis])
        wider = [2 * n if axis == longest else n for axis, n in enumerate(size)]
        if size[longest] >= shape[longest] or math.prod(map(min, wider, shape)) > most:
            return tuple(size)
        size = wider

"""A stored sweep as a lazy dataset."""

import numpy as np
import xarray as xr

from eos_sweep import schema, vetted
from eos_sweep.axes import named
from eos_sweep.errors import InputError
from eos_sweep.store import Store


def dataset(store: Store) -> xr.Dataset:
    """Return what a run writes into a store, described as the run described it, and nothing else that is there.

    Raises:
        InputError: the store is damaged.
    """
    sweep, path = store.sweep, store.path
    try:
        group = store.listed()
        coordinates = vetted.coordinates(path, group, sweep)
        others = {name for name, _ in group.members()} - {*vetted.arrays(path, group, sweep), *coordinates}
        found = xr.open_zarr(path, zarr_format=3, decode_cf=False, drop_variables=others)
    except InputError:
        raise
    except Exception as error:  # whatever zarr and xarray make of what somebody else wrote
        vetted.damaged(path, named(str(error)))
    for axis in sweep.axes:
        if not np.allclose(found[axis.name].values, axis.values, rtol=1e-9, atol=0.0):
            vetted.damaged(path, f"{axis.name} has other values than in its spec")
    variables = schema.variables(sweep)
    for name, variable in variables.items():
        found[name].attrs = schema.attributes(variable, store.thresholds, variables)
    for name in coordinates:
        found[name].attrs = schema.meaning(sweep, name)
    return found.set_coords(coordinates)

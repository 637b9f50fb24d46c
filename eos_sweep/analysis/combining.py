"""Several stored sweeps as one dataset."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from eos_sweep.analysis.opened import open_sweep
from eos_sweep.errors import InputError, short
from eos_sweep.spec.kept_axes import adopted
from eos_sweep.spec.overlap import shared
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.spec.union import union
from eos_sweep.store import provenance, schema
from eos_sweep.store.store import Store

OF_ONE = "eos_sweep", "eos_sweep_format", "store_id", "model_digest", "total_steps", "core_seconds", "created"


def combine(stores: Sequence[str | Path]) -> xr.Dataset:
    """Open several stored sweeps as one dataset over the values that any of them has.

    Parameters
    ----------
    stores
        Paths or URLs.  The sweeps may have other values on their axes, and inputs that are a fixed number in each:
        where these differ, they become an axis.  In all else they must be equal.

    Returns
    -------
    Dataset
        Lazy, with the variables that all of them store.  Where several have a cell, the first one gives it.  A cell
        that none has is not computed: its labels are 0.  To compute these cells, too, run a spec with all values, and
        give the stores as ``reuse``.

    Raises
    ------
    InputError
        If there is no store at a path, or the sweeps differ in something else, such as their steps or the thresholds
        of their labels.

    Examples
    --------
    >>> import eos_sweep
    >>> given = {"parameters": {"a1": 1}, "initial": {"theta1": 1}, "steps": 50}
    >>> low = eos_sweep.sweep("quadratic", {"eta": [0.5, 1.5]}, **given, out="low.zarr")
    >>> high = eos_sweep.sweep("quadratic", {"eta": [1.5, 2.5]}, **given, out="high.zarr")
    >>> eos_sweep.combine(["low.zarr", "high.zarr"]).eta.values.tolist()
    [0.5, 1.5, 2.5]
    """
    if isinstance(stores, str | Path) or not stores:
        raise InputError(f"stores: got {stores!r}; give a list of paths")
    for store in stores:
        if not isinstance(store, str | Path):
            raise InputError(f"stores: got {short(store)}; give paths, since datasets in memory have no store")
    datasets = [open_sweep(store) for store in stores]
    told = provenance.told_in(datasets[0].attrs)
    sweeps: list[Sweep] = []
    for store, dataset in zip(stores, datasets, strict=True):
        if dataset.attrs["thresholds"] != datasets[0].attrs["thresholds"]:
            raise InputError(f"{store}: labelled with other thresholds than {stores[0]}; eos-sweep relabel one of them")
        sweep = Store.open(store).sweep
        for before in sweeps:
            sweep = adopted(sweep, before, told)
        sweeps.append(sweep)
    whole = union(sweeps, told)
    parts = [_over(dataset, sweep, whole) for dataset, sweep in zip(datasets, sweeps, strict=True)]
    found, *others = parts
    for other in others:
        found = xr.where(found["steps_taken"] != whole.stored["steps_taken"].fill, found, other, keep_attrs=True)
    return _described(found.transpose(*whole.dims), whole, datasets[0], stores)


def _over(dataset: xr.Dataset, sweep: Sweep, whole: Sweep) -> xr.Dataset:
    """Return a dataset over the axes of the whole sweep, with fill values where it has no cell."""
    found = dataset[list(whole.stored)].reset_coords(drop=True)
    found = found.assign_coords({axis.name: axis.values for axis in sweep.axes})
    if sweep.points:
        same = shared(sweep, whole)
        found = found.isel({POINT: same.there[POINT]}).assign_coords({POINT: same.here[POINT].astype(np.float64)})
    fixed = [name for name in whole.dims if name not in sweep.dims and name in sweep.sources]
    found = found.expand_dims({name: np.array([sweep.sources[name]]) for name in fixed})
    fills = {name: variable.fill for name, variable in whole.stored.items()}
    return found.reindex({axis.name: axis.values for axis in whole.axes}, fill_value=fills)


def _described(found: xr.Dataset, whole: Sweep, first: xr.Dataset, stores: Sequence[str | Path]) -> xr.Dataset:
    """Return a dataset with the coordinates and the attributes of a sweep."""
    coordinates: Mapping[str, schema.Coordinate] = schema.coordinates(whole)
    found = found.assign_coords({name: (one.dims, one.values, one.attributes) for name, one in coordinates.items()})
    for name in whole.stored:
        found[name].attrs = first[name].attrs
    about = {name: value for name, value in first.attrs.items() if name not in OF_ONE}
    names = ", ".join(map(str, stores))
    about |= {"spec": json.dumps(whole.to_dict(), allow_nan=False), "spec_hash": whole.hash}
    about["history"] = f"{first.attrs['history']}\n{provenance.stamp()} combined from {names}"
    return found.assign_attrs(about)

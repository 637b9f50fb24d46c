"""The sweep that a dataset is of."""

import json
from collections.abc import Mapping

import xarray as xr

from eos_sweep.contract import Variable
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import provenance


def sweep_of(dataset: xr.Dataset) -> Sweep | None:
    """Return the sweep whose spec a dataset carries, None if it carries none."""
    if "spec" not in dataset.attrs:
        return None
    return Sweep.from_dict(json.loads(dataset.attrs["spec"]), told=provenance.told_in(dataset.attrs))


def described(dataset: xr.Dataset) -> Mapping[str, Variable]:
    """Return name -> description of what the sweep of a dataset stores, empty if it carries no readable spec."""
    try:
        sweep = sweep_of(dataset)
    except (InputError, ValueError, TypeError):  # a dataset of other origin may have anything there
        return {}
    return sweep.stored if sweep else {}

"""The sweep that a dataset is of."""

import json
from collections.abc import Mapping
from typing import Any

import xarray as xr

from eos_sweep.contract import Variable
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import provenance

ARGUMENTS = "arguments"  # attribute of a trajectory: what eos_sweep.trajectory takes to make it again, as JSON


def sweep_of(dataset: xr.Dataset) -> Sweep | None:
    """Return the sweep whose spec a dataset carries, None if it carries none."""
    if "spec" not in dataset.attrs:
        return None
    return provenance.sweep_in(dataset.attrs)


def described(dataset: xr.Dataset) -> Mapping[str, Variable]:
    """Return name -> description of what the sweep of a dataset stores, empty if it carries no readable spec."""
    sweep = _readable(dataset)
    return sweep.stored if sweep else {}


def symbols(dataset: xr.Dataset) -> dict[str, str]:
    """Return name -> symbol of the inputs of a dataset's sweep, empty if it carries no readable spec."""
    sweep = _readable(dataset)
    return {name: quantity.symbol for name, quantity in sweep.quantities.items()} if sweep else {}


def _readable(dataset: xr.Dataset) -> Sweep | None:
    try:
        return sweep_of(dataset)
    except (InputError, ValueError, TypeError):  # a dataset of other origin may have anything there
        return None


def arguments_of(run: xr.Dataset) -> dict[str, Any] | None:
    """Return what :func:`eos_sweep.trajectory` takes to make a trajectory again; None if it does not say so."""
    try:
        found = json.loads(run.attrs.get(ARGUMENTS, "null"))
    except (ValueError, TypeError):  # a dataset of other origin may have anything there
        return None
    return found if isinstance(found, dict) and isinstance(found.get("parameters"), dict) else None

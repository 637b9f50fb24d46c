"""One point of a sweep, a cell of its dataset or any other, and the sweep with other inputs at it."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import training_data
from eos_sweep.analysis.slices import nearest
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.errors import InputError, SpecError, closest, named, short
from eos_sweep.plain_data import number
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep


def point_of(dataset: xr.Dataset, at: Mapping[str, Any]) -> tuple[Sweep, dict[str, float]]:
    """Return the sweep of a dataset, and axis -> value of one of its cells.

    Parameters
    ----------
    dataset
        The sweep, or a slice of it.
    at
        Axis -> value, of each axis that has more than one value there.

    Raises
    ------
    InputError
        If the dataset is no sweep, an axis is not picked, or it has no such value.
    """
    sweep = sweep_of(dataset)
    if sweep is None:
        raise InputError("trajectory: this dataset is no sweep; give one as it was opened, or a cell of it")
    if lost := [name for name in sweep.dims if name not in dataset.coords]:
        raise InputError(f"trajectory: the dataset has lost its axis {lost[0]}; pick cells without drop=True")
    for name in at:
        if name not in sweep.dims:
            raise InputError(f"trajectory: no axis {short(name)}; {closest(name, sweep.dims)}")
    point = {}
    for name in sweep.dims:
        values = np.atleast_1d(dataset[name].values)
        if values.size != 1 and name not in at:
            example = f"such as {name}={values[-1]:g}" if values.size else "since none is left"
            raise InputError(f"trajectory: {name} has {values.size} values; pick one, {example}")
        point[name] = float(values[nearest(name, values, at[name]) if name in at else 0])
    return sweep, point


def changed(
    sweep: Sweep, point: Mapping[str, float], inputs: Mapping[str, Any], steps: int | None = None
) -> tuple[Sweep, dict[str, float]]:
    """Return a sweep and a point of it in which some inputs, and perhaps the budget, are others.

    Parameters
    ----------
    sweep, point
        The sweep, and axis -> value.
    inputs
        Name -> number of an axis; of any other input, a column of points too, also an expression or a preset.
    steps
        The budget; that of the sweep if None.

    Raises
    ------
    SpecError
        If an input is unknown, means nothing beside the sweep's data file, or has no such value.
    """
    for name in inputs:
        check_input(sweep, name)
    if any(name in sweep.columns for name in inputs):
        sweep, point = _without_points(sweep, point)
    point, others = dict(point), {}
    for name, value in inputs.items():
        if name not in sweep.dims:
            others[name] = value
            continue
        try:
            point[name] = number(value)
        except ValueError:
            raise SpecError(f"{name}: got {short(value)}; give a number, since it is an axis") from None
    if not others and steps is None:
        return sweep, point
    given = sweep.to_dict()
    for name, value in others.items():
        given["parameters" if name in sweep.module.PARAMETERS else "initial"][name] = value
    return Sweep.from_dict(given | ({} if steps is None else {"steps": steps})), point


def _without_points(sweep: Sweep, point: Mapping[str, float]) -> tuple[Sweep, dict[str, float]]:
    """Return a sweep in which what one point has are inputs, or axes if the model has no such input; and the cell."""
    given, point = sweep.to_dict(), dict(point)
    values = {name: float(value) for name, value in sweep.points.at(point.pop(POINT)).items()} if sweep.points else {}
    for name, value in values.items():
        if name in sweep.quantities:
            given["parameters" if name in sweep.module.PARAMETERS else "initial"][name] = value
        else:
            given["axes"][name], point[name] = [value], value
    if not given["axes"]:  # a sweep has one
        given["axes"]["seed"], point["seed"] = [0.0], 0.0
    return Sweep.from_dict(given | {"points": None, "chunks": {}}), {name: point[name] for name in given["axes"]}


def check_input(sweep: Sweep, name: str) -> None:
    """Raise SpecError unless ``name`` is an axis, or an input that has one value in a sweep and a meaning there."""
    if name not in sweep.quantities and name not in sweep.dims and name not in sweep.columns:
        raise SpecError(f"{named(name)}: no input of {sweep.model_name}; there are: {', '.join(sweep.quantities)}")
    if sweep.data and name in training_data.replaced(sweep.module, sweep.data):
        file = named(os.path.basename(sweep.data.file))
        raise SpecError(f"{name}: given, but the data file {file} stands for it; leave {name} out")

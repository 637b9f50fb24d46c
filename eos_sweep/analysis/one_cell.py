"""One cell of a sweep again: its observables from the kernel, beside the stored ones, and its trajectory."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import observables, regimes
from eos_sweep.analysis.chosen_cells import changed, check_input
from eos_sweep.analysis.recorded_steps import record
from eos_sweep.analysis.words import in_words
from eos_sweep.engine import batch
from eos_sweep.errors import SpecError
from eos_sweep.progress.bars import Count, silent
from eos_sweep.spec import rule_inputs
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store.store import Store


def report(
    source: str | Path,
    at: Mapping[str, float],
    index: Mapping[str, float],
    steps: int | None = None,
    show: Count = silent,
) -> tuple[dict[str, Any], xr.Dataset]:
    """Return the observables of one point of a stored sweep or a spec, and its trajectory.

    Parameters
    ----------
    source
        Path of a store or of a TOML file.
    at
        Name -> value of axes, or of any other input instead of the sweep's.
    index
        Name -> index of the other axes; if all are given so, the observables are compared with those stored.
    steps
        Number of steps; the sweep's own budget if None.
    show
        Function that is called with the progress.

    Returns
    -------
    facts : dict
        ``point``, ``observables``, ``words``: the labels and the meanings of codes, as
        :func:`eos_sweep.analysis.words.in_words` returns them, and ``stored``: observable -> whether its bits are those
        of the store.
    trajectory : Dataset
        As :func:`eos_sweep.trajectory` returns it.

    Raises
    ------
    SpecError
        If an input is unknown, an axis is missing or given twice, or an index is out of range.
    """
    store = _store_of(source)
    sweep = store.sweep if store else load_spec(source)
    limits = store.thresholds if store else sweep.limits
    if sweep.points and POINT in at and POINT not in index:  # a point is known by its number, which is its index
        index = {**index, POINT: at[POINT]}
        at = {name: value for name, value in at.items() if name != POINT}
    point = _point(sweep, at, index)
    run, point = changed(sweep, point, at, steps)
    read = regimes.reads(limits, store.arrays if store else None)
    observed = observe(run, point, tuple(sorted({*sweep.variables, *read})))
    at_point = rule_inputs.read(run, {name: np.full(1, value) for name, value in point.items()}, limits)
    values = {name: np.asarray(value).reshape(1) for name, value in observed.items()} | at_point
    cell = tuple(int(index.get(name, 0)) for name in sweep.dims)
    same = {}
    if store and run is sweep and not at and store.has(cell):
        same = {name: store.values(name, cell).tobytes() == observed[name].tobytes() for name in sweep.variables}
    words = in_words(run, values, limits)
    facts = {
        "point": {name: _finite_or_text(value) for name, value in _told(sweep, run, point).items()},
        "observables": {name: _finite_or_text(value.item()) for name, value in observed.items()}
        | {"regime": words["regime"]},
        "words": words,
        "stored": same,
    }
    return facts, record(run, point, show)


def _store_of(source: str | Path) -> Store | None:
    """Return the store, None if ``source`` is a spec: a .toml, or any other file but a zip."""
    ending = Path(source).suffix
    return None if ending == ".toml" or (ending != ".zip" and os.path.isfile(source)) else Store.open(source)


def observe(sweep: Sweep, point: Mapping[str, float], names: tuple[str, ...]) -> dict[str, np.generic]:
    """Return observables of one point, from the kernel that sweeps use, so with the bits that a store has."""
    found = batch.run(
        sweep.job(variables=names), *sweep.inputs({name: np.full(1, value) for name, value in point.items()})
    )
    known = observables.variables(sweep.module, sweep.own)
    types = {name: sweep.dtype if known[name][1].dtype == "float64" else known[name][1].dtype for name in names}
    with np.errstate(over="ignore"):
        return {name: found[name].astype(types[name])[0] for name in names}


def _point(sweep: Sweep, at: Mapping[str, float], index: Mapping[str, float]) -> dict[str, float]:
    """Return axis -> value.

    Raises
    ------
    SpecError
        If an input is unknown, an axis is missing or given twice, or an index is out of range.
    """
    for name in (*at, *index):
        check_input(sweep, name)
    for name in sweep.columns:
        if name in at and POINT not in index and sweep.shape[0] > 1:
            raise SpecError(f"{name}: has a value for each point; name a point, such as {POINT}=0")
    point = {}
    for name in index:
        if name in at or name not in sweep.dims:
            reason = "given twice" if name in at else "no axis of this sweep"
            raise SpecError(f"{name}: {reason}; give a value of it with --at alone")
    for axis in sweep.axes:
        count = axis.values.size
        place = index.get(axis.name, 0 if count == 1 else None)
        if axis.name in at:
            point[axis.name] = at[axis.name]
        elif place is None:
            raise SpecError(f"{axis.name}: missing; give --at {axis.name}={axis.values[0]:g} or --index {axis.name}=0")
        elif place in range(count):
            point[axis.name] = float(axis.values[int(place)])
        else:
            raise SpecError(
                f"{axis.name}: index {place:g} of {count} values; give a whole number from 0 to {count - 1}"
            )
    return point


def _told(sweep: Sweep, run: Sweep, point: Mapping[str, float]) -> dict[str, float]:
    """Return axis or column of ``sweep`` -> its value in a cell of ``run``."""
    columns = run.points.at(point[POINT]) if run.points else {}
    if not run.points and sweep.points:  # a column has another value
        initial, parameters = run.inputs({name: np.full(1, value) for name, value in point.items()})
        columns = {**parameters, **initial}
    found = {**point, **{name: float(np.ravel(columns[name])[0]) for name in sweep.columns if name in columns}}
    return {name: value for name, value in found.items() if name in sweep.dims or name in sweep.columns}


def _finite_or_text(value: float) -> float | str:
    return value if np.isfinite(value) else str(value)

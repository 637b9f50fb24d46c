"""The sweep that has the trajectories of several others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eos_sweep.errors import SpecError
from eos_sweep.spec.chosen import Chosen
from eos_sweep.spec.overlap import column_of, obstacles
from eos_sweep.spec.sweeps import Sweep


def union(sweeps: Sequence[Sweep], told: str = "") -> Sweep:
    """Return the sweep over the values that the axes of any of ``sweeps`` have, with the variables that all store.

    An input that is a fixed number in each, but not the same in all, is an axis of it, before the others.  Values are
    in increasing order if they are so in all sweeps, otherwise in the order in which they come.  Points are those of
    the first sweep, then those of each other that are new.

    Raises
    ------
    SpecError
        If they differ in something else.
    """
    first = sweeps[0]
    points = _points(sweeps)
    known = {name for sweep in sweeps for name in (*sweep.dims, *sweep.columns)}
    numbers = {name: [_values(sweep, name) for sweep in sweeps] for name in first.quantities if name not in known}
    numbers = {name: values for name, values in numbers.items() if all(one.size for one in values)}
    apart = [name for name, values in numbers.items() if len({one.tobytes() for one in values}) > 1]
    dims = dict.fromkeys([*apart, *(axis.name for sweep in sweeps for axis in sweep.grid)])
    given = first.to_dict() | points
    given |= {
        table: {name: value for name, value in given[table].items() if name not in {*dims, *known}} for table in TABLES
    }
    given |= {"axes": {name: _axis(name, sweeps) for name in dims}, "chunks": {}, "observables": _stored_by_all(sweeps)}
    for sweep in sweeps:
        if sweep.dtype != first.dtype:
            raise SpecError(f"dtype: got {sweep.dtype} and {first.dtype}; combine stores of one type")
    found = Sweep.from_dict(given, told=told)
    for number, sweep in enumerate(sweeps, 1):
        if why := obstacles(sweep, found):
            raise SpecError(f"sweep {number} of {len(sweeps)}: has no trajectory in common with the others:", *why)
    return found


TABLES = "parameters", "initial"


def _values(sweep: Sweep, name: str) -> np.ndarray:
    """Return the values of an axis, or the one of an input that is a fixed number; none of an expression."""
    if name in sweep.dims:
        return sweep.axis(name).values
    source = sweep.sources.get(name)
    return np.array([source] if isinstance(source, float) else [])


def _points(sweeps: Sequence[Sweep]) -> dict[str, Any]:
    """Return the entry of the points that any of some sweeps has, nothing if there are none."""
    if not any(sweep.points for sweep in sweeps):
        return {}
    for number, sweep in enumerate(sweeps, 1):
        if not sweep.points:
            raise SpecError(f"sweep {number} of {len(sweeps)}: a grid, and others have points; combine those of a kind")
    names = [*dict.fromkeys(name for sweep in sweeps for name in sweep.columns)]
    for name in names:
        for number, sweep in enumerate(sweeps, 1):
            if name not in sweep.columns and not isinstance(sweep.sources.get(name), float):
                found = "an axis" if name in sweep.dims else "an expression" if name in sweep.sources else "no value"
                raise SpecError(
                    f"points.{name}: {found} in sweep {number} of {len(sweeps)}, and a column of points in another; "
                    "combine those where it is a column or a number"
                )
    parts: list[np.ndarray] = []
    known: set[bytes] = set()
    for sweep in sweeps:
        rows = np.column_stack([column_of(sweep, name) for name in names])
        keys = [row.tobytes() for row in rows]
        parts.append(rows[[key not in known for key in keys]])
        known.update(keys)
    return {"points": {"values": dict(zip(names, np.concatenate(parts).T.copy(), strict=True))}}


def _axis(name: str, sweeps: Sequence[Sweep]) -> Mapping[str, Any]:
    parts = [_values(sweep, name) for sweep in sweeps]
    values = np.array(list(dict.fromkeys(np.concatenate(parts).tolist())))
    if all((np.diff(part) > 0).all() for part in parts):
        values.sort()
    return {"values": values} | next((sweep.axis(name).words for sweep in sweeps if name in sweep.dims), {})


def _stored_by_all(sweeps: Sequence[Sweep]) -> Any:
    first = sweeps[0]
    own = {one.name: first.observables.own[one.name] for one in first.own if all(one in sweep.own for sweep in sweeps)}
    names = [name for name in first.variables if all(name in sweep.variables for sweep in sweeps)]
    mine = {one.name for sweep in sweeps for one in sweep.own}
    return Chosen(tuple(name for name in names if name not in mine), own).given()

"""Which trajectories of one sweep are trajectories of another: cells are known by their inputs, not by their indices.

Two cells are one trajectory if all of their inputs have the same bits.  An axis of one sweep may be a fixed number of
the other, so both may have other axes, in another order.  Points are known by the values of their columns, too.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from eos_sweep.contract import DOUBLED
from eos_sweep.spec.comparison import differing
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep

Reuse: TypeAlias = str | Path | Sequence[str | Path]  # stores of which a run takes over what it can
NO_STATE = "the state of a trajectory at its last step is not stored, so other steps need it from its start"


class Overlap(NamedTuple):
    """The trajectories that two sweeps share; they are a grid of each.

    Attributes
    ----------
    here : dict
        Axis of the new sweep -> the indices of its values that the old one has, increasing.
    there : dict
        Axis of the old sweep -> the index of the same value there, one for each entry of ``here``; a single one if the
        new sweep has no such axis.
    variables : tuple of str
        The variables of the new sweep that the old one has, too.
    """

    here: Mapping[str, np.ndarray]
    there: Mapping[str, np.ndarray]
    variables: tuple[str, ...]

    @property
    def size(self) -> int:
        """The number of trajectories of the new sweep that the old one has."""
        return math.prod(places.size for places in self.here.values())


def obstacles(old: Sweep, new: Sweep) -> list[str]:
    """Return a line for each difference for which no trajectory of ``old`` is one of ``new``; none if some may be."""
    axes = {*old.dims, *new.dims, *old.columns, *new.columns}
    tables = "axes", "points", "parameters", "initial"
    free = {"axes"} | {f"{table}.{name}" for table in tables for name in axes}
    free |= {"dtype"} if new.dtype == "float32" else set()  # what is stored in more bits can be shortened
    facts = differing(old, new)
    lines = [line for key, line in facts.items() if key not in free and not key.startswith("observables.")]
    if "steps" in facts:
        lines.append(f"({NO_STATE})")
    if bool(old.points) != bool(new.points):
        lines.append("points: only one of the sweeps has points, and the other a grid; those are not compared")
        return lines
    own = [{*sweep.dims, *sweep.columns} for sweep in (old, new)]
    for name in sorted(own[0] ^ own[1]):
        one, other = (old, new) if name in own[0] else (new, old)
        if name in one.quantities:
            if not isinstance(other.sources[name], float):
                lines.append(f"{_where(one, name)}: one of the sweeps has values there, and the other an expression")
        elif _used(one, name):
            lines.append(f"{_where(one, name)}: only one of the sweeps has it, and an expression uses it")
    for name in sorted((own[0] & own[1]) & ({*old.columns} ^ {*new.columns})):
        lines.append(f"points.{name}: an axis of one of the sweeps, and a column of points of the other")
    return lines


def _where(sweep: Sweep, name: str) -> str:
    return f"{'points' if name in sweep.columns else 'axes'}.{name}"


def shared(old: Sweep, new: Sweep) -> Overlap:
    """Return the trajectories that two sweeps without ``obstacles`` share."""
    here, there = {}, {}
    if old.points and new.points:
        here[POINT], there[POINT] = _same_points(old, new)
    for axis in new.grid:
        if axis.name in old.dims:
            here[axis.name], there[axis.name] = _common(axis.values, old.axis(axis.name).values)
        elif axis.name in old.sources:
            here[axis.name] = _common(axis.values, np.array([old.sources[axis.name]]))[0]
        else:  # it changes nothing: no expression uses it
            here[axis.name] = np.arange(axis.values.size)
    for axis in old.axes:
        if axis.name not in there:
            found = np.array([new.sources[axis.name]]) if axis.name in new.sources else axis.values[:1]
            there[axis.name] = _common(found, axis.values)[1]
    if not all(places.size for places in there.values()):
        here = {name: places[:0] for name, places in here.items()}
    return Overlap(here, there, _variables(old, new))


def contains(old: Sweep, new: Sweep) -> bool:
    """Whether ``new`` has all trajectories of ``old``, with all of its variables."""
    if obstacles(old, new) or old.dtype != new.dtype:
        return False
    found = shared(old, new)
    whole = all(found.there[axis.name].size == axis.values.size for axis in old.grid)
    if old.points:
        whole = whole and shared(new, old).here[POINT].size == old.points.size
    return whole and found.size > 0 and set(old.variables) <= set(found.variables)


def _used(sweep: Sweep, name: str) -> bool:
    return any(name in source.names for source in sweep.sources.values() if not isinstance(source, float))


def _common(new: np.ndarray, old: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the values of ``new`` whose bits are in ``old``, and their indices there."""
    _, here, there = np.intersect1d(new.view(np.int64), old.view(np.int64), assume_unique=True, return_indices=True)
    order = np.argsort(here)
    return here[order], there[order]


def _same_points(old: Sweep, new: Sweep) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the points of ``new`` that are points of ``old``, and those of the same ones there."""
    groups = np.zeros(old.shape[0] + new.shape[0], np.int64)
    given = [{*sweep.columns, *sweep.sources} for sweep in (old, new)]  # another column changes nothing: it is not used
    for name in sorted({*old.columns, *new.columns} & given[0] & given[1]):  # one by one, since rows take long to sort
        bits = np.concatenate([column_of(sweep, name) for sweep in (old, new)]).view(np.int64)
        values, places = np.unique(bits, return_inverse=True)
        groups = np.unique(groups * values.size + places, return_inverse=True)[1] if groups.any() else places
    before, after = np.split(groups, [old.shape[0]])
    known, first = np.unique(before, return_index=True)
    places = np.minimum(np.searchsorted(known, after), known.size - 1)
    here = np.flatnonzero(known[places] == after)
    return here, first[places[here]]


def column_of(sweep: Sweep, name: str) -> np.ndarray:
    """Return a column of points, or of the one number that an input has in a sweep without this column."""
    if name in sweep.columns:
        return sweep.columns[name]
    return np.full(sweep.points.size if sweep.points else 0, sweep.sources[name], np.float64)


def _variables(old: Sweep, new: Sweep) -> tuple[str, ...]:
    formulas = [{one.name: one.formula for one in sweep.own} for sweep in (old, new)]

    def same(name: str) -> bool:
        here, there = (known.get(name.removesuffix(DOUBLED)) for known in formulas)
        return here == there

    return tuple(name for name in new.variables if name in old.variables and same(name))

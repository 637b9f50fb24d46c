"""Inputs of trajectories: numbers, expressions and axes give every parameter and initial coordinate its value."""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from eos_sweep.contract import Model, conditions
from eos_sweep.errors import SpecError, closest, named, short
from eos_sweep.formulas.expressions import Expression, order, parse
from eos_sweep.spec.axes import Axis, check_bounds, number_text
from eos_sweep.spec.parameters_of_rules import remedy
from eos_sweep.spec.points import POINT, Points

Source = float | Expression

MAX_PROBES = 4096  # points of the grid at which expressions are tried before a run
MAX_PROBE_DRAWS = 16_384  # random numbers that may be drawn at these points; each takes up to 3 microseconds

_PARSING = threading.Lock()  # the parser changes the filters of warnings for a moment, which belong to the process


def resolve(model: Model, tables: Mapping[str, Mapping[str, float | str]], dims: Iterable[str]) -> dict[str, Source]:
    """Return the number or expression of every input that is not an axis, in an order of evaluation.

    Parameters
    ----------
    tables
        The tables "parameters" and "initial" of the spec.
    dims
        The names of the axes.

    Raises
    ------
    SpecError
        If a name is unknown, missing, or an axis too, or if expressions are invalid or depend on each other in a
        circle.
    """
    sources: dict[str, Source] = {}
    known = {"parameters": model.PARAMETERS, "initial": model.STATE}
    _check_given(model, known, tables, dims)
    for table, given in tables.items():
        for name, quantity in known[table].items():
            if name not in dims:
                source = given.get(name, quantity.default)
                if source is None:
                    raise SpecError(f"{table}.{name}: missing; give a number or an expression, or an axis {name!r}")
                sources[name] = _parsed(model, table, name, source, dims) if isinstance(source, str) else source
    expressions = {name: source for name, source in sources.items() if isinstance(source, Expression)}
    try:
        last = order(expressions)
    except ValueError as error:
        raise SpecError(str(error)) from None
    return {name: sources[name] for name in [*(name for name in sources if name not in expressions), *last]}


def _check_given(
    model: Model,
    known: Mapping[str, Mapping[str, Any]],
    tables: Mapping[str, Mapping[str, float | str]],
    dims: Iterable[str],
) -> None:
    """Raise SpecError for a name in the wrong table, before it is missed in the right one."""
    for table, given in tables.items():
        for name, value in given.items():
            label = f"{table}.{named(name)}: got {short(value)}"
            if name == "seed" and name not in known[table]:
                raise SpecError(f"{label}, but the seed can only be an axis; give seed = [0, 1, 2] there")
            for place in known:
                if place != table and name in known[place]:
                    raise SpecError(f"{label} in the wrong table; move it to [{place}]")
            if name not in known[table]:
                raise SpecError(f"{label}, but the model has no {short(name)}; {remedy(model, name, known[table])}")
            if name in dims:
                raise SpecError(f"{label}, but {name!r} is an axis too, or a column of the points; remove one of them")


def _parsed(model: Model, table: str, name: str, given: str, dims: Iterable[str]) -> Expression:
    presets = model.PRESETS.get(name, {})
    known = [*dict.fromkeys([*model.PARAMETERS, *model.STATE, *dims, "seed"])]
    try:
        with _PARSING:
            expression = parse(presets.get(given, given), name)
    except ValueError as error:
        raise SpecError(f"{table}.{error}") from None
    for unknown in sorted(expression.names - set(known)):
        if unknown == given.strip():
            raise SpecError(f"{table}.{name}: no preset or name {short(given)}; {closest(unknown, [*presets, *known])}")
        raise SpecError(f"{table}.{name} = {short(given)}: no name {short(unknown)}; {remedy(model, unknown, known)}")
    if "seed" in expression.names and "seed" not in dims:
        raise SpecError(f"{table}.{name} = {short(given)}: needs an axis 'seed'; give seed = [0, 1, 2] under [axes]")
    return expression


def evaluate(
    model: Model, sources: Mapping[str, Source], coordinates: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return name -> float64 values of all inputs and axes, each of the shape of the axes that it depends on.

    Raises
    ------
    SpecError
        If a value is out of its bounds, or an expression has no value.
    """
    values = {name: np.asarray(array, dtype=np.float64) for name, array in coordinates.items()}
    labels = {name: f"axis {name!r}" for name in coordinates}
    for name, source in sources.items():
        labels[name] = f"{'parameters' if name in model.PARAMETERS else 'initial'}.{name}"
        if not isinstance(source, Expression):
            values[name] = np.asarray(source, dtype=np.float64)
            continue
        try:
            values[name] = source.evaluate(values)
        except ValueError as error:
            raise SpecError(f"{labels[name].split('.')[0]}.{error}; change it or the values of its names") from None
        labels[name] += f" = {short(source.text)}"
    for name, quantity in {**model.PARAMETERS, **model.STATE}.items():
        check_bounds(labels[name], quantity, values[name])
    for words, holds in conditions(model).items():
        with np.errstate(all="ignore"):
            met = holds(values)
        if not np.all(met):
            names = [*model.PARAMETERS, *model.STATE]
            met, *all_ = np.broadcast_arrays(met, *(values[name] for name in names))
            pairs = zip(names, (array.flat[np.argmin(met)] for array in all_), strict=True)
            raise SpecError(f"inputs: got {', '.join(f'{name} = {value:g}' for name, value in pairs)}; choose {words}")
    return values


def input_facts(
    model: Model, sources: Mapping[str, Source], tables: Mapping[str, Mapping[str, float | str]]
) -> dict[str, tuple[str, str]]:
    """Return key -> (value, text for people) of all inputs that are not axes, for the identity of a sweep."""
    found = {}
    for name, source in sources.items():
        table = "parameters" if name in model.PARAMETERS else "initial"
        given = tables[table].get(name, source.text if isinstance(source, Expression) else source)
        text = repr(given) if isinstance(given, str) else number_text(given)
        found[f"{table}.{name}"] = repr(source.text) if isinstance(source, Expression) else text, text
    return found


def axes_of(
    sources: Mapping[str, Source], dims: Iterable[str], columns: Iterable[str] = ()
) -> dict[str, frozenset[str]]:
    """Return name -> axes that its value depends on, for every column of points and every expression.

    The ``sources`` are in order of evaluation.
    """
    found = {name: frozenset([name]) for name in dims}
    found |= (own := {name: frozenset([POINT]) for name in columns})
    for name, source in sources.items():
        names = source.names if isinstance(source, Expression) else ()
        found[name] = frozenset().union(*(found[other] for other in names))
    return own | {name: found[name] for name, source in sources.items() if isinstance(source, Expression)}


def subgrid(axes: Mapping[str, np.ndarray], wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Return coordinates of the grid of the axes ``wanted``, at the first value of the others."""
    picked = [values if name in wanted else values[:1] for name, values in axes.items()]
    return dict(zip(axes, np.ix_(*picked), strict=True))


def probes(
    model: Model, sources: Mapping[str, Source], of: Sequence[Axis], points: Points | None = None
) -> Iterator[dict[str, np.ndarray]]:
    """Yield, for each expression, coordinates of the points at which it is tried before a run.

    These are all points of the axes that it depends on, or the corners of their grid if there are too many points, or a
    fixed random choice of corners if there are too many of those.  If the model has conditions, points of all axes
    follow.  The last point is for inputs that are plain numbers.

    Parameters
    ----------
    of
        The axes.
    points
        The points of the first of them, if there are any; its corners are those where a column is least or largest.
    """
    axes = {axis.name: axis.values for axis in of}
    draws = sum(source.draw_count for source in sources.values() if isinstance(source, Expression))
    together = [frozenset(axes)] if conditions(model) else []
    for wanted in dict.fromkeys([*axes_of(sources, axes, points.columns if points else ()).values(), *together]):
        tried = {name: axes[name] for name in axes if name in wanted}
        drawn = draws * math.prod(tried[name].size for name in ("seed", POINT) if name in tried)
        if math.prod(values.size for values in tried.values()) > MAX_PROBES or drawn > MAX_PROBE_DRAWS:
            corners = {
                name: np.unique([values[0], values[-1], values.min(), values.max()]) for name, values in tried.items()
            }
            tried = corners | ({POINT: points.extremes()} if points and POINT in tried else {})
        if math.prod(values.size for values in tried.values()) > MAX_PROBES:
            rng = np.random.default_rng(0)
            yield {name: rng.choice(tried.get(name, values[:1]), MAX_PROBES) for name, values in axes.items()}
        else:
            yield subgrid({**axes, **tried}, wanted)
    yield subgrid(axes, ())

"""The forms in which points are given: lists, a CSV file, draws from ranges, and the bits that a store has."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationInfo

from eos_sweep.errors import SpecError, closest, named, short
from eos_sweep.spec import csv_tables
from eos_sweep.spec.axes import Axis, listed, parse_axes
from eos_sweep.spec.draws_of_points import METHODS, draw, parse_range
from eos_sweep.spec.fields import python_integer
from eos_sweep.spec.points import Points

MAX_POINTS, MAX_NUMBERS = 2**20, 2**22  # the spec holds their bits
MAX_FILE_BYTES = 2**27
MAX_SEED = 2**53 - 1
FORM = (
    'give [points] as lists of the same length, as file = "....csv", or as method, count and a table ranges: '
    f"a method is one of {', '.join(METHODS)}"
)
KEYS = {  # of each form, those that it must have, and those that it may have
    "values": ({"values"}, set()),
    "file": ({"file"}, {"columns"}),
    "method": ({"method", "count", "ranges"}, {"seed"}),
    "stored": ({"stored"}, {"file", "bytes", "sha256", "method", "seed", "ranges"}),
}


def read(given: Mapping[str, Any], folder: Path = Path()) -> Mapping[str, Any]:
    """Return a spec whose points are ``Points``: what names a file or a method is read or drawn.

    Only what a user gives is passed here.  A sweep itself has the values of its points, so that to open a store reads
    no file.
    """
    return given if given.get("points") is None else {**given, "points": parse(given["points"], folder)}


def to_read(given: Any) -> bool:
    """Whether an entry of a spec gives points by a file or a method alone, not by values."""
    return isinstance(given, str | Path) or (isinstance(given, Mapping) and _kind(given) in ("file", "method"))


def parse_points(given: Any) -> Points | None:
    """Return the points that an entry of a sweep gives by values; nothing is read or drawn."""
    if to_read(given):
        raise SpecError(f"points: got {short(given)}; a Sweep takes values: eos_sweep.sweep and load_spec read or draw")
    return parse(given)


def with_points(given: Any, info: ValidationInfo) -> tuple[Axis, ...]:
    """Return the axes that a table gives, after the dimension of the points if there are any."""
    points = info.data.get("points")
    return parse_axes(given, (points.axis,) if points else ())


def parse(given: Any, folder: Path = Path()) -> Points | None:
    """Return the points that a table, the path of a CSV file, or columns in Python give; None if nothing is given.

    Parameters
    ----------
    given
        A table ``[points]``; a path; ``Points``; or what has columns by name, such as a dict of arrays, a data frame
        or a structured array.
    folder
        A relative path begins here.

    Raises
    ------
    SpecError
        If it is none of these, or something in it is wrong.

    Examples
    --------
    >>> found = parse({"eta": [0.1, 0.2], "lambda1": [1, 10]})
    >>> found.size, found.columns["lambda1"].tolist()
    (2, [1.0, 10.0])
    """
    if given is None or isinstance(given, Points):
        return given
    table = _table(given)
    kind = _kind(table)
    if kind in ("file", "method") and not isinstance(table.get(kind, ""), str):
        raise SpecError(f"points.{kind}: got {short(table[kind])}; give a text in quotes")
    if kind is None:
        return _checked(table, {})
    needed, further = KEYS[kind]
    if unknown := [key for key in table if key not in needed | further]:
        remedy = closest(str(unknown[0]), sorted(needed | further))
        raise SpecError(f"points.{named(str(unknown[0]))}: unknown key beside {kind}; {remedy}")
    if lost := sorted(needed - set(table)):
        raise SpecError(f"points.{lost[0]}: missing; {FORM}")
    points_of = {"values": _listed, "file": _of_file, "method": _drawn, "stored": _stored}[kind]
    return points_of(table, folder)


def _kind(table: Mapping[str, Any]) -> str | None:
    """Return the key of ``KEYS`` by which a table gives points, None if it has columns."""
    kind = next((kind for kind in ("stored", "file", "method", "values") if kind in table), None)
    return "method" if kind is None and {*table} & {"count", "ranges"} else kind


def _table(given: Any) -> dict[str, Any]:
    """Return key -> value of what is given."""
    if isinstance(given, str | Path):
        return {"file": str(given)}
    if (names := getattr(getattr(given, "dtype", None), "names", None)) is None:
        names = list(given.keys()) if hasattr(given, "keys") and hasattr(given, "__getitem__") else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise SpecError(f"points: got {short(given)}; {FORM}")
    return {name: given[name] for name in names}


def _listed(table: Mapping[str, Any], folder: Path) -> Points:
    if not isinstance(table["values"], Mapping) or not all(isinstance(name, str) for name in table["values"]):
        raise SpecError(f"points.values: got {short(table['values'])}; give a table of lists")
    return _checked(table["values"], {})


def _drawn(table: Mapping[str, Any], folder: Path) -> Points:
    method, count, seed = table["method"], python_integer(table["count"]), python_integer(table.get("seed", 0))
    if method not in METHODS:
        raise SpecError(f"points.method: got {short(method)}; {closest(str(method), METHODS)}")
    for key, value, least, most in (("count", count, 1, MAX_POINTS), ("seed", seed, 0, MAX_SEED)):
        if type(value) is not int or not least <= value <= most:
            raise SpecError(f"points.{key}: got {short(value)}; give a whole number from {least} to {most}")
    ranges = _ranges(table["ranges"])
    _check_size(len(ranges), count)
    columns = draw(method, count, seed, {name: parse_range(name, one) for name, one in ranges.items()})
    return _checked(columns, {"method": method, "seed": seed, "ranges": ranges})


def _ranges(given: Any) -> dict[str, Any]:
    """Return name -> the plain form of the range of each column that is drawn."""
    if not isinstance(given, Mapping) or not given or not all(isinstance(name, str) for name in given):
        raise SpecError(f"points.ranges: got {short(given)}; give a table of names, each with a range")
    return {name: parse_range(f"points.ranges.{named(name)}", one).definition for name, one in given.items()}


def _of_file(table: Mapping[str, Any], folder: Path) -> Points:
    chosen, path = table.get("columns"), folder / table["file"]
    if chosen is not None and not (isinstance(chosen, list | tuple) and all(isinstance(one, str) for one in chosen)):
        raise SpecError(f"points.columns: got {short(chosen)}; give a list of names of columns")

    def choose(names: list[str]) -> Sequence[str]:
        if lost := [name for name in chosen or () if name not in names]:
            raise SpecError(f"points.columns: no {short(lost[0])} in {named(path.name)}; {closest(lost[0], names)}")
        return names if chosen is None else chosen

    content = csv_tables.content_of("points.file", path, MAX_FILE_BYTES)
    columns = csv_tables.columns("points.file", path, content, MAX_POINTS, choose)
    about = {"file": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return _checked(columns, about)


def _stored(table: Mapping[str, Any], folder: Path) -> Points:
    origin = {key: value for key, value in table.items() if key != "stored"}
    kinds = {"file": str, "sha256": str, "bytes": int, "method": str, "seed": int, "ranges": Mapping}
    if wrong := [key for key, value in origin.items() if not isinstance(value, kinds[key])]:
        raise SpecError(f"points.{wrong[0]}: got {short(origin[wrong[0]])} beside stored; {FORM}")
    if "ranges" in origin:
        origin["ranges"] = _ranges(origin["ranges"])
    try:
        columns = {
            name: np.frombuffer(base64.b64decode(text, validate=True), "<f8").astype(np.float64)
            for name, text in table["stored"].items()
        }
    except (ValueError, TypeError, AttributeError):
        raise SpecError(f"points.stored: got {short(table['stored'])}; {FORM}") from None
    return _checked(columns, origin)


def _checked(given: Mapping[str, Any], origin: Mapping[str, Any]) -> Points:
    """Return points of some columns, if these are numbers and equally long."""
    if not given:
        raise SpecError(f"points: no columns; {FORM}")
    columns = {}
    for name, numbers in given.items():
        label = f"points.{named(name)}"
        values = _numbers(label, numbers)
        if not values.size:
            raise SpecError(f"{label}: no values; give at least one")
        if np.isnan(values).any():
            raise SpecError(f"{label}: got nan; give numbers only")
        columns[name] = values
        values.flags.writeable = False
        first, other = next(iter(columns)), next(iter(columns.values())).size
        if values.size != other:
            raise SpecError(
                f"{label}: {values.size} values, but {other} of {named(first)}; give each point one of each"
            )
    _check_size(len(columns), other)
    return Points(columns, origin)


def _check_size(columns: int, count: int) -> None:
    if count > MAX_POINTS or columns * count > MAX_NUMBERS:
        most = min(MAX_POINTS, MAX_NUMBERS // columns)
        raise SpecError(f"points: got {count} points of {columns} columns; give at most {most}")


def _numbers(label: str, given: Any) -> np.ndarray:
    if isinstance(given, Mapping):
        raise SpecError(f"{label}: got {short(given)}; a range goes into the table [points.ranges], beside method")
    try:
        return listed(label, given if isinstance(given, list | tuple) else np.asarray(given))
    except SpecError:
        raise SpecError(f"{label}: got {short(given)}; give a list of numbers") from None

"""The tables of a formula in a spec: what its names may be, and what is told of each coordinate, parameter and line."""

import keyword
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import Quantity
from eos_sweep.errors import SpecError, closest, named, short, visible
from eos_sweep.formulas import expressions
from eos_sweep.formulas.operations import CONSTANTS, FUNCTIONS
from eos_sweep.plain_data import number, number_or_text, short_text

MAX_NAME = 40  # characters of a name, which becomes part of names such as log10_abs_<name>_min_doubled
MAX_STATE = 8  # coordinates for which there is a test of stability
MAX_INPUTS = 64  # parameters
MAX_TEXT = 500  # characters of an expression, as in the tables of a spec
MAX_TABLE = 4096  # numbers of a table of data
MAX_SENTENCE = 300  # characters of a title or a source
NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")
INDEXED = re.compile(r"([A-Za-z_]\w*)\s*\[", re.ASCII)
# Names that a formula, an expression in a spec, or a dataset gives a meaning of its own.
TAKEN = {"nan", *FUNCTIONS, *CONSTANTS, *expressions.FUNCTIONS, *expressions.CONSTANTS, "sum", "mean", "seed", "index"}
STEP_SIZE = "eta"
WORDS = "long_name", "symbol"
BOUNDS = "above", "least", "most"


class Line(NamedTuple):
    """A critical line: where ``ratio``, a formula in the parameters and the initial coordinates, is one."""

    ratio: str
    label: str  # plain text
    meaning: str
    edge: bool = False  # whether the ratio is a sharpness over 2/eta, so that under other rules their edge counts

    def to_dict(self) -> dict[str, Any]:
        """Return the table of the line; without ``edge`` if it is not one."""
        return {key: value for key, value in self._asdict().items() if key != "edge" or value}


def check_name(label: str, name: Any) -> str:
    """Return ``name``; SpecError unless a coordinate, a parameter or a table of data can have it."""
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise SpecError(
            f"{label}: got {short(name)}; give a name of at most {MAX_NAME} letters, digits and _ that begins with a "
            "letter"
        )
    if keyword.iskeyword(name) or name in TAKEN:
        raise SpecError(
            f"{label}: the name {name!r} has a meaning of its own in formulas or specs; choose another name"
        )
    return name


def parse_state(given: Any) -> dict[str, Quantity]:
    """Return the coordinates of a list of names, or of a table of name -> what is told of it."""
    label = "model.state"
    remedy = 'give a list of names such as ["x", "y"], or a table of names'
    if isinstance(given, Mapping):
        table = dict(given)
    elif isinstance(given, list | tuple):
        for place, name in enumerate(given):
            if name in given[:place]:
                raise SpecError(f"{label}: got {short(name)} more than once; give every coordinate once")
        table = dict.fromkeys(check_name(label, name) for name in given)
    else:
        raise SpecError(f"{label}: got {short(given)}; {remedy}")
    if not table:
        raise SpecError(f"{label}: got no names; {remedy}")
    if len(table) > MAX_STATE:
        raise SpecError(
            f"{label}: got {len(table)} coordinates; a formula has at most {MAX_STATE}: write a larger model as "
            "an array model, see docs/models.md"
        )
    if STEP_SIZE in table:
        raise SpecError(f"{label}: {STEP_SIZE!r} is the step size, a parameter; choose another name")
    return {name: _quantity(label, name, told, "coordinate") for name, told in table.items()}


def parse_parameters(given: Any) -> dict[str, Quantity]:
    """Return the parameters of a table of name -> a number, an expression, or what is told of it."""
    label = "model.parameters"
    if not isinstance(given, Mapping):
        raise SpecError(f"{label}: got {short(given)}; give a table of names, such as {{a = {{default = 1.0}}}}")
    found = {name: _quantity(label, name, told, "parameter") for name, told in given.items()}
    if STEP_SIZE in found:
        eta = found.pop(STEP_SIZE)  # it comes last, and is never negative
        if isinstance(eta.default, float) and not 0.0 < eta.default < math.inf:
            raise SpecError(f"{label}.{STEP_SIZE}: got {eta.default:g}; give a finite number above zero")
        found[STEP_SIZE] = eta._replace(above=max(eta.above, 0.0))
        _check_bounds(f"{label}.{STEP_SIZE}", found[STEP_SIZE])
    return found


def plain(name: str, kind: str) -> Quantity:
    """Return what a name means of which nothing is told."""
    if name == STEP_SIZE:
        return Quantity("step size", "η", above=0.0)
    return Quantity(f"{kind} {name}", name)


def told(name: str, quantity: Quantity, kind: str) -> dict[str, Any]:
    """Return the table of a name, the inverse of what parsing does; empty if nothing is told of it."""
    usual = plain(name, kind)
    return {
        key: getattr(quantity, key)
        for key in ("default", *BOUNDS, *WORDS)
        if getattr(quantity, key) != getattr(usual, key)
    }


def _quantity(place: str, name: Any, given: Any, kind: str) -> Quantity:
    name = check_name(place, name)
    label = f"{place}.{name}"
    usual = plain(name, kind)
    if given is None:
        return usual
    if not isinstance(given, Mapping):
        return usual._replace(default=_default(label, given))
    known = ("default", *BOUNDS, *WORDS)
    for key in given:
        if key not in known:
            raise SpecError(f"{label}: unknown key, got {short(key)}; {closest(str(key), known)}")
    changes: dict[str, Any] = {key: short_text(f"{label}: got {key}", given[key]) for key in WORDS if key in given}
    changes |= {key: _bound(f"{label}.{key}", given[key]) for key in BOUNDS if key in given}
    if "default" in given:
        changes["default"] = _default(f"{label}.default", given["default"])
    quantity = usual._replace(**changes)
    _check_bounds(label, quantity)
    return quantity


def _default(label: str, given: Any) -> float | str:
    try:
        value = number_or_text(given)
    except ValueError:
        raise SpecError(f"{label}: got {short(given)}; give a number, inf or an expression in quotes") from None
    return value if isinstance(value, float) else short_text(f"{label}: got", value, MAX_TEXT)


def _bound(label: str, given: Any) -> float:
    try:
        return number(given)
    except ValueError:
        raise SpecError(f"{label}: got {short(given)}; give a number or inf") from None


def _check_bounds(label: str, quantity: Quantity) -> None:
    if quantity.above >= quantity.most or quantity.least > quantity.most:
        lower = max(quantity.above, quantity.least)
        raise SpecError(f"{label}: no number is above {lower:g} and at most {quantity.most:g}; correct the bounds")


def parse_presets(given: Any) -> dict[str, dict[str, str]]:
    """Return name -> preset -> expression."""
    label = "model.presets"
    if not isinstance(given, Mapping) or not all(isinstance(table, Mapping) for table in given.values()):
        raise SpecError(f'{label}: got {short(given)}; give a table such as {{a = {{paper = "0.5"}}}}')
    found: dict[str, dict[str, str]] = {}
    for name, table in given.items():
        name = named(str(name))
        found[name] = {}
        for preset, value in table.items():
            place = f"{label}.{name}"
            if not isinstance(preset, str) or not NAME.fullmatch(preset) or len(preset) > MAX_NAME:
                raise SpecError(f"{place}: got {short(preset)}; give a preset a name of letters, digits and _")
            expression = _default(f"{place}.{preset}", value)
            found[name][preset] = expression if isinstance(expression, str) else repr(expression)
    return found


def parse_trial(given: Any) -> dict[str, float | str]:
    """Return name -> number or expression of the inputs at which a model is tried."""
    label = "model.trial"
    if not isinstance(given, Mapping):
        raise SpecError(f'{label}: got {short(given)}; give a table such as {{x = "uniform(-1, 1)"}}')
    return {check_name(label, name): _default(f"{label}.{name}", value) for name, value in given.items()}


def parse_lines(given: Any) -> dict[str, Line]:
    """Return name -> critical line; their formulas are not parsed here."""
    label = "model.lines"
    if not isinstance(given, Mapping):
        raise SpecError(f'{label}: got {short(given)}; give a table such as {{doubling = "eta*a/2"}}')
    found = {}
    for name, line in given.items():
        if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise SpecError(f"{label}: got {short(name)}; give a line a name of letters, digits and _")
        table = line if isinstance(line, Mapping) else {"ratio": line}
        for key in table:
            if key not in Line._fields:
                raise SpecError(f"{label}.{name}: unknown key, got {short(key)}; {closest(str(key), Line._fields)}")
        if not isinstance(table.get("ratio"), str):
            got = short(table["ratio"]) if "ratio" in table else "no ratio"
            raise SpecError(f"{label}.{name}: got {got}; give a formula in quotes that is 1 on the line")
        if not isinstance(edge := table.get("edge", False), bool):
            raise SpecError(f"{label}.{name}.edge: got {short(edge)}; give true if the ratio is S eta/2")
        usual = {
            "label": name.replace("_", " "),
            "meaning": f"where {named(visible(' '.join(table['ratio'].split())))} = 1",
        }
        words = {
            key: short_text(f"{label}.{name}: got {key}", table.get(key, usual[key]), MAX_SENTENCE) for key in usual
        }
        found[name] = Line(table["ratio"], edge=edge, **words)
    return found


def tables_in(loss: str) -> set[str]:
    """Return the names that have an index in a formula."""
    return set(INDEXED.findall(loss))


def parse_tables(given: Any) -> dict[str, tuple[float, ...]]:
    """Return name -> numbers over which formulas sum."""
    label = "model.data"
    if not isinstance(given, Mapping):
        raise SpecError(f"{label}: got {short(given)}; give a table of lists of numbers, such as {{x = [0.1, 0.2]}}")
    return {check_name(label, name): _numbers(f"{label}.{name}", numbers) for name, numbers in given.items()}


def _numbers(label: str, given: Any) -> tuple[float, ...]:
    if isinstance(given, np.ndarray) and given.ndim == 1 and given.size <= MAX_TABLE:
        given = given.tolist()
    if not isinstance(given, Sequence) or isinstance(given, str) or not 0 < len(given) <= MAX_TABLE:
        size = f"{len(given)} of them" if isinstance(given, list | tuple) else short(given)
        raise SpecError(f"{label}: got {size}; give a list of 1 to {MAX_TABLE} numbers")
    for place, value in enumerate(given):
        try:
            finite = math.isfinite(number(value))
        except ValueError:
            finite = False
        if not finite:
            raise SpecError(f"{label}[{place}]: got {short(value)}; give finite numbers only")
    return tuple(float(value) for value in given)


def check_apart(groups: Mapping[str, Iterable[str]]) -> None:
    """Raise SpecError if two groups have a name in common."""
    taken: dict[str, str] = {}
    for group, members in groups.items():
        for name in members:
            if name in taken:
                raise SpecError(f"model.{group}: {name!r} is one of model.{taken[name]}, too; rename one of them")
            taken[name] = group

"""Regimes of a user's own: conditions on stored observables, in their place in the order of the regime rules.

A condition may name observables, parameters and initial coordinates, and thresholds.  An event that never came, such as
a ``first_crossing`` of -1, is in no comparison but one with -1 itself.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.contract import DOUBLED, Model, OwnObservable, Variable
from eos_sweep.derivation import loader
from eos_sweep.errors import InputError, closest, named, short
from eos_sweep.formulas import grammar
from eos_sweep.formulas.operations import CONSTANTS
from eos_sweep.formulas.text import show
from eos_sweep.formulas.tree import Call, Name, Node, Number, names, walk
from eos_sweep.observables import own_source
from eos_sweep.rules import FIRST_OWN_CODE, NEVER, Limits, RegimeRule

KEYS = ("rule", "before", "after", "label", "colour", "code")
FORM = 'give a condition in quotes, such as "crossings > 5", or a table with the key rule'
TABLE_FORM = 'give names with conditions, such as wild = "crossings > 5"'
DEFAULT_PLACE = "divergence"  # behind it, since nothing follows it
MAX_OWN, MAX_NAME = 32, 60
MAX_CHARACTERS, MAX_LABEL = 1000, 200
RAW = "raw_"  # begins the name of an event's number as it is stored
COLOUR = re.compile("#[0-9A-Fa-f]{6}")


class Known(NamedTuple):
    """What a condition may name."""

    observables: Mapping[str, Variable | None]  # with their descriptions, if they are known
    inputs: tuple[str, ...]


def known_to(model: Model, own: tuple[OwnObservable, ...]) -> Known:
    """Return what a condition may name in a sweep of ``model``."""
    found = {name: about for name, (_, about) in observables.variables(model, own).items()}
    found = {name: about for name, about in found.items() if not name.endswith(DOUBLED)}
    return Known(found, (*model.PARAMETERS, *model.STATE))


def rules(given: Mapping[str, Any], known: Known) -> tuple[RegimeRule, ...]:
    """Return the rules of regimes, a condition or a table for each name.

    Raises
    ------
    InputError
        For the first thing that is wrong.
    """
    if len(given) > MAX_OWN:
        raise InputError(f"regimes: {len(given)} regimes; give at most {MAX_OWN}")
    found: list[RegimeRule] = []
    for name, entry in given.items():
        found.append(_rule(name, entry, known, found))
    return tuple(found)


def limits(numbers: Mapping[str, float], given: Mapping[str, Any], known: Known) -> Limits:
    """Return all thresholds and the rules of a spec."""
    return regimes.thresholds(numbers, rules(given, known))


def changed(own: tuple[RegimeRule, ...], given: Mapping[str, Any], known: Known) -> tuple[RegimeRule, ...]:
    """Return the rules ``own`` with those of ``given`` in their place, or behind them; an empty one removes its name.

    A regime that stays keeps its code.
    """
    tables = {rule.regime: dict(rule.given) for rule in own}
    free = 1 + max((rule.code for rule in own), default=FIRST_OWN_CODE - 1)
    for name, entry in given.items():
        if entry == "":
            if name not in tables:
                raise InputError(f"regimes.{named(name)}: there is none to remove; {closest(name, tables)}")
            del tables[name]
            continue
        table = dict(entry) if isinstance(entry, Mapping) else {"rule": entry}
        if name not in tables:
            table, free = {"code": free} | table, free + 1
        else:
            kept = tables[name] if isinstance(entry, str) else {"code": tables[name]["code"]}
            table = kept | table
        tables[name] = table
    return rules(tables, known)


def _rule(name: str, entry: Any, known: Known, earlier: list[RegimeRule]) -> RegimeRule:
    what = f"regimes.{named(str(name))}"
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or len(name) > MAX_NAME:
        raise InputError(f"{what}: no name of a regime; use letters, digits and _, such as mine")
    if name in regimes.CODES or name in ("unchanged", "settled"):
        raise InputError(f"{what}: there is a regime {name!r} already; give it another name")
    table = _table(what, entry)
    node = grammar.parse_condition(
        table["rule"], f"{what}.rule" if isinstance(entry, Mapping) else what, MAX_CHARACTERS
    )
    read = names(node) - set(CONSTANTS)
    options = [*known.observables, *known.inputs, *regimes.THRESHOLDS]
    for part in walk(node):
        if isinstance(part, Name) and part.name in read and part.name not in options:
            raise InputError(
                f"{what}: no observable, input or threshold {short(part.name)} at column {part.at + 1}; "
                f"{closest(part.name, options)}"
            )
    own_source.check([node], what)
    before, after = _place(what, table, [one.regime for one in earlier])
    text = show(node)
    return RegimeRule(
        name,
        code=_code(what, table, [one.code for one in earlier]),
        words=f"{table['label']} ({text})" if "label" in table else text,
        reads=tuple(sorted(read & set(known.observables))),
        holds=_Condition(text, tuple(sorted(_events(known) & read))),
        colour=_colour(what, table),
        inputs=tuple(sorted(read & set(known.inputs) - set(known.observables))),
        before=before,
        after=after,
        given=table | {"rule": text, "code": _code(what, table, [one.code for one in earlier])},
    )


def _table(what: str, entry: Any) -> dict[str, Any]:
    table = dict(entry) if isinstance(entry, Mapping) else {"rule": entry}
    for key in table:
        if key not in KEYS:
            raise InputError(f"{what}.{named(str(key))}: unknown key, got {short(table[key])}; {closest(key, KEYS)}")
    for key in ("rule", "before", "after", "label", "colour"):
        if key in table and not isinstance(table[key], str):
            raise InputError(
                f"{what}: {key} is {short(table[key])}; {FORM if key == 'rule' else 'give a text in quotes'}"
            )
    if "rule" not in table:
        raise InputError(f"{what}: no rule; {FORM}")
    if not table.get("label", "x").isprintable() or ";" in table.get("label", "") or len(table.get("label", "")) > 200:
        raise InputError(
            f"{what}.label: got {short(table['label'])}; give one line of at most 200 characters, without ;"
        )
    return table


def _place(what: str, table: Mapping[str, Any], earlier: list[str]) -> tuple[str | None, str | None]:
    """Return the regime before which a rule comes, or the one behind which."""
    if "before" in table and "after" in table:
        raise InputError(f"{what}: both before and after are given; give one of them")
    options = [*(rule.regime for rule in regimes.RULES), *earlier]
    for key in ("before", "after"):
        if key in table and table[key] not in options:
            raise InputError(f"{what}.{key}: no regime {short(table[key])}; {closest(table[key], options)}")
    if "before" in table:
        return table["before"], None
    return None, table.get("after", DEFAULT_PLACE)


def _code(what: str, table: Mapping[str, Any], taken: list[int]) -> int:
    """Return the code that a table gives, or one that follows those of the earlier rules."""
    code = table.get("code", max(taken, default=FIRST_OWN_CODE - 1) + 1)
    last = np.iinfo(np.int8).max
    if type(code) is not int or not FIRST_OWN_CODE <= code <= last or code in taken:
        raise InputError(
            f"{what}.code: got {short(code)}; give a whole number from {FIRST_OWN_CODE} to {last} for each "
            "regime, or leave it out"
        )
    return code


def _colour(what: str, table: Mapping[str, Any]) -> str | None:
    colour = table.get("colour")
    if colour is not None and not COLOUR.fullmatch(colour):
        raise InputError(f'{what}.colour: got {short(colour)}; give one such as "#FF2D8D"')
    return colour


def _events(known: Known) -> set[str]:
    """Return the observables in which -1 stands for an event that never came."""
    return {name for name, about in known.observables.items() if about is not None and about.fill == NEVER - 1}


@dataclass(frozen=True)
class _Condition:
    """A condition as a function of observables, inputs and thresholds; it is data, so that other processes get it."""

    text: str
    events: tuple[str, ...]

    def __call__(self, o: SimpleNamespace, t: SimpleNamespace) -> np.ndarray:
        """Tell where it holds."""
        return _compiled(self.text, self.events)(o, t)


@functools.lru_cache(maxsize=256)
def _compiled(text: str, events: tuple[str, ...]) -> Callable[[SimpleNamespace, SimpleNamespace], np.ndarray]:
    """Return the condition ``text`` as a function."""
    node = _seen(grammar.parse_condition(text, "rule"), set(events))
    read = sorted(names(node) - set(CONSTANTS))
    source = own_source.condition(node, {name: f"values[{k}]" for k, name in enumerate(read)})
    function = loader.load("rule", source).holds

    def value(name: str, o: SimpleNamespace, t: SimpleNamespace) -> np.ndarray:
        plain = name.removeprefix(RAW) if name.removeprefix(RAW) in events else name
        found = np.asarray(getattr(o, plain) if hasattr(o, plain) else getattr(t, plain), np.float64)
        return np.where(found == NEVER, np.nan, found) if name in events else found

    def holds(o: SimpleNamespace, t: SimpleNamespace) -> np.ndarray:
        with np.errstate(all="ignore"):
            found = function(tuple(value(name, o, t) for name in read))
        return np.broadcast_to(np.asarray(found, bool), np.shape(o.outcome)) if np.ndim(found) == 0 else found

    return holds


def _seen(node: Node, events: set[str]) -> Node:
    """Return a condition in which comparisons of events with -1 are with their numbers as they are stored."""
    found: dict[int, Node] = {}
    for part in walk(node):
        if not isinstance(part, Call):
            found[id(part)] = part
            continue
        operands = [found[id(operand)] for operand in part.operands]
        if any(isinstance(one, Number) and one.value == NEVER for one in operands):
            operands = [_raw(one, events) for one in operands]
        found[id(part)] = Call(part.function, tuple(operands))
    return found[id(node)]


def _raw(node: Node, events: set[str]) -> Node:
    return Name(RAW + node.name) if isinstance(node, Name) and node.name in events else node

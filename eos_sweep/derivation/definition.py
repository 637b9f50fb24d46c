"""The definition of a model by a formula: the table ``[model]`` of a spec, checked and frozen.

It is data.  The loss and the lines are parsed by the grammar of formulas and by nothing else, and every other text is a
word for people.  So a spec or a store of a stranger can be opened.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, model_validator

from eos_sweep.contract import Quantity
from eos_sweep.derivation import tables
from eos_sweep.derivation.tables import STEP_SIZE, Line
from eos_sweep.errors import SpecError, closest, named, short, visible
from eos_sweep.formulas import grammar
from eos_sweep.formulas.operations import CONSTANTS
from eos_sweep.formulas.tree import Call, Name, Node, walk
from eos_sweep.plain_data import Frozen, short_text, strict_json, validated

MAX_CHARACTERS = 100_000  # of a formula; one that was recorded is long
Tables = tuple[tuple[str, tuple[float, ...]], ...]


def _name(given: Any) -> str:
    return tables.check_name("model.name", given)


def _sentence(key: str) -> PlainValidator:
    def parse(given: Any) -> str:
        return "" if given == "" else short_text(f"model: got {key}", given, tables.MAX_SENTENCE)

    return PlainValidator(parse)


def _formula(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise SpecError(f'model.loss: got {short(given)}; give a formula in quotes, such as "(x*y - 1)**2/2"')
    if len(given) > MAX_CHARACTERS:
        raise SpecError(f"model.loss: got {len(given)} characters; a formula has at most {MAX_CHARACTERS}")
    return given


class Formula(Frozen):
    """A model that is given by its loss.

    The fields are the keys of the table ``[model]``.  ``parameters`` holds all of them: those in the order in which
    the loss names them first, then those that only lines name, and the step size ``eta`` last.

    Examples
    --------
    >>> from eos_sweep.derivation.definition import Formula
    >>> formula = Formula.from_dict({"loss": "(x**2 - 1)**2/4 + a*x*y**2/2", "state": ["x", "y"]})
    >>> list(formula.parameters)
    ['a', 'eta']
    """

    name: Annotated[str, PlainValidator(_name)] = "formula"
    loss: Annotated[str, PlainValidator(_formula)] = Field(description="give a formula in quotes")
    state: Annotated[dict[str, Quantity], PlainValidator(tables.parse_state)] = Field(
        description='give the names of the coordinates, such as ["x", "y"]'
    )
    parameters: Annotated[dict[str, Quantity], PlainValidator(tables.parse_parameters)] = Field({})
    guard: str | None = Field(None, description="give the name of a coordinate in quotes")
    title: Annotated[str, _sentence("title")] = ""
    reference: Annotated[str, _sentence("reference")] = ""
    presets: Annotated[dict[str, dict[str, str]], PlainValidator(tables.parse_presets)] = Field({})
    lines: Annotated[dict[str, Line], PlainValidator(tables.parse_lines)] = Field({})
    data: Annotated[dict[str, tuple[float, ...]], PlainValidator(tables.parse_tables)] = Field({})
    trial: Annotated[dict[str, float | str], PlainValidator(tables.parse_trial)] = Field({})

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """Return the formula that the table ``given`` defines.  ``to_dict`` is the inverse.

        Raises
        ------
        SpecError
            For the first thing that is wrong.
        """
        return validated(cls, given, "model.")

    def to_dict(self) -> dict[str, Any]:
        """Return the table, for TOML and strict JSON: what is usual is left out, infinity is the text "inf"."""
        state = {name: tables.told(name, quantity, "coordinate") for name, quantity in self.state.items()}
        parameters = {name: tables.told(name, quantity, "parameter") for name, quantity in self.parameters.items()}
        found: dict[str, Any] = {"name": self.name, "loss": self.loss}
        found["state"] = state if any(state.values()) else list(state)
        found["parameters"] = {name: table for name, table in parameters.items() if table or self._only_told(name)}
        found |= {"guard": self.guard, "title": self.title, "reference": self.reference, "presets": self.presets}
        found["lines"] = {name: line.to_dict() for name, line in self.lines.items()}
        found |= {"data": self.data, "trial": self.trial}
        return strict_json({key: value for key, value in found.items() if value})

    def _only_told(self, name: str) -> bool:
        return name != STEP_SIZE and name not in _order(self.tree)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Check what no field can check alone, and add the parameters that only the loss names."""
        tables.check_apart({"state": self.state, "parameters": self.parameters, "data": self.data})
        order = _order(self.tree)
        for name in order:
            if name not in self.state:
                tables.check_name("model.loss", name)
        for name in self.state:
            if name not in order:
                raise SpecError(f"model.state: {name!r} is not in the loss, so it would never move; remove it")
        named_by_loss = [name for name in order if name not in self.state and name != STEP_SIZE]
        known = {*self.state, *named_by_loss, *self.parameters, STEP_SIZE}
        used = {name for line in self.lines for name in self._names_of_line(line, known)}
        for name in self.parameters:
            if name not in {*named_by_loss, *used, STEP_SIZE}:
                remedy = closest(name, [*named_by_loss, STEP_SIZE])
                raise SpecError(f"model.parameters.{name}: neither the loss nor a line has it; {remedy}")
        for name in self.data:
            if name not in tables.tables_in(self.loss):
                raise SpecError(f"model.data.{name}: the loss has no {name}[i]; remove it")
        names = [*dict.fromkeys([*named_by_loss, *self.parameters, STEP_SIZE])]
        names.append(names.pop(names.index(STEP_SIZE)))
        if len(names) > tables.MAX_INPUTS:
            raise SpecError(f"model.loss: got {len(names)} parameters; a formula has at most {tables.MAX_INPUTS}")
        complete = {name: self.parameters.get(name, tables.plain(name, "parameter")) for name in names}
        self.__dict__["parameters"] = complete  # the fields are frozen from here on
        self._check_names(complete)
        return self

    def _check_names(self, parameters: Mapping[str, Quantity]) -> None:
        if self.guard is not None and self.guard not in self.state:
            raise SpecError(f"model.guard: no coordinate {short(self.guard)}; {closest(self.guard, self.state)}")
        for table, given in (("presets", list(self.presets)), ("trial", list(self.trial))):
            for name in given:
                if name not in parameters and name not in self.state:
                    raise SpecError(
                        f"model.{table}: no input {short(name)}; {closest(name, [*parameters, *self.state])}"
                    )

    def _names_of_line(self, line: str, known: set[str]) -> set[str]:
        found = set(_order(self.ratio(line)))
        for name in sorted(found - known):
            raise SpecError(
                f"model.lines.{line}: no parameter or coordinate {short(name)}; {closest(name, sorted(known))}"
            )
        return found

    @property
    def tree(self) -> Node:
        """The loss as a tree, in which the sums over the tables of data are written out."""
        return _parsed(self.loss, "model.loss", tuple(self.data.items()))

    def with_moved(self, table: str) -> Node:
        """Return the loss as a tree in which each number of a table has a name added, such as ``y[0]``."""
        return grammar.parse(self.loss, "model.loss", self.data, MAX_CHARACTERS, moved=table)

    def ratio(self, line: str) -> Node:
        """Return the formula of a critical line as a tree."""
        return _parsed(self.lines[line].ratio, f"model.lines.{line}", None)

    @cached_property
    def identity(self) -> dict[str, tuple[str, str]]:
        """Key -> (value, text for people), of everything that determines the numbers.

        Titles, symbols, defaults and lines do not, nor do other bounds than zero.
        """
        names = {
            "state": ", ".join(self.state),
            "parameters": ", ".join(self.parameters),
            "guard": self.guard or "none",
            "never_negative": ", ".join(self.never_negative) or "none",
        }
        found = {f"model.{key}": (value, value) for key, value in names.items()}
        return {"model.loss": (fingerprint(self.tree), named(visible(" ".join(self.loss.split())), 200)), **found}

    @property
    def never_negative(self) -> list[str]:
        """The parameters whose bounds keep them from being negative; what is derived may rely on it."""
        return [name for name, one in self.parameters.items() if max(one.above, one.least) >= 0.0]

    @cached_property
    def as_json(self) -> str:
        """All of the formula as one text, by which formulas are compared."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def __eq__(self, other: object) -> bool:
        """Whether all of two formulas is equal, with the order of names."""
        return isinstance(other, Formula) and self.as_json == other.as_json

    def __hash__(self) -> int:
        """Return a hash of what ``==`` compares."""
        return hash(self.as_json)

    def __str__(self) -> str:
        """Return the name and the loss, for messages."""
        return f"{self.name}: {named(visible(' '.join(self.loss.split())))}"


@functools.lru_cache(maxsize=256)
def _parsed(formula: str, what: str, data: Tables | None) -> Node:
    return grammar.parse(formula, what, None if data is None else dict(data), MAX_CHARACTERS)


def _order(tree: Node) -> tuple[str, ...]:
    """Return the names in ``tree`` but those of constants, in the order in which they come first."""
    found = (part.name for part in walk(tree) if isinstance(part, Name) and part.name not in CONSTANTS)
    return tuple(dict.fromkeys(found))


def fingerprint(tree: Node) -> str:
    """Return the hash (SHA-256) of a tree, which layout and parentheses of its text do not change."""
    places: dict[str, int] = {}
    at: dict[int, int] = {}
    for part in walk(tree):
        if isinstance(part, Call):
            word = " ".join([part.function, *(str(at[id(operand)]) for operand in part.operands)])
        else:
            word = f"name {part.name}" if isinstance(part, Name) else f"number {part.value}"
        at[id(part)] = places.setdefault(word, len(places))
    return hashlib.sha256("\n".join(places).encode()).hexdigest()

"""Formulas of observables: reducers over a trajectory, and arithmetic of what they give.

.. code-block:: text

    max(loss / loss_initial)              the largest value, of any state of the trajectory
    min(x)  mean(x)  last(x)              the least, the mean, that of the last state
    first(sharpness_ratio > 1)            the first step at which a condition holds
    count(step > 100 and loss > 1e-3)     the number of steps at which it holds
    max(loss) / min(loss)                 arithmetic of several

What stands in a reducer may name the coordinates and the parameters of the model, and WORDS.  The text of a reducer is
cut out and parsed by the grammar of all formulas, and so is what is left.
"""

import functools
import re
from collections.abc import Collection, Iterable
from typing import NamedTuple, NoReturn

from eos_sweep.contract import Model
from eos_sweep.errors import InputError, closest, named, short
from eos_sweep.formulas import grammar
from eos_sweep.formulas.operations import CONSTANTS, FUNCTIONS
from eos_sweep.formulas.text import show
from eos_sweep.formulas.tree import Name, Node, walk

NUMBERS, CONDITIONS = ("max", "min", "mean", "last"), ("first", "count")
REDUCERS = NUMBERS + CONDITIONS  # of numbers, of conditions
WORDS = {
    "loss": "the loss",
    "loss_before": "the loss before the step; at the start, the loss there",
    "loss_initial": "the loss at the start",
    "sharpness_ratio": "sharpness * eta / 2, which is one at the edge of stability; with an edge of the update rule's "
    "own, the sharpness over that at the edge",
    "step": "the number of the step; 0 at the start",
    "guard": "the guarded coordinate, if the model has one",
}
OF_TRAJECTORY = ("loss_initial",)  # words that may stand outside of a reducer
MAX_CHARACTERS = 1000
MAX_PARTS = 200  # each is compiled into the kernel 16 times
WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Reduction(NamedTuple):
    """One reducer, and the number or the condition that it takes from each state."""

    reducer: str
    of: Node


class Formula(NamedTuple):
    """The formula of an observable."""

    reductions: tuple[Reduction, ...]
    names: tuple[str, ...]  # of the results of the reductions in ``result``
    result: Node
    alone: bool  # whether the result is that of the one reduction

    @property
    def is_whole(self) -> bool:
        """Whether the result is a number of steps."""
        return self.alone and self.reductions[0].reducer in CONDITIONS

    @property
    def trees(self) -> tuple[Node, ...]:
        """What is computed of each state, and of the results."""
        return (*(one.of for one in self.reductions), self.result)

    @property
    def parts(self) -> int:
        """The number of operations, names and numbers."""
        return sum(1 for tree in self.trees for _ in walk(tree))

    def text(self) -> str:
        """Return the formula as it is stored, however it was written."""
        found = show(self.result)
        written = {
            name: f"{one.reducer}({show(one.of)})" for name, one in zip(self.names, self.reductions, strict=True)
        }
        return WORD.sub(lambda match: written.get(match.group(), match.group()), found)


@functools.lru_cache(maxsize=256)
def parse(text: str, model: Model, what: str) -> Formula:
    """Return the formula ``text`` of an observable of ``model``.

    Raises
    ------
    InputError
        If something in it is not allowed.  The message begins with ``what``, and has the place in the text.
    """
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        grammar.parse(text, what, most=MAX_CHARACTERS)  # which says so
    _check_sums(text, what)
    spans = list(_spans(text, what))
    if not spans:
        grammar.parse(text, what)
        _refuse(
            what, text, 0, f"no reducer; write one of {', '.join(REDUCERS)}, such as max({named(text.strip(), 40)})"
        )
    names = _free_names(text, len(spans))
    rest, reductions = text, []
    for name, (reducer, start, opened, end) in reversed(list(zip(names, spans, strict=True))):
        reductions.append(Reduction(reducer, _parsed(reducer, text, opened, end, what)))
        rest = rest[:start] + name.ljust(end + 1 - start) + rest[end + 1 :]
    result = grammar.parse(rest, what)
    formula = Formula(tuple(reversed(reductions)), tuple(names), result, isinstance(result, Name))
    inputs = [*model.PARAMETERS, *CONSTANTS]
    for one in formula.reductions:
        _check_names(one.of, [*known(model), *CONSTANTS], (), text, what)
    _check_names(result, [*inputs, *OF_TRAJECTORY, *names], known(model), text, what)
    if formula.parts > MAX_PARTS:
        raise InputError(f"{what}: the formula has {formula.parts} parts; use at most {MAX_PARTS}")
    return formula


def known(model: Model) -> tuple[str, ...]:
    """Return the names that may stand in a reducer: inputs of ``model``, and WORDS."""
    words = [word for word in WORDS if word != "guard" or model.GUARD is not None]
    return (*dict.fromkeys([*model.STATE, *model.PARAMETERS, *words]),)


def _spans(text: str, what: str) -> Iterable[tuple[str, int, int, int]]:
    """Yield each reducer with the places of its name, of what follows its parenthesis, and of the closing one.

    ``max`` and ``min`` of several numbers are functions, not reducers.
    """
    at = 0
    while match := WORD.search(text, at):
        at = match.end()
        opened = re.compile(r"\s*\(").match(text, at)
        if match.group() not in REDUCERS or not opened:
            continue
        end, alone = _closing(text, opened.end())
        if end is None:
            _refuse(what, text, match.start(), f"the parenthesis of {match.group()} is not closed; write ')'")
        if match.group() in FUNCTIONS and not alone:
            continue
        if not alone:
            _refuse(what, text, match.start(), f"{match.group()} takes one expression; write {_form(match.group())}")
        yield match.group(), match.start(), opened.end(), end
        at = end + 1


def _check_sums(text: str, what: str) -> None:
    """Raise InputError for a sum, which in the formula of a loss runs over data."""
    for match in WORD.finditer(text):
        if match.group() == "sum" and text[match.end() :].lstrip().startswith("("):
            _refuse(what, text, match.start(), "sum has no data to run over; write a reducer, such as mean(loss)")


def _closing(text: str, start: int) -> tuple[int | None, bool]:
    """Return the place of the parenthesis that closes the one before ``start``, and whether no comma is between."""
    depth, alone = 1, True
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        alone &= depth != 1 or text[at] != ","
        if depth == 0:
            return at, alone
    return None, alone


def _form(reducer: str) -> str:
    return f"{reducer}(loss > 1)" if reducer in CONDITIONS else f"{reducer}(loss)"


def _parsed(reducer: str, text: str, opened: int, end: int, what: str) -> Node:
    """Return the tree of what a reducer takes; places in errors are those in the whole formula."""
    if not text[opened:end].strip():
        _refuse(what, text, end, f"{reducer} takes one expression; write {_form(reducer)}")
    for _, inner, *_ in _spans(text[opened:end], what):
        _refuse(what, text, opened + inner, "a reducer stands in a reducer; write them side by side")
    piece = " " * opened + text[opened:end]
    if reducer in CONDITIONS:
        return grammar.parse_condition(piece, what)
    return grammar.parse(piece, what)


def _free_names(text: str, count: int) -> list[str]:
    """Return names for the results of reducers, none of them in ``text``, and none longer than a reducer."""
    taken = set(WORD.findall(text))
    free = (f"r{k}" for k in range(MAX_CHARACTERS) if f"r{k}" not in taken)
    return [next(free) for _ in range(count)]


def _check_names(node: Node, options: Collection[str], inside: Collection[str], text: str, what: str) -> None:
    for part in walk(node):
        if isinstance(part, Name) and part.name not in options:
            if part.name in inside:
                remedy = f"it changes from step to step; write a reducer of it, such as last({part.name})"
                _refuse(what, text, part.at, f"{part.name} stands outside of a reducer; {remedy}")
            if part.name == "guard":
                remedy = 'name a coordinate, or give the model one, such as guard = "x"'
                _refuse(what, text, part.at, f"the model has no guard; {remedy}")
            _refuse(what, text, part.at, f"no name {short(part.name)}; {closest(part.name, options)}")


def _refuse(what: str, text: str, at: int, problem: str) -> NoReturn:
    """Raise an error with the place in the formula before its remedy."""
    words, _, remedy = problem.partition("; ")
    raise InputError(f"{what}: {words} at column {at + 1}, in {short(named(text[at:].strip(), 24))}; {remedy}")

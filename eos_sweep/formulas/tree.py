"""Formulas as trees: plain, immutable data that can be compared, hashed and pickled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Number:
    """A constant.  ``0.1`` is the double next to one tenth, as in Python; ``1/3`` is a quotient of two numbers."""

    value: Fraction
    at: int = field(default=0, compare=False)  # where it begins in the text, from 0


@dataclass(frozen=True, slots=True)
class Name:
    """A coordinate, a parameter, or what else a formula may name."""

    name: str
    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call:
    """An operation or a function, and what it is applied to.

    The depth of a tree is limited by nothing, so none of this calls itself, in the time of the distinct parts.
    """

    function: str  # a name of :data:`eos_sweep.formulas.operations.OPERATIONS`
    operands: tuple["Node", ...]
    at: int = field(default=0, compare=False)

    def __eq__(self, other: object) -> bool:
        """Whether two trees are equal, wherever their parts stand in a text."""
        if not isinstance(other, Call):
            return NotImplemented
        return self is other or _flat(self) == _flat(other)

    def __hash__(self) -> int:
        """Return a hash of what ``==`` compares."""
        return hash(_flat(self))

    def __repr__(self) -> str:
        """Return a few words; :func:`eos_sweep.formulas.text.show` gives all of it."""
        return f"<{self.function} of {len(self.operands)}, with {len(_flat(self))} distinct parts>"

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how a copy is made."""
        parts = list(walk(self))
        place = {id(part): k for k, part in enumerate(parts)}
        told = [
            (part.function, tuple(place[id(operand)] for operand in part.operands), part.at)
            if isinstance(part, Call)
            else part
            for part in parts
        ]
        return _joined, (told,)


Node = Number | Name | Call


def _joined(told: Sequence[Any]) -> Node:
    """Return the tree of its parts, operands first, which stand in each call by their places."""
    parts: list[Node] = []
    for one in told:
        if isinstance(one, tuple):
            function, places, at = one
            one = Call(function, tuple(parts[place] for place in places), at)
        parts.append(one)
    return parts[-1]


def _flat(node: Node) -> tuple[Any, ...]:
    """Return the distinct parts of a tree by value, in the order in which they come first; equal for equal trees."""
    places: dict[Any, int] = {}
    place: dict[int, int] = {}
    for part in walk(node):
        key = (part.function, *(place[id(one)] for one in part.operands)) if isinstance(part, Call) else part
        place[id(part)] = places.setdefault(key, len(places))
    return tuple(places)


def walk(node: Node) -> Iterator[Node]:
    """Yield each distinct part of ``node`` once, operands before what is applied to them."""
    seen: set[int] = set()
    waiting = [(node, False)]
    while waiting:
        part, ready = waiting.pop()
        if ready:
            yield part
        elif id(part) not in seen:
            seen.add(id(part))
            waiting.append((part, True))
            if isinstance(part, Call):
                waiting += [(operand, False) for operand in reversed(part.operands)]


def names(node: Node) -> frozenset[str]:
    """Return the names in ``node``."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Name))

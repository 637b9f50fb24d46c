"""Formulas as trees: plain, immutable data that can be compared, hashed and pickled."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction


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


@dataclass(frozen=True, slots=True)
class Call:
    """An operation or a function, and what it is applied to."""

    function: str  # a name of :data:`eos_sweep.formulas.operations.OPERATIONS`
    operands: tuple["Node", ...]
    at: int = field(default=0, compare=False)


Node = Number | Name | Call


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

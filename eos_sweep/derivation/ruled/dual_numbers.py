"""Numbers that record what a rule does with them, as terms, each with its derivative along a move of the state.

A coordinate with its own exponent cannot be written as one number: its value is a mantissa times a power of two.  Its
entry of a vector is a :class:`Form`, a sum of multiples of that coordinate and of its memory, which share the power.
Sums and multiples of forms are forms.  Anything else is refused by :class:`NotLinear`.
"""

import functools
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from eos_sweep.derivation.differentiate import RULES
from eos_sweep.derivation.graph import Graph, Term
from eos_sweep.errors import InputError


class NotLinear(Exception):
    """A rule does something with a vector that keeps no exponent."""


class Traced(NDArrayOperatorsMixin):
    """What scalars, forms and vectors have in common: operators, and functions of NumPy."""

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Record an operator or a function of NumPy."""
        name = ufunc.__name__
        if method != "__call__" or options or name not in FUNCTIONS:
            raise InputError(f"rule: np.{name} cannot be recorded; use operators and np.sqrt, np.abs, np.minimum")
        return FUNCTIONS[name](*inputs)


class Scalar(Traced):
    """A number, and how fast it changes along the move of the state; None where it does not."""

    __slots__ = ("g", "move", "term")

    def __init__(self, g: Graph, term: Term, move: Term | None = None) -> None:
        self.g, self.term, self.move = g, term, move

    def moves(self) -> Term:
        """Return how fast it changes."""
        return self.g.zero if self.move is None else self.move


class Condition:
    """A condition on numbers."""

    __slots__ = ("g", "term")

    def __init__(self, g: Graph, term: Term) -> None:
        self.g, self.term = g, term

    def choose(self, yes: Any, no: Any) -> Any:
        """Return ``yes`` where it holds, elsewhere ``no``."""
        if isinstance(yes, Vector) or isinstance(no, Vector):
            return _each(self.choose, yes, no)
        one, other = as_scalar(self.g, yes), as_scalar(self.g, no)
        move = None
        if one.move is not None or other.move is not None:
            move = self.g.select(self.term, one.moves(), other.moves())
        return Scalar(self.g, self.g.select(self.term, one.term, other.term), move)


class Form(Traced):
    """A sum of multiples of a coordinate with its own exponent and of its memory.

    ``parts`` has the factors: of the coordinate by its own name, of its memory by theirs, and under ``ONE`` a number
    that has no exponent.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Mapping[str, Scalar]) -> None:
        self.parts = dict(parts)


ONE = "1"


class Vector(Traced):
    """An entry for each coordinate: a scalar, or a form."""

    __slots__ = ("entries", "length")

    def __init__(self, entries: list[Any], length: "Callable[[Vector], Scalar] | None" = None) -> None:
        """Make a vector; ``length`` computes the norm, of forms too."""
        self.entries, self.length = entries, length

    def norm(self) -> Scalar:
        """Return the length."""
        if self.length is None:
            raise NotLinear
        return self.length(self)


class Conditions:
    """A condition for each coordinate."""

    def __init__(self, entries: list[Condition]) -> None:
        self.entries = entries

    def choose(self, yes: Any, no: Any) -> Vector:
        """Return ``yes`` where they hold, elsewhere ``no``."""
        lists = [one.entries if isinstance(one, Vector) else [one] * len(self.entries) for one in (yes, no)]
        length = next((one.length for one in (yes, no) if isinstance(one, Vector)), None)
        return Vector([c.choose(*pair) for c, *pair in zip(self.entries, *lists, strict=True)], length)


def as_scalar(g: Graph, value: Any) -> Scalar:
    """Return a number as a scalar."""
    if isinstance(value, Form):
        raise NotLinear
    if isinstance(value, Scalar):
        return value
    return Scalar(g, g.raw("inf") if value == np.inf else g.number(Fraction(float(value))))


def _graph(*values: Any) -> Graph:
    for value in values:
        if isinstance(value, Scalar):
            return value.g
        if isinstance(value, Form):
            return next(iter(value.parts.values())).g
    raise InputError("rule: got numbers alone")


def _each(function: Callable[..., Any], *values: Any) -> Vector:
    """Return a function of each entry of the vectors among ``values``."""
    vectors = [value for value in values if isinstance(value, Vector)]
    columns = [value.entries if isinstance(value, Vector) else [value] * len(vectors[0].entries) for value in values]
    length = next((one.length for one in vectors if one.length), None)
    return Vector([function(*row) for row in zip(*columns, strict=True)], length)


def _applied(operation: str, one: Any, other: Any) -> Any:
    if isinstance(one, Vector) or isinstance(other, Vector):
        return _each(lambda *pair: _applied(operation, *pair), one, other)
    if isinstance(one, Form) or isinstance(other, Form):
        return _of_forms(operation, one, other)
    g = _graph(one, other)
    return OPERATIONS[operation](g, as_scalar(g, one), as_scalar(g, other))


def _add(g: Graph, one: Scalar, other: Scalar) -> Scalar:
    return Scalar(g, g.add(one.term, other.term), _joined(g.add, one.move, other.move))


def _sub(g: Graph, one: Scalar, other: Scalar) -> Scalar:
    negative = None if other.move is None else g.neg(other.move)
    if one.move is not None and other.move is not None:
        return Scalar(g, g.sub(one.term, other.term), g.sub(one.move, other.move))
    return Scalar(g, g.sub(one.term, other.term), _joined(g.add, one.move, negative))


def _mul(g: Graph, one: Scalar, other: Scalar) -> Scalar:
    first = None if one.move is None else g.mul(one.move, other.term)
    second = None if other.move is None else g.mul(one.term, other.move)
    return Scalar(g, g.mul(one.term, other.term), _joined(g.add, first, second))


def _div(g: Graph, one: Scalar, other: Scalar) -> Scalar:
    value = g.div(one.term, other.term)
    first = None if one.move is None else g.div(one.move, other.term)
    second = None if other.move is None else g.neg(g.mul(g.div(value, other.term), other.move))
    return Scalar(g, value, _joined(g.add, first, second))


def _joined(add: Callable[[Term, Term], Term], one: Term | None, other: Term | None) -> Term | None:
    if one is None or other is None:
        return other if one is None else one
    return add(one, other)


OPERATIONS: dict[str, Callable[[Graph, Scalar, Scalar], Scalar]] = {
    "add": _add, "sub": _sub, "mul": _mul, "div": _div,
}  # fmt: skip


def _of_forms(operation: str, one: Any, other: Any) -> Form:
    if isinstance(one, Form) and isinstance(other, Form) and operation in ("add", "sub"):
        g = _graph(one)
        zero = Scalar(g, g.zero)
        names = dict.fromkeys([*one.parts, *other.parts])
        return Form(
            {name: OPERATIONS[operation](g, one.parts.get(name, zero), other.parts.get(name, zero)) for name in names}
        )
    if isinstance(one, Form) and not isinstance(other, Form) and operation in ("mul", "div"):
        factor = _exact(as_scalar(_graph(one), other))
        return Form({name: OPERATIONS[operation](part.g, part, factor) for name, part in one.parts.items()})
    if isinstance(other, Form) and not isinstance(one, Form) and operation == "mul":
        return scaled(_exact(as_scalar(_graph(other), one)), other)
    raise NotLinear


def scaled(factor: Scalar, form: Form) -> Form:
    """Return a multiple of a form."""
    return Form({name: _mul(part.g, factor, part) for name, part in form.parts.items()})


def _exact(factor: Scalar) -> Scalar:
    """Return a number of a rule that counts as exact: what it multiplies has no rounding error because of it."""
    g, term = factor.g, factor.term
    return factor if term.fixed or term.op in ("name", "let") else Scalar(g, g.raw("let", term), factor.move)


def _compared(sign: str, one: Any, other: Any) -> Any:
    if isinstance(one, Vector) or isinstance(other, Vector):
        return Conditions(_each(lambda *pair: _compared(sign, *pair), one, other).entries)
    if isinstance(one, Form) or isinstance(other, Form):
        raise NotLinear
    g = _graph(one, other)
    return Condition(g, g.raw(sign, as_scalar(g, one).term, as_scalar(g, other).term))


def _function(name: str) -> Callable[[Any], Any]:
    def function(value: Any) -> Any:
        if isinstance(value, Vector):
            return _each(function, value)
        g = _graph(value)
        argument = as_scalar(g, value)
        term = g.call(name, argument.term)
        if argument.move is None:
            return Scalar(g, term)
        # The slope of a root is taken for zero at zero: what is a square there does not move.
        divisor = g.select(g.raw("==", term, g.zero), g.raw("inf"), term) if name == "sqrt" else term
        slope = RULES[name](g, argument.term, divisor)
        return Scalar(g, term, g.mul(slope, argument.move))

    return function


def _absolute(value: Any) -> Any:
    if isinstance(value, Vector):
        return _each(_absolute, value)
    return (value < 0.0).choose(-value, value)


def _extreme(sign: str) -> Callable[[Any, Any], Any]:
    def extreme(one: Any, other: Any) -> Any:
        if isinstance(one, Vector) or isinstance(other, Vector):
            return _each(extreme, one, other)
        return _compared(sign, one, other).choose(one, other)

    return extreme


COMPARED = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "=="}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda one, other: _applied("add", one, other),
    "subtract": lambda one, other: _applied("sub", one, other),
    "multiply": lambda one, other: _applied("mul", one, other),
    "divide": lambda one, other: _applied("div", one, other),
    "negative": lambda one: _applied("mul", -1.0, one),
    **{name: functools.partial(_compared, sign) for name, sign in COMPARED.items()},
    "sqrt": _function("sqrt"), "cos": _function("cos"), "absolute": _absolute,
    "minimum": _extreme("<"), "maximum": _extreme(">"),
}  # fmt: skip

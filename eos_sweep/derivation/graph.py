"""Expressions as a graph in which nothing stands twice.

A product is kept as ``(number * fixed part) * rest``: what depends on parameters alone stands in front, so that a
kernel computes it once for many steps.  The order of a sum is that of the formula.  Numbers are exact fractions until
they are written down, except that very long ones are rounded to 320 bits.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from eos_sweep.errors import InputError

MAX_TERMS = 20_000
MAX_POWER = 1024
TINY, HUGE = Fraction(2) ** -1000, Fraction(2) ** 1000  # sizes of constants: well within those of doubles
LONG, KEPT = 4096, 320  # bits of a fraction that is rounded, and to how many
Key = tuple[object, ...]
Parts = tuple[Fraction, "Term | None", "Term | None"]  # of a product: number, fixed part, rest


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A number, a name, or an operation on terms."""

    index: int  # in the order in which terms were made: operands come first
    op: str
    operands: tuple["Term", ...]
    fixed: bool  # whether it depends on parameters alone
    value: Fraction | None = None  # of a number
    name: str = ""

    @property
    def is_zero(self) -> bool:
        """Whether it is the number zero."""
        return self.value == 0


class Graph:
    """All terms of one derivation."""

    def __init__(self, what: str) -> None:
        """Begin an empty graph; ``what`` names the formula in errors."""
        self._what = what
        self._terms: dict[Key, Term] = {}
        self.zero, self.one = self.number(0), self.number(1)

    def _term(self, key: Key, op: str, operands: tuple[Term, ...], fixed: bool, **more: object) -> Term:
        if key not in self._terms:
            if len(self._terms) >= MAX_TERMS:
                raise InputError(
                    f"{self._what}: with its derivatives it has more than {MAX_TERMS} parts; shorten it, or use an "
                    "array model such as tanh_net"
                )
            self._terms[key] = Term(len(self._terms), op, operands, fixed, **more)  # type: ignore[arg-type]
        return self._terms[key]

    def number(self, value: Fraction | int) -> Term:
        """Return a number; InputError if no double is close to it."""
        value = Fraction(value)
        if value and not TINY <= abs(value) <= HUGE:
            raise InputError(
                f"{self._what}: a constant of size {_size(value)} is out of range; use sizes from 1e-300 to 1e300"
            )
        if value.numerator.bit_length() + value.denominator.bit_length() > LONG:
            value = _rounded(value)
        return self._term(("number", value), "number", (), True, value=value)

    def name(self, name: str, fixed: bool) -> Term:
        """Return a coordinate, or a parameter, which is ``fixed``."""
        return self._term(("name", name), "name", (), fixed, name=name)

    def raw(self, op: str, *operands: Term) -> Term:
        """Return an operation as it is, without a simplification."""
        if op in ("+", "*", "==", "!="):  # they give the same bits either way round
            first, second = operands
            operands = (first, second) if first.index <= second.index else (second, first)
        fixed = all(operand.fixed for operand in operands)
        return self._term((op, *(operand.index for operand in operands)), op, operands, fixed)

    def split(self, term: Term) -> Parts:
        """Return number, fixed part and rest of a term, of which it is the product."""
        if term.value is not None:
            return term.value, None, None
        if term.op == "*":
            front, rest = sorted(term.operands, key=lambda operand: (not operand.fixed, operand.value is None))
            if front.value is not None:
                return (front.value, rest, None) if term.fixed else (front.value, None, rest)
            if front.fixed and not rest.fixed:
                return *self.split(front)[:2], rest
        return (Fraction(1), term, None) if term.fixed else (Fraction(1), None, term)

    def _joined(self, value: Fraction, fixed: Term | None, rest: Term | None) -> Term:
        if value == 0:
            return self.zero
        front = fixed if value == 1 else self.number(value)
        if fixed is not None and value != 1:
            front = self.raw("*", self.number(value), fixed)
        if front is None or rest is None:
            return front or rest or self.one
        return self.raw("*", front, rest)

    def _times(self, one: Term | None, other: Term | None) -> Term | None:
        if one is None or other is None:
            return other if one is None else one
        return self.raw("*", one, other)

    def mul(self, one: Term, other: Term) -> Term:
        """Return a product."""
        (value, fixed, rest), (factor, steady, others) = self.split(one), self.split(other)
        return self._joined(value * factor, self._times(fixed, steady), self._times(rest, others))

    def div(self, one: Term, other: Term) -> Term:
        """Return a quotient; a quotient of two numbers is one number."""
        (value, fixed, rest), (divisor, steady, others) = self.split(one), self.split(other)
        if divisor == 0:
            raise InputError(f"{self._what}: divides by zero; correct it")
        if one is other:
            return self.one
        return self._joined(value / divisor, self._over(fixed, steady), self._over(rest, others))

    def _over(self, one: Term | None, other: Term | None) -> Term | None:
        if other is None or one is other:
            return one if other is None else None
        return self.raw("/", self.one if one is None else one, other)

    def neg(self, term: Term) -> Term:
        """Return minus a term."""
        return self.mul(self.number(-1), term)

    def add(self, one: Term, other: Term) -> Term:
        """Return a sum; multiples of the same term are one multiple."""
        if one.is_zero or other.is_zero:
            return other if one.is_zero else one
        (value, *body), (factor, *others) = self.split(one), self.split(other)
        if body == others:
            return self._joined(value + factor, *body)
        return self.raw("+", one, other)

    def sub(self, one: Term, other: Term) -> Term:
        """Return a difference."""
        return self.add(one, self.neg(other))

    def sum(self, *terms: Term) -> Term:
        """Return a sum, from left to right."""
        total = self.zero
        for term in terms:
            total = self.add(total, term)
        return total

    def power(self, base: Term, exponent: int) -> Term:
        """Return a whole power, by repeated squaring."""
        if abs(exponent) > MAX_POWER:
            raise InputError(f"{self._what}: a power of {exponent} is too large; use at most {MAX_POWER}")
        if exponent < 0:
            return self.div(self.one, self.power(base, -exponent))
        result, square = self.one, base
        while exponent:
            if exponent & 1:
                result = self.mul(result, square)
            exponent >>= 1
            if exponent:
                square = self.mul(square, square)
        return result

    def call(self, function: str, *operands: Term) -> Term:
        """Return a function of terms."""
        return self.raw(function, *operands)

    def select(self, condition: Term, yes: Term, no: Term) -> Term:
        """Return ``yes`` where the condition holds, else ``no``; within them the condition needs no second look."""
        if yes.op == "select" and yes.operands[0] is condition:
            yes = yes.operands[1]
        if no.op == "select" and no.operands[0] is condition:
            no = no.operands[2]
        return yes if yes is no else self.raw("select", condition, yes, no)


def reachable(*tops: Term) -> list[Term]:
    """Return all terms of which ``tops`` are made, operands first."""
    found: dict[int, Term] = {}
    waiting = list(tops)
    while waiting:
        term = waiting.pop()
        if term.index not in found:
            found[term.index] = term
            waiting += term.operands
    return [found[index] for index in sorted(found)]


def depends(term: Term, name: str) -> bool:
    """Tell whether a coordinate or parameter occurs in a term."""
    return any(part.name == name for part in reachable(term))


def dependents(parts: Iterable[Term], names: Iterable[Term]) -> set[int]:
    """Return the indices of ``parts``, operands first, in which one of ``names`` occurs."""
    found = {name.index for name in names}
    for part in parts:
        if any(operand.index in found for operand in part.operands):
            found.add(part.index)
    return found


def factors(term: Term) -> dict[Term, int]:
    """Return the terms of which a product is made, and how often each occurs; the term itself if it is none."""
    found: dict[Term, int] = {}
    times: Counter[int] = Counter({term.index: 1})
    waiting = [(-term.index, term)]
    while waiting:  # each product before its operands, so that all its occurrences are counted by then
        _, part = heapq.heappop(waiting)
        if part.op != "*":
            found[part] = times[part.index]
            continue
        for operand in part.operands:
            if operand.index not in times:
                heapq.heappush(waiting, (-operand.index, operand))
            times[operand.index] += times[part.index]
    return found


def _rounded(value: Fraction) -> Fraction:
    shift = KEPT - (value.numerator.bit_length() - value.denominator.bit_length())
    return Fraction(round(value * Fraction(2) ** shift)) / Fraction(2) ** shift


def _size(value: Fraction) -> str:
    exponent = math.log10(abs(value.numerator)) - math.log10(value.denominator)
    return f"1e{exponent:.0f}"

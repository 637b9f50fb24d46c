"""Exact quotients of a term by a coordinate: what a step multiplies the coordinate by is one minus eta times that."""

import random
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction

from eos_sweep.derivation.differentiate import TWO_OVER_ROOT_PI
from eos_sweep.derivation.graph import HUGE, MAX_POWER, TINY, Graph, Term, dependents, reachable

MAX_MONOMIALS = 400
# Functions that are zero at zero, and their slopes there.
SLOPES = {"sin": 1.0, "tan": 1.0, "arctan": 1.0, "sinh": 1.0, "tanh": 1.0, "expm1": 1.0, "log1p": 1.0,
          "erf": TWO_OVER_ROOT_PI}  # fmt: skip
NEAR_ZERO = Fraction(1e-290)  # square of an argument at which a function is its slope times the argument
PRIME = 2**127 - 1  # of the residues by which it is told whether an expansion is worth while
Monomial = tuple[tuple[int, int], ...]  # index of a name or of another term, and its power; sorted
Polynomial = dict[Monomial, Fraction]


def divided(g: Graph, term: Term, name: Term) -> Term | None:
    """Return ``term / name`` without a division; None if the coordinate is no factor of it, or it cannot be told."""
    return _by_form(g, term, name) or _by_monomials(g, term, name)


def _by_form(g: Graph, term: Term, name: Term) -> Term | None:
    """Take the coordinate out of each part of a sum, and out of one factor of a product."""
    quotients: dict[int, Term | None] = {}
    for part in reachable(term):
        quotients[part.index] = _taken_out(g, part, name, quotients)
    return quotients[term.index]


def _taken_out(g: Graph, term: Term, name: Term, known: dict[int, Term | None]) -> Term | None:
    if term is name:
        return g.one
    if term.is_zero:
        return g.zero
    found = [known[operand.index] for operand in term.operands]
    if term.op == "*":
        for k, quotient in enumerate(found):
            if quotient is not None:
                return g.mul(quotient, term.operands[1 - k])
    if term.op == "/" and found[0] is not None:
        return g.div(found[0], term.operands[1])
    if term.op == "+" and found[0] is not None and found[1] is not None:
        return g.add(found[0], found[1])
    if term.op == "select" and found[1] is not None and found[2] is not None:
        return g.select(term.operands[0], found[1], found[2])
    if term.op in SLOPES and found[0] is not None:
        return g.mul(found[0], _by_argument(g, term))
    return None


def _by_argument(g: Graph, term: Term) -> Term:
    """Return f(u)/u of a function that is zero at zero."""
    (argument,) = term.operands
    near = g.raw("<", g.mul(argument, argument), g.number(NEAR_ZERO))
    return g.select(near, g.number(Fraction(SLOPES[term.op])), g.div(term, g.select(near, g.one, argument)))


def _by_monomials(g: Graph, term: Term, name: Term) -> Term | None:
    """Expand a polynomial and take the coordinate out of each monomial."""
    parts = reachable(term)
    touched = dependents(parts, [name])
    if _residue_without(parts, name, touched) != 0:
        return None
    polynomial = _expanded(parts, touched)
    if polynomial is None or not all(_is_taken(value, monomial, name) for monomial, value in polynomial.items()):
        return None
    terms = {part.index: part for part in parts}
    total = g.zero
    for monomial, value in sorted(polynomial.items()):
        product = g.number(value)
        for index, power in monomial:
            product = g.mul(product, g.power(terms[index], power - (index == name.index)))
        total = g.add(total, product)
    return total


def _is_taken(value: Fraction, monomial: Monomial, name: Term) -> bool:
    """Tell whether a coordinate is a factor of a monomial that can be written down."""
    powers = dict(monomial)
    return name.index in powers and TINY <= abs(value) <= HUGE and max(powers.values()) <= MAX_POWER


def _residue_without(parts: Sequence[Term], name: Term, touched: Collection[int]) -> int | None:
    """Return the last part modulo PRIME where the coordinate is zero; None if it is no polynomial in the coordinate.

    Other names and parts without the coordinate are drawn at random.  If the coordinate is a factor, it is zero.
    """
    draw = random.Random(0)
    found: dict[int, int | None] = {name.index: 0}
    for part in parts:
        if part.value is not None and part.value.denominator % PRIME:
            found[part.index] = part.value.numerator * pow(part.value.denominator, -1, PRIME) % PRIME
        elif part.op in COMBINED:
            one, other = (found[operand.index] for operand in part.operands)
            if one is None or other is None:
                found[part.index] = None
            else:
                found[part.index] = (one + other if part.op == "+" else one * other) % PRIME
        elif part is not name:
            found[part.index] = None if part.index in touched else draw.randrange(PRIME)
    return found[parts[-1].index]


def _expanded(parts: Sequence[Term], touched: Collection[int]) -> Polynomial | None:
    """Return the last part as a polynomial in names and in parts without the coordinate; None if it is too long.

    Parts in ``touched`` have the coordinate.
    """
    found: dict[int, Polynomial | None] = {}
    for part in parts:
        operands = [found[operand.index] for operand in part.operands]
        found[part.index] = _combined(part, operands, touched)
    return found[parts[-1].index]


def _combined(part: Term, operands: list[Polynomial | None], touched: Collection[int]) -> Polynomial | None:
    if part.value is not None:
        return {(): part.value} if part.value else {}
    if part.op in COMBINED and not any(operand is None for operand in operands):
        first, second = (operand or {} for operand in operands)
        return COMBINED[part.op](first, second)
    if part.op == "name" or part.index not in touched:
        return {((part.index, 1),): Fraction(1)}
    return None


def _sum(one: Polynomial, other: Polynomial) -> Polynomial | None:
    total = defaultdict(Fraction, one)
    for monomial, value in other.items():
        total[monomial] += value
    return _bounded({monomial: value for monomial, value in total.items() if value})


def _product(one: Polynomial, other: Polynomial) -> Polynomial | None:
    if len(one) * len(other) > MAX_MONOMIALS**2 // 16:
        return None
    total: dict[Monomial, Fraction] = defaultdict(Fraction)
    for left, value in one.items():
        for right, factor in other.items():
            powers: dict[int, int] = defaultdict(int)
            for index, power in (*left, *right):
                powers[index] += power
            total[tuple(sorted(powers.items()))] += value * factor
    return _bounded({monomial: value for monomial, value in total.items() if value})


def _bounded(polynomial: Polynomial) -> Polynomial | None:
    return polynomial if len(polynomial) <= MAX_MONOMIALS else None


COMBINED: dict[str, Callable[[Polynomial, Polynomial], Polynomial | None]] = {"+": _sum, "*": _product}

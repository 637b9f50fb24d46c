"""The rounding errors of a term: what its doubles lack of the exact value, to first order.

A sum, a product, a quotient and a root give their own errors exactly; functions are taken as they are.
"""

from fractions import Fraction

from eos_sweep.derivation.graph import Graph, Term, reachable


def rounding_error(g: Graph, term: Term) -> Term:
    """Return the exact value of ``term`` minus the double that is computed for it; zero where that is exact."""
    errors: dict[int, Term] = {}
    for part in reachable(term):
        errors[part.index] = _error(g, part, errors)
    return errors[term.index]


def _error(g: Graph, term: Term, errors: dict[int, Term]) -> Term:
    inherited = [errors[operand.index] for operand in term.operands]
    if term.op == "+":
        return g.sum(g.raw("sum_residual", *term.operands, term), *inherited)
    if term.op == "*":
        return _of_product(g, term, inherited)
    if term.op == "/":
        one, other = term.operands
        lacking = g.sub(g.sub(inherited[0], g.mul(term, inherited[1])), g.raw("residual", term, other, one))
        return g.div(lacking, other)
    if term.op == "sqrt":
        rest = g.sub(inherited[0], g.raw("residual", term, term, term.operands[0]))
        above = g.raw(">", term, g.zero)
        return g.select(above, g.div(rest, g.select(above, g.mul(g.number(2), term), g.one)), g.zero)
    if term.op == "select":
        return g.select(term.operands[0], inherited[1], inherited[2])
    return g.zero


def _of_product(g: Graph, term: Term, inherited: list[Term]) -> Term:
    (one, other), (of_one, of_other) = term.operands, inherited
    number = one.value if one.value is not None else other.value
    exact = number is not None and _is_power_of_two(abs(number))
    own = g.zero if exact else g.raw("residual", one, other, term)
    return g.sum(own, g.mul(of_one, other), g.mul(one, of_other))


def _is_power_of_two(number: Fraction) -> bool:
    numerator, denominator = number.numerator, number.denominator
    return numerator & (numerator - 1) == 0 and denominator & (denominator - 1) == 0

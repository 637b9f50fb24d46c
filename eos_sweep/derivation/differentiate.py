"""Derivatives in reverse: one pass over the graph gives those by all names at once."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from eos_sweep.derivation.graph import Graph, Term, dependents, reachable
from eos_sweep.functions.draws import DRAWS

Rule = Callable[[Graph, Term, Term], Term]  # (graph, argument, value) -> derivative of a function of one argument
# Terms that do not change with what they are made of, or change by jumps: their derivatives are zero.
CONSTANT = {"number", "name", "<", "<=", ">", ">=", "==", "!=", "and", "or", "not", *(draw.__name__ for draw in DRAWS)}
LN10, TWO_OVER_ROOT_PI = 2.302585092994046, 1.1283791670955126


def _constant(value: float) -> Fraction:
    return Fraction(value)


def _bell(g: Graph, x: Term) -> Term:
    """Return the derivative of erf."""
    return g.mul(g.number(_constant(TWO_OVER_ROOT_PI)), g.call("exp", g.neg(g.mul(x, x))))


def _root_slope(g: Graph, x: Term, y: Term) -> Term:
    return g.div(g.number(Fraction(1, 2)), y)


RULES: dict[str, Rule] = {
    "sqrt": _root_slope,
    "exp": lambda g, x, y: y,
    "expm1": lambda g, x, y: g.call("exp", x),
    "log": lambda g, x, y: g.div(g.one, x),
    "log1p": lambda g, x, y: g.div(g.one, g.add(g.one, x)),
    "log10": lambda g, x, y: g.div(g.number(1 / _constant(LN10)), x),
    "sin": lambda g, x, y: g.call("cos", x),
    "cos": lambda g, x, y: g.neg(g.call("sin", x)),
    "tan": lambda g, x, y: g.add(g.one, g.mul(y, y)),
    "sinh": lambda g, x, y: g.call("cosh", x),
    "cosh": lambda g, x, y: g.call("sinh", x),
    "tanh": lambda g, x, y: g.call("sech2", x),
    "sech2": lambda g, x, y: g.mul(g.number(-2), g.mul(g.call("tanh", x), y)),
    "arctan": lambda g, x, y: g.div(g.one, g.add(g.one, g.mul(x, x))),
    "erf": lambda g, x, y: _bell(g, x),
    "erfc": lambda g, x, y: g.neg(_bell(g, x)),
    "normal_distribution": lambda g, x, y: g.call("normal_density", x),
    "normal_density": lambda g, x, y: g.neg(g.mul(x, y)),
    "sigmoid": lambda g, x, y: g.mul(y, g.call("sigmoid", g.neg(x))),
    "softplus": lambda g, x, y: g.call("sigmoid", x),
    "log_cosh": lambda g, x, y: g.call("tanh", x),
}


def partials(g: Graph, term: Term) -> list[tuple[Term, Term]]:
    """Return the operands of a term, each with the derivative of the term by it."""
    if term.op in CONSTANT:
        return []
    if term.op == "+":
        return [(operand, g.one) for operand in term.operands]
    if term.op == "*":
        one, other = term.operands
        return [(one, other), (other, one)]
    if term.op == "/":
        one, other = term.operands
        return [(one, g.div(g.one, other)), (other, g.neg(g.div(term, other)))]
    if term.op == "select":
        condition, yes, no = term.operands
        return [(yes, g.select(condition, g.one, g.zero)), (no, g.select(condition, g.zero, g.one))]
    if term.op == "real_power":
        base, exponent = term.operands
        slope = g.mul(exponent, _lower_power(g, base, g.sub(exponent, g.one)))
        return [(base, slope), (exponent, g.mul(term, g.call("log", base)))]
    (operand,) = term.operands
    return [(operand, RULES[term.op](g, operand, term))]


def _lower_power(g: Graph, base: Term, exponent: Term) -> Term:
    return g.call("sqrt", base) if exponent.value == Fraction(1, 2) else g.call("real_power", base, exponent)


def gradient(g: Graph, term: Term, by: Sequence[Term]) -> list[Term]:
    """Return the derivatives of ``term`` by the names ``by``."""
    order = reachable(term)
    touched = dependents(order, by)  # the others need no derivative
    slopes = {term.index: g.one}
    for part in reversed(order):
        slope = slopes.get(part.index)
        if slope is None or slope.is_zero or part.index not in touched:
            continue
        for operand, partial in partials(g, part):
            if operand.index in touched:
                told = _chosen(g, slope, partial)
                slopes[operand.index] = _together(g, slopes.get(operand.index, g.zero), told)
    return [slopes.get(name.index, g.zero) for name in by]


def _chosen(g: Graph, slope: Term, partial: Term) -> Term:
    """Return the product of two derivatives; on the other side of a piecewise function it is zero, not zero times.

    There a factor may be no number, as the derivative of a root is of a negative number.
    """
    for chosen, factor in ((slope, partial), (partial, slope)):
        if _may_be_zero(chosen):
            condition, yes, no = chosen.operands
            return g.select(condition, _times(g, yes, factor), _times(g, no, factor))
    return g.mul(slope, partial)


def _may_be_zero(term: Term) -> bool:
    """Tell whether a term is zero on a side of a piecewise function, or on a side of a side."""
    waiting = [term] if term.op == "select" else []
    while waiting:
        sides = waiting.pop().operands[1:]
        if any(side.is_zero for side in sides):
            return True
        waiting += [side for side in sides if side.op == "select"]
    return False


def _times(g: Graph, one: Term, factor: Term) -> Term:
    return g.zero if one.is_zero else _chosen(g, one, factor)


def _together(g: Graph, one: Term, other: Term) -> Term:
    """Return a sum; choices by one condition stay one choice."""
    if one.op == other.op == "select" and one.operands[0] is other.operands[0]:
        condition, yes, no = one.operands
        return g.select(condition, _together(g, yes, other.operands[1]), _together(g, no, other.operands[2]))
    return g.add(one, other)


def hessian(g: Graph, first: Sequence[Term], by: Sequence[Term]) -> list[list[Term]]:
    """Return the upper triangle of second derivatives, row by row, from the first ones."""
    return [gradient(g, slope, by[row:]) for row, slope in enumerate(first)]

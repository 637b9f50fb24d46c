"""The formula as a graph: its operations in terms of the few that can be differentiated and written down."""

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

from eos_sweep.derivation.graph import Graph, Term
from eos_sweep.errors import InputError
from eos_sweep.formulas.operations import CONDITIONS
from eos_sweep.formulas.tree import Call, Name, Node, Number, walk

RENAMED = {"normal_cdf": "normal_distribution"}
Place = tuple[str, int]  # a function in a formula, and where it begins, from 0
VALUES = {"pi": math.pi, "e": math.e}


def translate(
    g: Graph, tree: Node, names: Mapping[str, Term], what: str, places: dict[int, Place] | None = None
) -> Term:
    """Return the term of a formula.

    Parameters
    ----------
    g
        The graph that the term becomes a part of.
    tree
        The formula.
    names
        The term that each name in the formula stands for.
    what
        Names the formula in errors.
    places
        Gets, for the index of each comparison, the function in which it stands, and where that is in the formula.

    Raises
    ------
    InputError
        If a constant cannot be a double, or a part divides by zero.
    """
    found: dict[int, Term] = {}
    for node in walk(tree):
        if isinstance(node, Number):
            found[id(node)] = g.number(node.value)
        elif isinstance(node, Name):
            value = VALUES.get(node.name)
            found[id(node)] = names[node.name] if value is None else g.number(Fraction(value))
        else:
            operands = [found[id(operand)] for operand in node.operands]
            found[id(node)] = _applied(g, node, operands, what)
            if places is not None and node.function in PIECEWISE:
                _note(found[id(node)], node, places)
    return found[id(tree)]


def _note(term: Term, node: Call, places: dict[int, Place]) -> None:
    """Remember where the comparisons of a piecewise function come from; of equal ones the first counts."""
    waiting = [term]
    while waiting:
        part = waiting.pop()
        if part.op in COMPARISONS:
            places.setdefault(part.index, (node.function, node.at))
        elif part.op in LOGIC:
            waiting += part.operands
        elif part.op == "select":
            waiting.append(part.operands[0])
            waiting += [one for one in part.operands[1:] if node.function == "sign" and one.op == "select"]


def _applied(g: Graph, node: Call, operands: list[Term], what: str) -> Term:
    name = node.function
    if name in CONDITIONS:
        return g.raw(name, *operands)
    if name in BUILT:
        return BUILT[name](g, *operands)
    if name == "**":
        base, exponent = operands
        return _power(g, base, exponent, node, what)
    (argument,) = operands
    if argument.value is not None and name in AT_NUMBERS:
        value = _at(name, argument.value)
        if not math.isfinite(value):
            raise InputError(
                f"{what}: {name}({float(argument.value):g}) at column {node.at + 1} is no number; correct it"
            )
        return g.number(Fraction(value))
    return g.call(RENAMED.get(name, name), argument)


def _power(g: Graph, base: Term, exponent: Term, node: Call, what: str) -> Term:
    """Return a power: a whole one by products, others for a base that is not negative."""
    power = exponent.value
    is_whole = power is not None and power.denominator == 1
    if base.value is not None and not is_whole and (base.value < 0 or (base.value == 0 and power is None)):
        raise InputError(
            f"{what}: a power of {float(base.value):g} at column {node.at + 1} is no number; use a base above zero, or "
            "a whole exponent"
        )
    if power is None:
        return g.call("real_power", base, exponent)
    if base.value == 0 and power < 0:
        raise InputError(f"{what}: divides by zero, in the power at column {node.at + 1}; correct it")
    if power.denominator == 1:
        return g.power(base, int(power))
    return g.call("sqrt", base) if power == Fraction(1, 2) else g.call("real_power", base, exponent)


def _absolute(g: Graph, x: Term) -> Term:
    return g.select(g.raw("<", x, g.zero), g.neg(x), x)


def _smaller(g: Graph, one: Term, other: Term) -> Term:
    return g.select(g.raw("<", one, other), one, other)


def _larger(g: Graph, one: Term, other: Term) -> Term:
    return g.select(g.raw(">", one, other), one, other)


def _sign(g: Graph, x: Term) -> Term:
    negative = g.select(g.raw("<", x, g.zero), g.number(-1), g.zero)
    return g.select(g.raw(">", x, g.zero), g.one, negative)


def _relu(g: Graph, x: Term) -> Term:
    return g.select(g.raw(">", x, g.zero), x, g.zero)


BUILT: dict[str, Callable[..., Term]] = {
    "+": Graph.add, "-": Graph.sub, "*": Graph.mul, "/": Graph.div, "negative": Graph.neg, "select": Graph.select,
    "min": _smaller, "max": _larger, "sign": _sign, "relu": _relu, "abs": _absolute,
}  # fmt: skip
COMPARISONS, LOGIC = ("<", "<=", ">", ">=", "==", "!="), ("and", "or", "not")
PIECEWISE = "abs", "sign", "relu", "min", "max", "select"
AT_NUMBERS: Collection[str] = (
    "sqrt", "exp", "expm1", "log", "log1p", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc"
)  # fmt: skip


def _at(name: str, value: Fraction) -> float:
    """Return a function of a number, NaN where it has no value or overflows."""
    try:
        return float(getattr(math, name)(float(value)))
    except (ValueError, OverflowError):
        return math.nan

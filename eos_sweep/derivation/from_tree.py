"""The formula as a graph: its operations in terms of the few that can be differentiated and written down."""

import math
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction

from eos_sweep.derivation.graph import MAX_POWER, Graph, Term, factors, reachable
from eos_sweep.errors import InputError
from eos_sweep.formulas.operations import CONDITIONS, CONSTANTS
from eos_sweep.formulas.tree import Call, Name, Node, Number, walk

RENAMED = {"normal_cdf": "normal_distribution"}
Place = tuple[str, int]  # a function in a formula, and where it begins, from 0
VALUES = {name: value for name, value in CONSTANTS.items() if math.isfinite(value)}


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
            elif places is not None and node.function in ("sqrt", "**") and _root(g, operands[0]):
                for part in reachable(found[id(node)]):
                    if part.op in COMPARISONS:
                        places.setdefault(part.index, (node.function, node.at))
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
    if name == "sqrt" and argument.value is None:
        return _real_power(g, argument, Fraction(1, 2))
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
    return _real_power(g, base, power)


def _real_power(g: Graph, base: Term, power: Fraction) -> Term:
    """Return a power that is not whole; of a square it is one of an absolute value, which has derivatives at zero."""
    root = _root(g, base)
    if root is None:
        return g.call("sqrt", base) if power == Fraction(1, 2) else g.call("real_power", base, g.number(power))
    front, inner = root
    twice, size = 2 * power, inner if _root(g, inner) else _absolute(g, inner)
    whole = g.power(inner if twice % 2 == 0 else size, int(twice)) if twice.denominator == 1 else None
    rest = _real_power(g, size, twice) if whole is None else whole
    return rest if front.value == 1 else g.mul(_real_power(g, front, power), rest)


def _root(g: Graph, base: Term) -> tuple[Term, Term] | None:
    """Return c and r of a base c r^2, where c depends on parameters alone; None if the base is no such product."""
    value, fixed, rest = g.split(base)
    if rest is None or value < 0:
        return None
    counted = factors(rest)
    if any(times % 2 or times > MAX_POWER for times in counted.values()):
        return None
    root = g.one
    for part, times in counted.items():
        root = g.mul(root, g.power(part, times // 2))
    return g.mul(g.number(value), g.one if fixed is None else fixed), root


# All of these compare with <, so that where two numbers are equal the pieces of several such functions fit together, as
# in relu(x) + log1p(exp(-abs(x))).


def _absolute(g: Graph, x: Term) -> Term:
    return g.select(g.raw("<", x, g.zero), g.neg(x), x)


def _smaller(g: Graph, one: Term, other: Term) -> Term:
    return g.select(g.raw("<", one, other), one, other)


def _larger(g: Graph, one: Term, other: Term) -> Term:
    return g.select(g.raw("<", one, other), other, one)


def _sign(g: Graph, x: Term) -> Term:
    negative = g.select(g.raw("<", x, g.zero), g.number(-1), g.zero)
    return g.select(g.raw(">", x, g.zero), g.one, negative)


def _relu(g: Graph, x: Term) -> Term:
    return g.select(g.raw("<", x, g.zero), g.zero, x)


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

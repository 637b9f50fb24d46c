"""The value of a tree at one point, in doubles, to compare with what a function returns there."""

import math
import operator

from eos_sweep.formulas.operations import CONSTANTS
from eos_sweep.formulas.tree import Name, Number, walk

OPERATIONS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
    "negative": operator.neg, "abs": abs, "min": min, "max": max, "relu": lambda x: max(x, 0.0),
    "select": lambda condition, yes, no: yes if condition else no, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "and": lambda a, b: a and b,
    "or": lambda a, b: a or b, "not": operator.not_,
}  # fmt: skip


def evaluate(tree, values):
    """Return the value of a tree; functions are those of :mod:`math`."""
    found = {}
    for part in walk(tree):
        if isinstance(part, Number):
            found[id(part)] = float(part.value)
        elif isinstance(part, Name):
            found[id(part)] = {**CONSTANTS, **values}[part.name]
        else:
            function = OPERATIONS.get(part.function) or getattr(math, part.function)
            found[id(part)] = function(*(found[id(operand)] for operand in part.operands))
    return found[id(tree)]

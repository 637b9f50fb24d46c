"""Terms in NumPy, to try them at points while a model is derived."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from eos_sweep import functions
from eos_sweep.derivation.graph import Term, reachable

OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": np.add, "*": np.multiply, "/": np.divide, "sqrt": np.sqrt, "select": np.where,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
}  # fmt: skip


def evaluate(term: Term, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the value of a term at points; ``values`` are those of its names."""
    return evaluate_all([term], values)[0]


def evaluate_all(
    terms: Sequence[Term], values: Mapping[str, np.ndarray], fixed: Mapping[int, np.ndarray] | None = None
) -> list[np.ndarray]:
    """Return the values of terms at points.

    Parameters
    ----------
    terms
        What is evaluated.
    values
        Name -> its value at each point.
    fixed
        Index of a term -> values that it has instead of its own.
    """
    found: dict[int, Any] = dict(fixed or {})
    with np.errstate(all="ignore"):
        for part in reachable(*terms):
            if part.index in found:
                continue
            if part.value is not None:
                found[part.index] = float(part.value)
            elif part.op == "name":
                found[part.index] = values[part.name]
            else:
                function = OPERATIONS.get(part.op) or getattr(functions, part.op)
                found[part.index] = function(*(found[operand.index] for operand in part.operands))
    return [np.asarray(found[term.index]) for term in terms]

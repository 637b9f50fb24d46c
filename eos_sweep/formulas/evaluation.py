"""The value of a tree in double precision, for checks and pictures; kernels have functions of their own."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from eos_sweep.errors import InputError, closest, named
from eos_sweep.formulas.tree import Call, Name, Node, Number, walk

CONSTANTS = {"pi": math.pi, "e": math.e, "inf": math.inf}


def evaluate(node: Node, values: Mapping[str, ArrayLike]) -> np.ndarray:
    """Return the value of a tree.

    Parameters
    ----------
    node
        A number, or a condition.
    values
        Numbers or arrays by name, of shapes that broadcast.

    Returns
    -------
    ndarray
        float64, or bool for a condition.  Where a function has no value it is NaN or infinite, without a warning.

    Raises
    ------
    InputError
        If a name has no value.
    """
    parts = list(walk(node))
    uses = Counter(id(operand) for part in parts if isinstance(part, Call) for operand in part.operands)
    found: dict[int, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for part in parts:
            found[id(part)] = _value(part, found, values)
            for operand in part.operands if isinstance(part, Call) else ():
                uses[id(operand)] -= 1
                if not uses[id(operand)]:  # so that a long formula of large arrays holds few of them
                    del found[id(operand)]
    return found[id(node)]


def _value(part: Node, found: Mapping[int, np.ndarray], values: Mapping[str, ArrayLike]) -> np.ndarray:
    if isinstance(part, Number):
        return np.asarray(float(part.value))
    if isinstance(part, Name):
        if part.name not in values and part.name not in CONSTANTS:
            raise InputError(
                f"no value for {named(part.name)!r}; {closest(part.name, values) if values else 'give it'}"
            )
        return np.asarray(values[part.name] if part.name in values else CONSTANTS[part.name], dtype=np.float64)
    return np.asarray(FUNCTIONS[part.function](*(found[id(operand)] for operand in part.operands)))


def _elementwise(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    return np.vectorize(function, otypes=[np.float64])


_erf, _erfc = _elementwise(math.erf), _elementwise(math.erfc)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    small = np.exp(-np.abs(x))  # does not overflow
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def _log_cosh(x: np.ndarray) -> np.ndarray:
    """Return log cosh x; near zero from cosh x = 1 + 2 sinh(x/2)^2, which loses no digits there."""
    size = np.abs(x)
    near = np.log1p(2.0 * np.sinh(0.5 * np.minimum(size, 1.0)) ** 2)
    return np.where(size < 1.0, near, size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0))


FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.float_power, "negative": np.negative,
    "sqrt": np.sqrt, "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "log10": np.log10,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "arctan": np.arctan, "erf": _erf, "erfc": _erfc, "normal_cdf": lambda x: 0.5 * _erfc(-x / math.sqrt(2.0)),
    "sigmoid": _sigmoid, "softplus": lambda x: np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))),
    "log_cosh": _log_cosh, "relu": lambda x: np.maximum(x, 0.0), "abs": np.abs, "sign": np.sign,
    "min": np.minimum, "max": np.maximum, "select": np.where,
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
}  # fmt: skip

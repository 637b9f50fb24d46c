"""Numbers and conditions that record what is done with them, and NumPy arrays of them."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any, NoReturn

import numpy as np

from eos_sweep.errors import InputError, closest, named, short
from eos_sweep.formulas import operations
from eos_sweep.formulas.grammar import is_condition
from eos_sweep.formulas.parts import MAX_NODES, Parts
from eos_sweep.formulas.tree import Node

# A ufunc's name, and the operation that it is.  Some are SciPy's.
UFUNCS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "**", "float_power": "**",
    "negative": "negative", "absolute": "abs", "fabs": "abs", "maximum": "max", "minimum": "min", "fmax": "max",
    "fmin": "min", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==",
    "not_equal": "!=", "logical_and": "and", "bitwise_and": "and", "logical_or": "or", "bitwise_or": "or",
    "logical_not": "not", "invert": "not", "expit": "sigmoid", "ndtr": "normal_cdf",
} | {name: name for name, count in operations.FUNCTIONS.items() if count == 1 and name != "abs"}  # fmt: skip
# Ufuncs that consist of operations.
COMPOSED: dict[str, Callable[..., Any]] = {
    "positive": lambda x: x,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "logaddexp": lambda x, y: (
        apply("+", x, apply("softplus", y - x)) if isinstance(x, Recorded) or x else apply("softplus", y)
    ),
}
BINARY = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "and": "and", "or": "or",
}  # fmt: skip
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
UNARY = {"__neg__": "negative", "__abs__": "abs", "__invert__": "not"}
# Ufuncs whose reduction goes from the first element to the last, and the options of it that change nothing.
REDUCED = (
    "add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logical_and", "logical_or", "bitwise_and",
    "bitwise_or",
)  # fmt: skip
USUAL = {"keepdims": False, "where": True, "initial": None}
WHERE = "np.where(condition, yes, no)"


class Recorded:
    """A number or a condition of a function that is recorded.  Its operators are set below, from the tables above.

    Parameters
    ----------
    node
        Its tree.
    parts
        Makes the parts of the function's tree.
    """

    __slots__ = ("node", "parts")

    def __init__(self, node: Node, parts: Parts):
        self.node = node
        self.parts = parts

    def __pos__(self) -> "Recorded":
        """Return the number itself."""
        return self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Record a function of NumPy."""
        return _ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable, types: Any, inputs: tuple, options: dict) -> Any:
        """Record ``np.where`` or ``np.clip``."""
        if function in FUNCTIONS:
            return FUNCTIONS[function](*inputs, **options)
        name = function.__name__
        raise InputError(f"the function uses np.{name} on a number; there are: np.where, np.clip, np.tanh and the like")

    def __bool__(self) -> NoReturn:
        """Refuse ``if``, ``and``, ``or``, ``not``, ``min`` and ``max``."""
        raise InputError(
            "the function asks whether a condition holds before its arguments have values; instead of if, min and max"
            f" use {WHERE}, np.minimum and np.maximum, and join conditions by & and |"
        )

    def __float__(self) -> NoReturn:
        """Refuse ``float(x)``, ``int(x)`` and the functions of ``math``."""
        raise InputError(
            "the function asks for the value of an argument, by float, int, math.* or the like; use NumPy's functions,"
            " such as np.tanh"
        )

    __int__ = __index__ = __complex__ = __round__ = __trunc__ = __floor__ = __ceil__ = __float__


class RecordedArray(np.ndarray):
    """An array of recorded numbers: what is done with it is done with each of them."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Record a function of NumPy."""
        return _ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Callable, types: Any, inputs: Any, options: Any) -> Any:
        """Record ``np.where`` or ``np.clip``; other functions do what they do with any array."""
        if function in FUNCTIONS:
            return FUNCTIONS[function](*inputs, **options)
        return super().__array_function__(function, types, inputs, options)


def apply(function: str, *operands: Any) -> Recorded:
    """Return an operation of :mod:`eos_sweep.formulas.operations` on numbers, at least one of which is recorded."""
    parts = next(operand.parts for operand in operands if isinstance(operand, Recorded))
    nodes = [
        _node(operand, parts, function, function in ("and", "or", "not") or (function == "select" and place == 0))
        for place, operand in enumerate(operands)
    ]
    return Recorded(parts.call(function, *nodes), parts)


def _node(value: Any, parts: Parts, function: str, condition: bool) -> Node:
    """Return the tree of an operand."""
    if isinstance(value, Recorded):
        if value.parts is not parts:
            raise InputError("the function uses a value of another call; use its arguments only")
        if is_condition(value.node) != condition:
            found, remedy = ("a number", "compare it, such as x > 0") if condition else ("a condition", f"use {WHERE}")
            raise InputError(f"the function applies {function} to {found}; {remedy}")
        return value.node
    if isinstance(value, bool | np.bool_) or condition:
        raise InputError(f"the function applies {function} to the constant {short(value)}; use conditions of arguments")
    if not isinstance(value, int | float | np.integer | np.floating):
        raise InputError(f"the function applies {function} to {short(value)}; use real numbers")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise InputError(f"the function applies {function} to {short(value)}; use finite numbers")
    return parts.number(Fraction(int(value)) if isinstance(value, int | np.integer) else Fraction(number))


def _call(name: str, operands: tuple) -> Any:
    """Return a ufunc of numbers."""
    if not any(isinstance(operand, Recorded) for operand in operands):
        return getattr(np, name)(*operands)
    return apply(UFUNCS[name], *operands) if name in UFUNCS else COMPOSED[name](*operands)


def _each(operation: Callable[..., Any], *inputs: Any) -> Any:
    """Return an operation on each element of the inputs, broadcast; on the inputs if none is an array."""
    if not any(isinstance(value, np.ndarray) for value in inputs):
        return operation(*inputs)
    arrays = np.broadcast_arrays(*map(_plain, inputs))
    if arrays[0].size > MAX_NODES:
        raise InputError(
            f"the function computes with an array of {arrays[0].size} numbers; use at most {MAX_NODES}, or the array"
            " models for larger data: tanh_net, relu, linear_net_full"
        )
    out = np.empty(arrays[0].shape, dtype=object)
    for place in np.ndindex(out.shape):
        out[place] = operation(*(array[place] for array in arrays))
    return _wrapped(out)


def _plain(value: Any) -> np.ndarray:
    """Return an array of NumPy's own kind."""
    if isinstance(value, Recorded):
        box = np.empty((), dtype=object)
        box[()] = value
        return box
    return np.asarray(value).view(np.ndarray)


def _wrapped(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object:
        return value[()] if value.ndim == 0 else value.view(RecordedArray)
    return value


def _ufunc(ufunc: np.ufunc, method: str, inputs: tuple, options: dict) -> Any:
    name = ufunc.__name__
    if options.get("out") is not None:
        return _in_place(ufunc, method, inputs, options)
    if name not in _KNOWN:
        raise InputError(f"the function uses {named(name)}, which no formula has; {closest(name, _KNOWN)}")
    if method == "__call__" and not options:
        if name == "matmul":
            return _wrapped(ufunc(*map(_plain, inputs)))
        return _each(lambda *operands: _call(name, operands), *inputs)
    if method == "reduce" and name in REDUCED:
        return _reduced(ufunc, _plain(inputs[0]), **options)
    raise InputError(f"the function uses np.{name} with {named(', '.join(options) or method)}; use it on numbers only")


def _in_place(ufunc: np.ufunc, method: str, inputs: tuple, options: dict) -> Any:
    """Change an array that can hold recorded numbers, as ``np.mean`` does with its own."""
    (out,) = options["out"]
    if not isinstance(out, np.ndarray) or out.dtype != object:
        raise InputError("the function changes an array of numbers in place; write a = a + b instead of a += b")
    left = {name: value for name, value in options.items() if name not in ("out", "casting", "subok")}
    out.view(np.ndarray)[...] = _plain(_ufunc(ufunc, method, inputs, left))
    return out


def _reduced(ufunc: np.ufunc, array: np.ndarray, axis: Any = 0, **options: Any) -> Any:
    """Return a sum, a product, the smallest or the largest, from the first element to the last."""
    for option, value in options.items():
        if not _is_usual(ufunc, option, value):
            raise InputError(
                f"the function uses np.{ufunc.__name__}.reduce, as np.sum and the like do, with {option} ="
                f" {short(value)}; leave {option} out, and choose elements as in x[mask]"
            )
    if isinstance(axis, bool) or not (axis is None or isinstance(axis, int | np.integer)) or array.size == 0:
        raise InputError(
            f"the function uses np.{ufunc.__name__} on a shape or axis that is not supported; give one axis or none,"
            " of an array with numbers"
        )
    rows = array.ravel() if axis is None else np.moveaxis(array, axis, 0)
    return reduce(ufunc, map(_wrapped, rows))


def _is_usual(ufunc: np.ufunc, option: str, value: Any) -> bool:
    """Tell whether an option of a reduction changes nothing."""
    if option == "dtype":
        kinds = (np.bool_,) if ufunc.__name__.startswith("logical") else (np.object_, np.float64)
        return value is None or np.dtype(value).type in kinds
    return value is USUAL.get(option, ())


def _where(condition: Any, *values: Any) -> Any:
    if len(values) != 2:
        raise InputError(f"the function uses np.where without values; use {WHERE}")
    return _each(_select, condition, *values)


def _select(condition: Any, yes: Any, no: Any) -> Any:
    if isinstance(condition, bool | np.bool_):  # a mask of data
        return yes if condition else no
    return apply("select", condition, yes, no)


def _clip(values: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Any:
    least, most = options.pop("min", a_min), options.pop("max", a_max)
    if options:
        raise InputError(f"the function uses np.clip with {named(', '.join(options))}; use np.clip(x, least, most)")
    values = values if least is None else np.maximum(values, least)
    return values if most is None else np.minimum(values, most)


FUNCTIONS: dict[Any, Callable[..., Any]] = {np.where: _where, np.clip: _clip}
_KNOWN = [*UFUNCS, *COMPOSED, "matmul"]


def _operator(function: str, reflected: bool = False) -> Callable[..., Any]:
    def operator(*operands: Any) -> Any:
        ordered = operands[::-1] if reflected else operands
        return _each(lambda *numbers: apply(function, *numbers), *ordered)

    return operator


for _name, _function in BINARY.items():
    setattr(Recorded, f"__{_name}__", _operator(_function))
    setattr(Recorded, f"__r{_name}__", _operator(_function, reflected=True))
for _name, _function in COMPARISONS.items():
    setattr(Recorded, f"__{_name}__", _operator(_function))
for _name, _function in UNARY.items():
    setattr(Recorded, _name, _operator(_function))
for _name, _function in UFUNCS.items():
    if operations.OPERATIONS[_function] == 1:  # NumPy calls them on the elements of its own arrays of objects
        setattr(Recorded, _name, _operator(_function))

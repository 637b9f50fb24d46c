"""Functions with Python's own loops over tuples of numbers, which a kernel gets unrolled.

Numba cannot index a tuple with the counter of a loop.  So a function marked with :func:`unrolled` is not compiled: when
a kernel that calls it is, the function itself runs once, on stand-ins for the numbers of one lane, and each operation
on them becomes an instruction of the kernel.  In NumPy and in exact arithmetic it is the plain function that it was.

Loops and tests of lengths are Python's.  Numbers may meet ``+ - * /``, ``abs``, ``np.sqrt``, comparisons, ``&``, ``|``,
constants, and functions of :mod:`eos_sweep.scalar` that consist of these.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numpy.lib.mixins import NDArrayOperatorsMixin

from eos_sweep.scalar import INLINE


def unrolled(function: Callable) -> Callable:
    """Let kernels call a function of numbers and of tuples of numbers, nested or not; return it as it is."""

    @intrinsic
    def run(typingctx, arguments):
        with np.errstate(all="ignore"):
            result = function(*_examples(arguments))

        def codegen(context, builder, signature, args):
            found = function(*_taken_apart(context, builder, arguments, args[0]))
            return _put_together(context, builder, signature.return_type, found)

        return _kind(result)(arguments), codegen

    @overload(function, jit_options=INLINE)
    def compiled(*arguments):
        return lambda *arguments: run(arguments)

    return function


class _Number(NDArrayOperatorsMixin):
    """A number, or the answer to a test, that a kernel has while it runs."""

    def __init__(self, builder: ir.IRBuilder, value: ir.Value) -> None:
        self._builder = builder
        self.value = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *operands: Any, **options: Any) -> Any:
        """Emit the instruction of a function of NumPy; operators and ``abs`` are such functions."""
        if method != "__call__" or options or ufunc not in INSTRUCTIONS:
            return NotImplemented
        return _Number(self._builder, INSTRUCTIONS[ufunc](self._builder, *map(_value, operands)))

    def __array_function__(self, function: Callable, kinds: Any, operands: Any, options: Any) -> Any:
        """Emit a choice for ``np.where``, which is what ``select`` calls."""
        if function is not np.where or options:
            return NotImplemented
        return _Number(self._builder, self._builder.select(*map(_value, operands)))

    def __bool__(self) -> bool:
        """Refuse: a kernel does not branch."""
        raise TypeError("an unrolled function tests a number with if, and, or, not; use select, & and |")


def _value(operand: Any) -> ir.Value:
    """Return the value of a number of the kernel, or a constant."""
    if isinstance(operand, _Number):
        return operand.value
    if isinstance(operand, bool | np.bool_):
        return ir.Constant(ir.IntType(1), int(operand))
    return ir.Constant(ir.DoubleType(), float(operand))


def _compared(sign: str) -> Callable[..., ir.Value]:
    return lambda builder, one, other: builder.fcmp_ordered(sign, one, other)


def _called(name: str) -> Callable[..., ir.Value]:
    def call(builder: ir.IRBuilder, *operands: ir.Value) -> ir.Value:
        return builder.call(builder.module.declare_intrinsic(name, [ir.DoubleType()]), operands)

    return call


INSTRUCTIONS: dict[np.ufunc, Callable[..., ir.Value]] = {
    np.add: ir.IRBuilder.fadd,
    np.subtract: ir.IRBuilder.fsub,
    np.multiply: ir.IRBuilder.fmul,
    np.true_divide: ir.IRBuilder.fdiv,
    np.negative: ir.IRBuilder.fneg,
    np.absolute: _called("llvm.fabs"),
    np.sqrt: _called("llvm.sqrt"),
    np.less: _compared("<"),
    np.less_equal: _compared("<="),
    np.greater: _compared(">"),
    np.greater_equal: _compared(">="),
    np.equal: _compared("=="),
    np.not_equal: lambda builder, one, other: builder.fcmp_unordered("!=", one, other),
    np.bitwise_and: ir.IRBuilder.and_,
    np.bitwise_or: ir.IRBuilder.or_,
}


def _examples(kind: types.Type) -> Any:
    """Return numbers in the shape of a type, with which a function shows the shape of its result."""
    if isinstance(kind, types.BaseTuple):
        return tuple(map(_examples, kind.types))
    return np.bool_(True) if kind == types.boolean else np.float64(1.0)


def _kind(result: Any) -> types.Type:
    """Return the type of a result: of a number, an answer, or a tuple of them."""
    if isinstance(result, tuple):
        return types.BaseTuple.from_types(tuple(map(_kind, result)))
    return types.boolean if np.asarray(result).dtype == np.bool_ else types.float64


def _taken_apart(context: Any, builder: ir.IRBuilder, kind: types.Type, value: ir.Value) -> Any:
    """Return the numbers in a value of a kernel."""
    if isinstance(kind, types.BaseTuple):
        parts = cgutils.unpack_tuple(builder, value, len(kind))
        return tuple(_taken_apart(context, builder, *part) for part in zip(kind.types, parts, strict=True))
    number = value if kind == types.boolean else context.cast(builder, value, kind, types.float64)
    return _Number(builder, number)


def _put_together(context: Any, builder: ir.IRBuilder, kind: types.Type, result: Any) -> ir.Value:
    """Return numbers as one value of a kernel."""
    if isinstance(kind, types.BaseTuple):
        parts = zip(kind.types, result, strict=True)
        return context.make_tuple(builder, kind, [_put_together(context, builder, *part) for part in parts])
    return _value(result)

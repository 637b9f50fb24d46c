"""Operations on the bits of integers and doubles: one number in a compiled kernel, an array in NumPy."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from eos_sweep.scalar import INLINE

_ROOT = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
_UP = 0x3FF0000000000000 - _ROOT  # to the bits of one
_MANTISSA = 0x000FFFFFFFFFFFFF  # the bits below the exponent
_INTEGER = 0x4330000000000000  # the bits of 2**52, whose lowest ones count integers


def population(bits):
    """Count the ones of an int64 that is not negative."""
    return np.bitwise_count(bits).astype(np.int64)


def lowest(bits):
    """Return the position of the lowest one of an int64, 64 if there is none."""
    return np.where(bits == 0, 64, np.bitwise_count((bits & -bits) - 1)).astype(np.int64)


def power(shifted):
    """Return 2**(n - 1023) for a double whose lowest bits are the integer n, 1 <= n <= 2046; zero for n = 0."""
    return (np.asarray(shifted).view(np.uint64) << 52).view(np.float64)


def exponent_of(number):
    """Return the integer k, as a double, with number = 2**k m and sqrt(1/2) <= m < sqrt(2), for a positive double.

    For other doubles it is any number.
    """
    biased = (np.abs(number).view(np.uint64) + _UP) >> 52
    return (biased | _INTEGER).view(np.float64) - (2.0**52 + 1023.0)


def mantissa_of(number):
    """Return the m of :func:`exponent_of`."""
    within = (np.abs(number).view(np.uint64) + _UP) & _MANTISSA
    return (within + _ROOT).view(np.float64)


@intrinsic
def _population(typingctx, bits):
    return types.int64(types.int64), lambda context, builder, signature, args: builder.ctpop(args[0])


@intrinsic
def _lowest(typingctx, bits):
    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), codegen


@intrinsic
def _power(typingctx, shifted):
    def codegen(context, builder, signature, args):
        integer = ir.IntType(64)
        exponent = builder.shl(builder.bitcast(args[0], integer), ir.Constant(integer, 52))
        return builder.bitcast(exponent, ir.DoubleType())

    return types.float64(types.float64), codegen


@intrinsic
def _exponent_of(typingctx, number):
    def codegen(context, builder, signature, args):
        integer, double = ir.IntType(64), ir.DoubleType()
        moved = builder.add(builder.bitcast(args[0], integer), ir.Constant(integer, _UP))
        biased = builder.lshr(moved, ir.Constant(integer, 52))
        counted = builder.bitcast(builder.or_(biased, ir.Constant(integer, _INTEGER)), double)
        return builder.fsub(counted, ir.Constant(double, 2.0**52 + 1023.0))

    return types.float64(types.float64), codegen


@intrinsic
def _mantissa_of(typingctx, number):
    def codegen(context, builder, signature, args):
        integer = ir.IntType(64)
        moved = builder.add(builder.bitcast(args[0], integer), ir.Constant(integer, _UP))
        within = builder.and_(moved, ir.Constant(integer, _MANTISSA))
        return builder.bitcast(builder.add(within, ir.Constant(integer, _ROOT)), ir.DoubleType())

    return types.float64(types.float64), codegen


@overload(population, jit_options=INLINE)
def _compiled_population(bits):
    return lambda bits: _population(bits)


@overload(lowest, jit_options=INLINE)
def _compiled_lowest(bits):
    return lambda bits: _lowest(bits)


@overload(power, jit_options=INLINE)
def _compiled_power(shifted):
    return lambda shifted: _power(shifted)


@overload(exponent_of, jit_options=INLINE)
def _compiled_exponent_of(number):
    return lambda number: _exponent_of(number)


@overload(mantissa_of, jit_options=INLINE)
def _compiled_mantissa_of(number):
    return lambda number: _mantissa_of(number)

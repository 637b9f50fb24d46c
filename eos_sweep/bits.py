"""Operations on the bits of integers and doubles: one number in a compiled kernel, an array in NumPy."""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload


def population(bits):
    """Count the ones of an int64 that is not negative."""
    return np.bitwise_count(bits).astype(np.int64)


def lowest(bits):
    """Return the position of the lowest one of an int64, 64 if there is none."""
    return np.where(bits == 0, 64, np.bitwise_count((bits & -bits) - 1)).astype(np.int64)


def power(shifted):
    """Return 2**(n - 1023) for a double whose lowest bits are the integer n, 1 <= n <= 2046; zero for n = 0."""
    return (np.asarray(shifted).view(np.uint64) << 52).view(np.float64)


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


@overload(population, jit_options={"forceinline": True})
def _compiled_population(bits):
    return lambda bits: _population(bits)


@overload(lowest, jit_options={"forceinline": True})
def _compiled_lowest(bits):
    return lambda bits: _lowest(bits)


@overload(power, jit_options={"forceinline": True})
def _compiled_power(shifted):
    return lambda shifted: _power(shifted)

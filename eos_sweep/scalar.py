"""Functions that read the same for one number and for a whole NumPy array.

Models and observables are written with these, with ``np.sqrt``, ``abs``, ``&`` and ``|``.  Called from Python they
work on arrays; called from a compiled kernel they work on one lane's numbers.  Both give the same bits.
"""

import operator

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

inlined = register_jitable(forceinline=True)


def select(condition, yes, no):
    """Return ``yes`` where ``condition`` holds and ``no`` elsewhere, without a branch."""
    return np.where(condition, yes, no)


@overload(select, jit_options={"forceinline": True})
def _select(condition, yes, no):
    return lambda condition, yes, no: yes if condition else no


def scaled(values, factor):
    """Return a tuple with each of ``values`` times ``factor``."""
    return tuple(value * factor for value in values)


@overload(scaled, jit_options={"forceinline": True})
def _scaled(values, factor):
    if len(values) == 1:
        return lambda values, factor: (values[0] * factor,)
    return lambda values, factor: (values[0] * factor, *scaled(values[1:], factor))


def largest(values):
    """Return the largest absolute value of a tuple; NaN if one is."""
    return np.max(np.abs(np.broadcast_arrays(*values)), axis=0)


@overload(largest, jit_options={"forceinline": True})
def _largest(values):
    if len(values) == 1:
        return lambda values: abs(values[0])

    def largest_of(values):
        first, others = abs(values[0]), largest(values[1:])
        return select((first > others) | (first != first), first, others)

    return largest_of


def near(values, others, tolerance):
    """Tell whether each of ``values`` is as close to its counterpart as ``tolerance`` times that."""
    return np.logical_and.reduce([abs(a - b) <= tolerance * abs(b) for a, b in zip(values, others, strict=True)])


@overload(near, jit_options={"forceinline": True})
def _near(values, others, tolerance):
    if len(values) == 1:
        return lambda values, others, tolerance: abs(values[0] - others[0]) <= tolerance * abs(others[0])

    def all_near(values, others, tolerance):
        first = abs(values[0] - others[0]) <= tolerance * abs(others[0])
        return first & near(values[1:], others[1:], tolerance)

    return all_near


@inlined
def bounded(value, bound):
    """Return ``value`` moved to the nearer end of [-bound, bound]; NaN stays NaN."""
    low = select(value < -bound, -bound, value)
    return select(low > bound, bound, low)


def polynomial(x, coefficients):
    """Return c[0] + c[1] x + c[2] x**2 + ... for a tuple of floats."""
    return _estrin(x, coefficients, operator.add, operator.mul)


def _estrin(x, coefficients, add, multiply):
    """Estrin's scheme, in pairs: no more operations to wait for than needed.  Horner's takes 1.3 times as long."""
    while len(coefficients) > 1:
        pairs = zip(coefficients[::2], coefficients[1::2], strict=False)
        odd = coefficients[len(coefficients) // 2 * 2 :]
        coefficients = [add(low, multiply(high, x)) for low, high in pairs] + list(odd)
        x = multiply(x, x)
    return coefficients[0]


@intrinsic
def _unrolled(typingctx, x, coefficients):
    def codegen(context, builder, signature, args):
        return _estrin(args[0], cgutils.unpack_tuple(builder, args[1]), builder.fadd, builder.fmul)

    return types.float64(types.float64, coefficients), codegen


@overload(polynomial, jit_options={"forceinline": True})
def _polynomial(x, coefficients):
    return lambda x, coefficients: _unrolled(x, coefficients)


def residual(one, other, product):
    """Return ``one * other - product``, exact where ``product`` is that product rounded.

    In NumPy it is Dekker's splitting, in a kernel one fused multiply-add.  Both are exact: they give the same bits.
    """
    (high, low), (up, down) = _halves(one), _halves(other)
    return low * down - (((product - high * up) - low * up) - high * down)


def _halves(number):
    """Return the upper 26 bits of a double and the rest."""
    scaled = 134217729.0 * number  # 2**27 + 1
    high = scaled - (scaled - number)
    return high, number - high


@intrinsic
def _fused(typingctx, one, other, product):
    def codegen(context, builder, signature, args):
        return builder.fma(args[0], args[1], builder.fneg(args[2]))

    return types.float64(types.float64, types.float64, types.float64), codegen


@overload(residual, jit_options={"forceinline": True})
def _residual(one, other, product):
    return lambda one, other, product: _fused(one, other, product)

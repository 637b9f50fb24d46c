"""Functions that are written once for a number in a kernel and for a NumPy array.

Models and observables are written with these, with ``np.sqrt``, ``abs``, ``&`` and ``|``.  Called from Python they
work on arrays; called from a compiled kernel they work on one lane's numbers.  Both give the same bits.
"""

import operator

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from eos_sweep.inlining import Inlined

# Without _nrt=False numba takes every tuple of numbers apart at each assignment, to look for arrays whose references it
# would have to count.  A function of numbers has none, and a kernel with long tuples compiles in 2/3 of the time.
INLINE = {"forceinline": True, "_nrt": False, "no_cfunc_wrapper": True, "pipeline_class": Inlined}

inlined = register_jitable(**INLINE)
apart = register_jitable(_nrt=False)  # for what is seldom run: LLVM decides whether it is inlined


def select(condition, yes, no):
    """Return ``yes`` where ``condition`` holds and ``no`` elsewhere, without a branch."""
    return np.where(condition, yes, no)


@overload(select, jit_options=INLINE)
def _select(condition, yes, no):
    return lambda condition, yes, no: yes if condition else no


@inlined
def larger(one, other):
    """Return the larger of two numbers, ``other`` if one of them is NaN."""
    return select(one > other, one, other)


@inlined
def smaller(one, other):
    """Return the smaller of two numbers, ``other`` if one of them is NaN."""
    return select(one < other, one, other)


def scaled(values, factor):
    """Return the tuple ``values``, each times ``factor``."""
    return tuple(value * factor for value in values)


@overload(scaled, jit_options=INLINE)
def _scaled(values, factor):
    if len(values) == 1:
        return lambda values, factor: (values[0] * factor,)
    return lambda values, factor: (values[0] * factor, *scaled(values[1:], factor))


def added(values, others):
    """Return the sums of the numbers of two tuples."""
    return tuple(a + b for a, b in zip(values, others, strict=True))


@overload(added, jit_options=INLINE)
def _added(values, others):
    if len(values) == 1:
        return lambda values, others: (values[0] + others[0],)
    return lambda values, others: (values[0] + others[0], *added(values[1:], others[1:]))


def on_sides(values, side):
    """Return the numbers of a tuple with signs that a number in [0, 1) decides, and for the later ones its double."""
    signed = []
    for value in values:
        signed.append(np.where(side < 0.5, value, -value))
        side = 2.0 * side - np.where(side < 0.5, 0.0, 1.0)
    return tuple(signed)


@overload(on_sides, jit_options=INLINE)
def _on_sides(values, side):
    if len(values) == 1:
        return lambda values, side: (select(side < 0.5, values[0], -values[0]),)

    def on_sides_of(values, side):
        first = select(side < 0.5, values[0], -values[0])
        return (first, *on_sides(values[1:], 2.0 * side - select(side < 0.5, 0.0, 1.0)))

    return on_sides_of


def quotients(values, others):
    """Return the quotients of the numbers of two tuples, zero where the divisor is."""
    return tuple(a / np.where(b == 0.0, np.inf, b) for a, b in zip(values, others, strict=True))


@overload(quotients, jit_options=INLINE)
def _quotients(values, others):
    if len(values) == 1:
        return lambda values, others: (values[0] / select(others[0] == 0.0, np.inf, others[0]),)

    def quotients_of(values, others):
        first = values[0] / select(others[0] == 0.0, np.inf, others[0])
        return (first, *quotients(values[1:], others[1:]))

    return quotients_of


def leading(values, like):
    """Return the first numbers of a tuple, as many as ``like`` has."""
    return values[: len(like)]


@overload(leading, jit_options=INLINE)
def _leading(values, like):
    count = len(like)
    return lambda values, like: values[:count]


def largest(values):
    """Return the largest absolute value of a tuple; NaN if one is."""
    return np.max(np.abs(np.broadcast_arrays(*values)), axis=0)


@overload(largest, jit_options=INLINE)
def _largest(values):
    if len(values) == 1:
        return lambda values: abs(values[0])

    def largest_of(values):
        first, others = abs(values[0]), largest(values[1:])
        return select((first > others) | (first != first), first, others)

    return largest_of


@inlined
def bounded(value, bound):
    """Return ``value`` moved to the nearer end of [-bound, bound]; NaN stays NaN."""
    low = select(value < -bound, -bound, value)
    return select(low > bound, bound, low)


def polynomial(x, coefficients):
    """Return c[0] + c[1] x + c[2] x**2 + ... for a tuple of floats."""
    return _estrin(x, coefficients, operator.add, operator.mul)


def _estrin(x, coefficients, add, multiply):
    """Evaluate by Estrin's scheme, whose chain of dependent operations is short; Horner's takes 1.3 times as long."""
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


@overload(polynomial, jit_options=INLINE)
def _polynomial(x, coefficients):
    return lambda x, coefficients: _unrolled(x, coefficients)


def residual(one, other, product):
    """Return ``one * other - product``, exact where ``product`` is that product rounded.

    In NumPy it is computed by Dekker's splitting, in a kernel by one fused multiply-add.  Both are exact and give the
    same bits.
    """
    (high, low), (up, down) = _halves(one), _halves(other)
    return low * down - (((product - high * up) - low * up) - high * down)


@inlined
def sum_residual(one, other, total):
    """Return ``one + other - total``, exact where ``total`` is that sum rounded (Knuth's TwoSum)."""
    back = total - one
    return (one - (total - back)) + (other - back)


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


@overload(residual, jit_options=INLINE)
def _residual(one, other, product):
    return lambda one, other, product: _fused(one, other, product)

"""Building blocks of kernels that Python cannot express: vector width, alignment, tuples in buffers, unrolling.

A kernel keeps WIDTH trajectories, one a lane, in flat buffers: ``buffer[row * WIDTH + lane]`` is one number of one
trajectory.  Loops over lanes have no branch and no call left after inlining, so LLVM turns them into vector code.

The intrinsics take tuples of any nesting.  The same in Python is a chain of one-line functions, each of which numba
compiles by itself: a kernel then takes 20 s to compile instead of a few.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from eos_sweep.scalar import inlined

WIDTH = 32
ALIGNMENT_SLACK = 7  # numbers that ``aligned`` may skip


@intrinsic
def wide(typingctx):
    """Let LLVM use 512-bit vectors in the calling function; by itself it prefers 256-bit ones on most CPUs.

    Its stack is aligned for them, so that a vector that is spilled does not straddle two cache lines.
    """

    def codegen(context, builder, signature, args):
        # llvmlite's own add() knows only flag attributes, not key="value" ones.
        for attribute in ('"prefer-vector-width"="512"', '"stackrealign"'):
            set.add(builder.function.attributes, attribute)
        return context.get_dummy_value()

    return types.none(), codegen


@intrinsic(prefer_literal=True)
def together(typingctx, body, F, I, groups):
    """Return the sum of ``body(F, I, lane)``, a number or an answer, over all lanes, ``groups`` vectors side by side.

    The instructions of the vectors alternate.  Where each waits for the one before, as in a logarithm, the processor so
    works on all vectors at once.  Elsewhere they only take each other's registers.
    """
    kind = typingctx.resolve_function_type(body, (F, I, types.int64), {})

    def codegen(context, builder, signature, args):
        integer = ir.IntType(64)
        call = context.get_function(body, kind)
        before, loop, after = builder.block, *(builder.append_basic_block(name) for name in ("lanes", "after_lanes"))
        builder.branch(loop)
        builder.position_at_end(loop)
        lane, total = (builder.phi(integer) for _ in range(2))
        found = context.cast(builder, call(builder, (args[1], args[2], lane)), kind.return_type, types.int64)
        following, summed = builder.add(lane, ir.Constant(integer, 1)), builder.add(total, found)
        for phi, later in ((lane, following), (total, summed)):
            phi.add_incoming(ir.Constant(integer, 0), before)
            phi.add_incoming(later, builder.block)
        more = builder.icmp_signed("<", following, ir.Constant(integer, WIDTH))
        latch = builder.cbranch(more, loop, after)
        count = ir.Constant(ir.IntType(32), groups.literal_value)
        wish = builder.module.add_metadata(["llvm.loop.interleave.count", count])
        told = builder.module.add_metadata([wish])
        told.operands = (told, wish)  # what is told of a loop begins with itself
        latch.set_metadata("llvm.loop", told)
        builder.position_at_end(after)
        return summed

    return types.int64(body, F, I, groups), codegen


@intrinsic
def aligned(typingctx, buffer):
    """Move the start of an array up to the next multiple of 64 bytes, so that no vector straddles two cache lines.

    The array keeps its length, so it must be ALIGNMENT_SLACK longer than what is used of it.
    """

    def codegen(context, builder, signature, args):
        kind = signature.args[0]
        array = context.make_array(kind)(context, builder, args[0])
        address = builder.ptrtoint(array.data, ir.IntType(64))
        up = builder.and_(builder.add(address, ir.Constant(ir.IntType(64), 63)), ir.Constant(ir.IntType(64), -64))
        array.data = builder.inttoptr(up, array.data.type)
        context.nrt.incref(builder, kind, args[0])
        return array._getvalue()

    return buffer(buffer), codegen


@intrinsic
def read(typingctx, buffer, at, stride, like):
    """Return a tuple of the shape of ``like`` with the numbers ``buffer[at]``, ``buffer[at + stride]``, ..."""

    def codegen(context, builder, signature, args):
        place = _places(context, builder, signature, args)

        def gather(kind):
            if isinstance(kind, types.BaseTuple):
                return context.make_tuple(builder, kind, [gather(part) for part in kind.types])
            return builder.load(next(place))

        return gather(signature.return_type)

    return like(buffer, at, stride, like), codegen


@intrinsic
def write(typingctx, buffer, at, stride, values):
    """Store the numbers of the tuple ``values`` at ``buffer[at]``, ``buffer[at + stride]``, ..."""

    def codegen(context, builder, signature, args):
        place = _places(context, builder, signature, args)

        def scatter(kind, value):
            if isinstance(kind, types.BaseTuple):
                for part, item in zip(kind.types, cgutils.unpack_tuple(builder, value, len(kind)), strict=True):
                    scatter(part, item)
            else:
                builder.store(context.cast(builder, value, kind, signature.args[0].dtype), next(place))

        scatter(signature.args[3], args[3])
        return context.get_dummy_value()

    return types.none(buffer, at, stride, values), codegen


def _places(context, builder, signature, args):
    """Yield pointers to ``buffer[at]``, ``buffer[at + stride]``, ..."""
    buffer = context.make_array(signature.args[0])(context, builder, args[0])
    at, stride = (context.cast(builder, args[i], signature.args[i], types.int64) for i in (1, 2))
    while True:
        yield builder.gep(buffer.data, [at])
        at = builder.add(at, stride)


@intrinsic
def choose(typingctx, condition, yes, no):
    """Return ``yes`` where ``condition`` holds and ``no`` elsewhere, for tuples of one shape, without a branch."""

    def codegen(context, builder, signature, args):
        test = context.cast(builder, args[0], signature.args[0], types.boolean)

        def pick(kind, left, right):
            if isinstance(kind, types.BaseTuple):
                parts = zip(
                    kind.types, *(cgutils.unpack_tuple(builder, side, len(kind)) for side in (left, right)), strict=True
                )
                return context.make_tuple(builder, kind, [pick(*part) for part in parts])
            return builder.select(test, left, right)

        return pick(signature.return_type, args[1], args[2])

    return yes(condition, yes, yes), codegen


@intrinsic
def raised(typingctx, bits, flags, mark):
    """Return the int64 numbers ``bits`` with the bit ``mark`` set in those whose flag is up."""

    def codegen(context, builder, signature, args):
        parts = []
        for place in range(len(signature.args[1])):
            before, flag = (builder.extract_value(tuple_, place) for tuple_ in args[:2])
            flag = context.cast(builder, flag, signature.args[1][place], types.boolean)
            parts.append(builder.or_(before, builder.select(flag, args[2], ir.Constant(ir.IntType(64), 0))))
        return context.make_tuple(builder, signature.return_type, parts)

    return bits(bits, flags, mark), codegen


def repeat(once, times):
    """Build ``run(carry, where, first)``: ``once`` applied ``times`` times (a power of four), unrolled by fours.

    ``once(carry, where, k)`` gets the number k of its step, a constant once unrolled.  A loop over k instead is eight
    times slower: LLVM then vectorises neither loop.
    """
    if times == 1:
        return once
    quarter = times // 4
    part = repeat(once, quarter)

    @inlined
    def run(carry, where, first):
        carry = part(part(carry, where, first), where, first + quarter)
        return part(part(carry, where, first + 2 * quarter), where, first + 3 * quarter)

    return run

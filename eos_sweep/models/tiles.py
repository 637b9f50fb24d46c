"""One tile of a product of small matrices, whose sums stay in registers: instructions for compiled loops.

LLVM makes no such code of loops in Python: it writes each sum to memory after one or a few operations, and reaches a
third of this speed.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8  # doubles of a vector, which may take two registers
FUSED = ("contract",)  # multiply and add in one operation, where the processor has one
ROWS, VECTORS = (4, 1), (3, 1)  # of tiles: 12 sums, 3 vectors and 4 numbers fit in 32 registers


def _made(rows: int, vectors: int) -> Callable:
    """Return an intrinsic for tiles of so many rows and vectors."""

    @intrinsic
    def tile(typingctx, weights, down, across, columns, values, value_row, result, result_row, fresh):
        """Take addresses in bytes, and the distances of rows and columns in numbers."""
        signature = types.void(*[types.intp] * 8, types.boolean)

        def codegen(context, builder, signature, args):
            _tile(builder, args, rows, vectors)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def _tile(builder: ir.IRBuilder, args: Any, rows: int, vectors: int) -> None:
    """Emit the loop over the columns of the matrix."""
    weights, down, across, columns, values, value_row, result, result_row, fresh = args
    number, double, integer = ir.IntType(64), ir.DoubleType(), ir.IntType(32)
    vector = ir.VectorType(double, LANES)
    sums = [(r, v) for r in range(rows) for v in range(vectors)]

    def at(start: ir.Value, offset: ir.Value, kind: ir.Type) -> ir.Value:
        address = builder.add(start, builder.mul(offset, ir.Constant(number, 8)))
        return builder.inttoptr(address, kind.as_pointer())

    def place(r: int, v: int) -> ir.Value:
        offset = builder.add(builder.mul(ir.Constant(number, r), result_row), ir.Constant(number, LANES * v))
        return at(result, offset, vector)

    def read(pointer: ir.Value) -> ir.Value:
        found = builder.load(pointer)
        found.align = 8
        return found

    before = builder.block
    load, loop, body, end = (builder.append_basic_block(name) for name in ("load", "loop", "body", "end"))
    builder.cbranch(builder.icmp_unsigned("!=", fresh, ir.Constant(fresh.type, 0)), loop, load)
    builder.position_at_end(load)
    loaded = [read(place(r, v)) for r, v in sums]
    builder.branch(loop)
    builder.position_at_end(loop)
    column = builder.phi(number)
    totals = [builder.phi(vector) for _ in sums]
    builder.cbranch(builder.icmp_signed("<", column, columns), body, end)
    builder.position_at_end(body)
    row = builder.mul(column, value_row)
    read_values = [read(at(values, builder.add(row, ir.Constant(number, LANES * v)), vector)) for v in range(vectors)]
    spread = []
    for r in range(rows):
        offset = builder.add(builder.mul(ir.Constant(number, r), down), builder.mul(column, across))
        first = builder.insert_element(
            ir.Constant(vector, ir.Undefined), read(at(weights, offset, double)), ir.Constant(integer, 0)
        )
        spread.append(
            builder.shuffle_vector(
                first, ir.Constant(vector, ir.Undefined), ir.Constant(ir.VectorType(integer, LANES), [0] * LANES)
            )
        )
    after = [
        builder.fadd(total, builder.fmul(spread[r], read_values[v], flags=FUSED), flags=FUSED)
        for total, (r, v) in zip(totals, sums, strict=True)
    ]
    following = builder.add(column, ir.Constant(number, 1))
    builder.branch(loop)
    for phi, start, first, later in zip(
        [column, *totals],
        [ir.Constant(number, 0)] + [ir.Constant(vector, [0.0] * LANES)] * len(sums),
        [ir.Constant(number, 0), *loaded],
        [following, *after],
        strict=True,
    ):
        phi.add_incoming(start, before)
        phi.add_incoming(first, load)
        phi.add_incoming(later, body)
    builder.position_at_end(end)
    for total, (r, v) in zip(totals, sums, strict=True):
        builder.store(total, place(r, v)).align = 8


TILES = {(rows, vectors): _made(rows, vectors) for rows in ROWS for vectors in VECTORS}

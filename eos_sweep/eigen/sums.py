"""Sums over vectors in compiled code; in an order, and with fused operations, that suit the processor."""

from eos_sweep.compiled_loops import compiled


@compiled(fastmath={"contract", "reassoc"})
def dot(one, other):
    """Return the inner product of two vectors."""
    total = 0.0
    for i in range(one.size):
        total += one[i] * other[i]
    return total


@compiled(fastmath={"contract"})
def add(vector, share, other):
    """Add ``share`` times another vector to a vector."""
    for i in range(vector.size):
        vector[i] += share * other[i]


@compiled()
def scale(vector, factor):
    """Multiply a vector with a number."""
    for i in range(vector.size):
        vector[i] *= factor

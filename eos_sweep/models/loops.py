"""Products of small matrices, and tanh, in compiled loops whose vectors run along the samples."""

from eos_sweep import bits, scalar
from eos_sweep.compiled_loops import compiled
from eos_sweep.functions import exponential, hyperbolic
from eos_sweep.models import tiles

LANES = tiles.LANES  # samples, or units, are stored as a multiple of this: loops over whole vectors need no rest


def _strip(vectors):
    """Return a function that computes all rows of a product, for a strip of so many vectors."""
    four, one = (tiles.TILES[rows, vectors] for rows in tiles.ROWS)

    def strip(matrix, down, across, rows, columns, values, value_row, result, result_row, fresh):
        u = 0
        while u + 4 <= rows:
            at, to = matrix + 8 * down * u, result + 8 * result_row * u
            four(at, down, across, columns, values, value_row, to, result_row, fresh)
            u += 4
        while u < rows:
            at, to = matrix + 8 * down * u, result + 8 * result_row * u
            one(at, down, across, columns, values, value_row, to, result_row, fresh)
            u += 1

    return strip


three, single = (scalar.inlined(_strip(vectors)) for vectors in tiles.VECTORS)


@compiled(tiles, scalar)
def multiply(weights, start, down, across, rows, columns, values, result, wide, fresh):
    """Compute the product of a matrix with the first rows of ``values``, or add it to ``result``, unless it is fresh.

    Entry (u, i) of the matrix is number ``start + down u + across i`` of ``weights``.  The first ``wide`` columns of
    ``values`` count, a multiple of LANES.
    """
    matrix, given, found = weights.ctypes.data + 8 * start, values.ctypes.data, result.ctypes.data
    value_row, result_row = values.shape[1], result.shape[1]
    s = 0
    while s + 3 * LANES <= wide:
        three(matrix, down, across, rows, columns, given + 8 * s, value_row, found + 8 * s, result_row, fresh)
        s += 3 * LANES
    while s < wide:
        single(matrix, down, across, rows, columns, given + 8 * s, value_row, found + 8 * s, result_row, fresh)
        s += LANES


@compiled()
def turn(values, rows, columns, result):
    """Write the transpose of the first rows and columns."""
    for i in range(rows):
        for s in range(columns):
            result[s, i] = values[i, s]


@compiled(bits, exponential, hyperbolic, scalar)
def bend(values, active, slopes, rows):
    """Replace values by their tanh, in ``active``, and compute its slopes."""
    for u in range(rows):
        given, one, slope = values[u], active[u], slopes[u]
        for s in range(given.size):
            height = hyperbolic.tanh(given[s])
            one[s] = height
            slope[s] = 1.0 - height * height


@compiled(fastmath={"contract", "reassoc"})
def errors(output, targets):
    """Subtract the targets from the output; return the sum of the squares."""
    total = 0.0
    for u in range(targets.shape[0]):
        one, wanted = output[u], targets[u]
        for s in range(one.size):
            one[s] -= wanted[s]
            total += one[s] * one[s]
    return total


@compiled()
def shrink(values, rows, factor):
    """Multiply the first rows with a number."""
    for u in range(rows):
        one = values[u]
        for s in range(one.size):
            one[s] *= factor


@compiled()
def product(values, factors, result, rows):
    """Compute the product of two arrays, number by number, in the first rows."""
    for u in range(rows):
        one, factor, found = values[u], factors[u], result[u]
        for s in range(one.size):
            found[s] = one[s] * factor[s]


@compiled(fastmath={"contract"})
def curve(values, slopes, active, moved, back, rows):
    """Replace values by the derivative of delta along a vector, for a layer whose delta is back times its slopes."""
    for u in range(rows):
        one, slope, height, change, pull = values[u], slopes[u], active[u], moved[u], back[u]
        for s in range(one.size):
            one[s] = one[s] * slope[s] - 2.0 * height[s] * change[s] * pull[s]


@compiled()
def collect(values, rows, columns, vector, start, fresh):
    """Write the first rows and columns into a vector, row by row, or add them to what it has, unless it is fresh."""
    for u in range(rows):
        one = values[u]
        first = start + u * columns
        for i in range(columns):
            vector[first + i] = one[i] if fresh else vector[first + i] + one[i]

"""Symmetric matrices of any size, each given as its upper triangle, row by row: (m11, m12, ..., m1n, m22, ...)."""

from math import isqrt

from eos_sweep.scalar import larger, select

POWERS = 512, 256, 128  # bring any double to a size of 2**+-128, so that products of six are doubles


def full(matrix):
    """Return all rows of a matrix, as lists."""
    n = isqrt(2 * len(matrix))  # entries are n (n + 1) / 2
    entries = iter(matrix)
    upper = [[next(entries) for _ in range(i, n)] for i in range(n)]
    return [[upper[min(i, j)][abs(i - j)] for j in range(n)] for i in range(n)]


def largest_size(numbers):
    """Return the largest absolute value of some numbers; where one is NaN, any."""
    size = abs(numbers[0])
    for number in numbers[1:]:
        size = larger(abs(number), size)
    return size


def unit_of(size, powers):
    """Return a power of two of about a size, and its inverse.

    A size times the inverse is within a factor of 2**powers[-1] of one, as long as it is not near the ends of the
    doubles.
    """
    unit = inverse = 1.0
    for power in powers:
        huge, tiny = size > 2.0**power, size < 2.0**-power
        down = select(huge, 2.0**-power, select(tiny, 2.0**power, 1.0))
        up = select(huge, 2.0**power, select(tiny, 2.0**-power, 1.0))
        size, unit, inverse = size * down, unit * up, inverse * down
    return unit, inverse


def blemish(numbers):
    """Return zero; NaN if one of some numbers is NaN or infinite."""
    total = 0.0 * numbers[0]
    for number in numbers[1:]:
        total = total + 0.0 * number
    return total

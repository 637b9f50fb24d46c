"""All eigenvalues and eigenvectors of a small symmetric matrix, in compiled code without LAPACK: Jacobi's rotations.

NumPy's functions are out of reach of compiled code, unless SciPy is there.  Each rotation makes one entry beside the
diagonal zero; a sweep rotates all of them, and after the first few the sum of their squares is squared by each.
Source: Golub and Van Loan 2013, "Matrix Computations", section 8.5.
"""

import math

from eos_sweep.compiled_loops import compiled

SWEEPS = 30  # six are enough for 64 rows


@compiled()
def eigen(n, matrix, turned, values, vectors):
    """Compute the eigenvalues, in ascending order, and the eigenvectors, a row each.

    Parameters
    ----------
    n
        Rows of the matrix; only the first n rows and columns of the arrays are used.
    matrix
        The matrix, of which the upper triangle is read.
    turned
        Scratch.
    values, vectors
        The results.
    """
    for i in range(n):
        for j in range(i, n):
            turned[i, j] = turned[j, i] = matrix[i, j]
        for j in range(n):
            vectors[i, j] = 1.0 if i == j else 0.0
    for _ in range(SWEEPS):
        rotated = False
        for i in range(n - 1):
            for j in range(i + 1, n):
                rotated |= rotate(turned, vectors, i, j, n)
        if not rotated:
            break
    for i in range(n):
        values[i] = turned[i, i]
    for i in range(n - 1):  # few numbers: a selection is enough
        least = i
        for j in range(i + 1, n):
            if values[j] < values[least]:
                least = j
        if least != i:
            values[i], values[least] = values[least], values[i]
            for k in range(n):
                vectors[i, k], vectors[least, k] = vectors[least, k], vectors[i, k]


@compiled()
def rotate(turned, vectors, i, j, n):
    """Rotate rows and columns i and j so that entry (i, j) becomes zero; return whether it was more than rounding."""
    entry = turned[i, j]
    if not abs(entry) > 1e-17 * (abs(turned[i, i]) + abs(turned[j, j])):
        turned[i, j] = turned[j, i] = 0.0
        return False
    half = 0.5 * (turned[j, j] - turned[i, i])
    tangent = entry / (half + math.copysign(math.hypot(half, entry), half))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = cosine * tangent
    first, second = turned[i, i] - tangent * entry, turned[j, j] + tangent * entry
    for k in range(n):
        one, other = turned[i, k], turned[j, k]
        turned[i, k] = turned[k, i] = cosine * one - sine * other
        turned[j, k] = turned[k, j] = sine * one + cosine * other
        one, other = vectors[i, k], vectors[j, k]
        vectors[i, k], vectors[j, k] = cosine * one - sine * other, sine * one + cosine * other
    turned[i, i], turned[j, j] = first, second
    turned[i, j] = turned[j, i] = 0.0
    return True

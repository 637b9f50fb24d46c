"""Follow the largest eigenvalue of a symmetric matrix that changes little, with few products: compiled.

A look that comes after others begins with the eigenvectors of the two largest eigenvalues, each predicted from the last
looks: the combination of the looks before that gives the last one best gives the next one, too.  That holds on a smooth
path, and on one that swings from side to side.  Where the residual of the largest eigenvalue is too large, the next
vector is this residual; where the second eigenvalue may pass the first, it is that of the second (Davidson's method
without a preconditioner).  On a fixed matrix these are the vectors of Lanczos iteration.

Such a look sees no other eigenvalue that has become the largest one.  So each ``EVERY``-th look is a search: it begins
with the eigenvector and a random direction, and it ends when the second eigenvalue has converged, too, which it does
from the random direction alone.  A look becomes a search sooner if its prediction is bad, if it does not converge soon,
if one of both eigenvalues has moved by as much as all others were below the first one at the last search, or if the
largest one has fallen nearer to where the second one was: the prediction may be an eigenvector of that.

The caller computes the products, one after the other: see :func:`wanted`.
"""

import math

import numpy as np

from eos_sweep.compiled_loops import compiled
from eos_sweep.eigen import jacobi, lanczos, sums
from eos_sweep.eigen.lanczos import CHECK_GROWTH, RESOLUTION, ROUNDING, SECOND_TOLERANCE, TOLERANCE

EVERY = 8  # looks from one search to the next
FOLLOWED_TOLERANCE = 5e-2  # of the second residual in a look that is no search
BAD = 5e-2  # residual of a prediction: with more, a search from it needs fewer products
SLIGHT = 1e-2  # fall of the largest eigenvalue that says nothing
SHORT = 10  # products after which a look becomes a search
MOST = 100  # products of a search here
TOPS, SECONDS = 4, 3  # looks whose eigenvectors are kept
KNOWN = 1e-6  # a part of a kept vector that is new by less is rounding

# The numbers that are kept from look to look: how many eigenvectors are, looks since the last search, the largest
# eigenvalue, what it and the second one were then, and a bound of all others.
HAS_TOPS, HAS_SECONDS, AGE, VALUE, TOP, SECOND, OTHERS, NUMBERS = range(8)
SIZE, SEARCHES, DUE, PLANS = range(4)  # of a look: products, whether it is a search, those of the next test
MATRIX, TURNED, VECTORS, VALUES, PARTS = range(5)  # small matrices
DONE, UNSURE, NOT_FINITE = -1, -2, -3


@compiled(jacobi, lanczos, sums)
def wanted(kept, facts, random, basis, images, small, plan):
    """Return which row of ``basis`` the matrix is to be multiplied with; the product is to be that row of ``images``.

    Parameters
    ----------
    kept, facts
        What is kept from look to look: TOPS eigenvectors of the largest and SECONDS of the second eigenvalue, the last
        one first, and NUMBERS numbers.
    random
        A random direction.
    basis, images, small, plan
        Scratch: MOST + 1 rows each, PARTS matrices of MOST rows and columns, and PLANS integers.  Where ``plan[SIZE]``
        is zero a look begins.

    Returns
    -------
    int
        DONE at the end, UNSURE without a result, NOT_FINITE if a product is not finite.
    """
    size, dimension = plan[SIZE], random.size
    if size == 0:
        plan[DUE] = 0
        plan[SEARCHES] = facts[HAS_TOPS] == 0.0
        if plan[SEARCHES]:
            basis[0] = random
        else:
            predict(kept[:TOPS], int(facts[HAS_TOPS]), basis)
        return added(basis, plan)
    image = images[size - 1]
    for i in range(size):
        small[MATRIX, i, size - 1] = sums.dot(basis[i], image)
    if not math.isfinite(sums.dot(image, image)):
        return NOT_FINITE
    if size == 1 and dimension > 1:
        if plan[SEARCHES]:
            basis[1] = image
            row = added(basis, plan)
            if row >= 0:
                return row
        else:
            row = UNSURE
            if facts[HAS_SECONDS] > 0.0:
                predict(kept[TOPS:], int(facts[HAS_SECONDS]), basis[1:])
                row = added(basis, plan)
            return row if row >= 0 else searched(random, basis, images, small, plan, 1)
    if size < min(plan[DUE], MOST, dimension):
        basis[size] = image
        row = added(basis, plan)
        if row >= 0:
            return row
    jacobi.eigen(size, small[MATRIX], small[TURNED], small[VALUES, 0], small[VECTORS])
    return decided(kept, facts, random, basis, images, small, plan)


@compiled(lanczos, sums)
def decided(kept, facts, random, basis, images, small, plan):
    """Return what :func:`wanted` does, once the eigenvalues of the small matrix are known."""
    size, dimension, searches, values = plan[SIZE], random.size, plan[SEARCHES], small[VALUES, 0]
    top, second = values[size - 1], values[max(size - 2, 0)]
    rounding = RESOLUTION * max(abs(values[0]), abs(top))
    room = max(TOLERANCE * abs(top), rounding)
    left = residual(basis, images, small, size, size - 1)
    if left <= room:
        after = residual(basis, images, small, size, size - 2) if size > 1 else 0.0
        share = SECOND_TOLERANCE if searches else FOLLOWED_TOLERANCE
        if size == 1 or (second + after - top <= room and after <= max(share * abs(top), rounding)):
            moved = max(abs(top - facts[TOP]), abs(second - facts[SECOND]))
            fell = facts[VALUE] - top > max(0.5 * (facts[VALUE] - facts[SECOND]), SLIGHT * abs(facts[VALUE]))
            if searches or size == dimension:
                third = residual(basis, images, small, size, size - 3) + values[size - 3] if size > 2 else second
                facts[TOP], facts[SECOND], facts[OTHERS] = top, second, min(third, second)
                return finished(kept, facts, basis, images, small, size, 0.0)
            if facts[AGE] + 1.0 < EVERY and moved <= facts[TOP] - facts[OTHERS] and not fell:
                return finished(kept, facts, basis, images, small, size, facts[AGE] + 1.0)
            return searched(random, basis, images, small, plan, size)
    elif not searches and size == 2 and left > BAD * abs(top):
        return searched(random, basis, images, small, plan, size)
    if size == min(MOST, dimension):
        return UNSURE
    if not searches and size >= SHORT:
        return searched(random, basis, images, small, plan, size)
    plan[DUE] = int(CHECK_GROWTH * size)
    row = added(basis, plan)  # the residual that was computed last
    return row if row >= 0 else UNSURE


@compiled(lanczos, sums)
def searched(random, basis, images, small, plan, size):
    """Begin a search with the eigenvector and the random direction; return its row, as :func:`wanted` does."""
    if size > 1:
        mix(basis, small[VECTORS, size - 1], size, basis[size])
        mix(images, small[VECTORS, size - 1], size, images[size])
        basis[0], images[0] = basis[size], images[size]
        small[MATRIX, 0, 0] = small[VALUES, 0, size - 1]
    basis[1] = random
    plan[SIZE], plan[SEARCHES], plan[DUE] = 1, 1, 0
    return added(basis, plan)


@compiled(lanczos, sums)
def finished(kept, facts, basis, images, small, size, age):
    """Keep what the next look begins with; return DONE."""
    facts[VALUE], facts[AGE] = small[VALUES, 0, size - 1], age
    mix(basis, small[VECTORS, size - 1], size, basis[size])
    facts[HAS_TOPS] = remembered(kept[:TOPS], int(facts[HAS_TOPS]), basis[size])
    if size > 1:
        mix(basis, small[VECTORS, size - 2], size, basis[size])
        facts[HAS_SECONDS] = remembered(kept[TOPS:], int(facts[HAS_SECONDS]), basis[size])
    return DONE


@compiled(lanczos, sums)
def remembered(rows, count, vector):
    """Put an eigenvector before ``count`` others, with the sign of the last one; return how many there are then."""
    sign = -1.0 if count > 0 and sums.dot(rows[0], vector) < 0.0 else 1.0
    for k in range(min(count, rows.shape[0] - 1), 0, -1):
        rows[k] = rows[k - 1]
    for i in range(vector.size):
        rows[0, i] = sign * vector[i]
    return min(count + 1, rows.shape[0])


@compiled(lanczos, sums)
def predict(rows, count, free):
    """Write the eigenvector that follows ``count`` others, the last one first, into the first of the ``free`` rows.

    The last one is about a sum of those before it, by least squares; the same sum of those one look later follows it.
    """
    free[0] = rows[0]
    if count < 2:
        return
    before, triangle = count - 1, np.zeros((TOPS, TOPS))
    for j in range(count - 1):  # an orthonormal basis of those before, in free[1], free[2], ...
        free[1 + j] = rows[1 + j]
        for _ in range(2):
            for i in range(j):
                part = sums.dot(free[1 + i], free[1 + j])
                triangle[i, j] += part
                sums.add(free[1 + j], -part, free[1 + i])
        triangle[j, j] = math.sqrt(sums.dot(free[1 + j], free[1 + j]))
        if triangle[j, j] < KNOWN:
            before = j
            break
        sums.scale(free[1 + j], 1.0 / triangle[j, j])
    shares = np.zeros(TOPS)
    for j in range(before - 1, -1, -1):
        shares[j] = sums.dot(free[1 + j], rows[0])
        for i in range(j + 1, before):
            shares[j] -= triangle[j, i] * shares[i]
        shares[j] /= triangle[j, j]
    sums.scale(free[0], shares[0])
    for j in range(1, before):
        sums.add(free[0], shares[j], rows[j])


@compiled(lanczos, sums)
def added(basis, plan):
    """Make the row after the last one orthogonal to all before and take it in; return it, UNSURE if nothing is left."""
    size = plan[SIZE]
    vector = basis[size]
    length = math.sqrt(sums.dot(vector, vector))
    for _ in range(2):  # twice is enough (Parlett)
        for i in range(size):
            sums.add(vector, -sums.dot(basis[i], vector), basis[i])
    left = math.sqrt(sums.dot(vector, vector))
    if not left > ROUNDING * length:
        return UNSURE
    sums.scale(vector, 1.0 / left)
    plan[SIZE] = size + 1
    return size


@compiled(lanczos, sums)
def residual(basis, images, small, size, k):
    """Write the residual of an eigenvalue of the small matrix into the row after the last one; return its length."""
    vector, value = basis[size], small[VALUES, 0, k]
    vector[:] = 0.0
    for i in range(size):
        share = small[VECTORS, k, i]
        sums.add(vector, share, images[i])
        sums.add(vector, -share * value, basis[i])
    return math.sqrt(sums.dot(vector, vector))


@compiled(lanczos, sums)
def mix(rows, shares, size, result):
    """Write a sum of the first ``size`` rows into ``result``."""
    result[:] = 0.0
    for i in range(size):
        sums.add(result, shares[i], rows[i])

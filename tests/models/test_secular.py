"""The 6x6 arrowhead matrix: its largest eigenvalue to 1e-15, and a stability test that is right to 1e-14.

Truth is Sylvester's criterion in 400 bits: the top eigenvalue is below t if and only if t > d_j for each arm, and
t - d0 > sum_j q_j / (t - d_j).
"""

import gmpy2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.eigen.secular import SECULAR_STAGES, secular_stable
from eos_sweep.eigen.sharpness import solved

COUNT = 3000


def is_below(matrix, bound):
    """Whether the top eigenvalue is below ``bound``, a number of 400 bits."""
    d0, *others = map(gmpy2.mpfr, matrix)
    gaps = [bound - d for d in others[:5]]
    return all(gap > 0 for gap in gaps) and bound - d0 > sum(q / gap for q, gap in zip(others[5:], gaps, strict=True))


def assert_top(matrix, error=1e-15):
    matrix = [np.asarray(x, float) for x in matrix]
    found = solved(SECULAR_STAGES, tuple(matrix))
    assert np.isfinite(found).all()
    with gmpy2.context(precision=400):
        for value, *entries in zip(found.tolist(), *(x.tolist() for x in matrix), strict=True):
            assert is_below(entries, gmpy2.mpfr(value) * (1 + gmpy2.mpfr(error))), entries
            assert not is_below(entries, gmpy2.mpfr(value) * (1 - gmpy2.mpfr(error))), entries


def log(random, low, high, *size):
    return 10.0 ** random.uniform(low, high, (*size, COUNT))


def top_of_others(matrix):
    """The top eigenvalue without the first arm."""
    d0, d, q = matrix
    zero = np.zeros(COUNT)
    return solved(SECULAR_STAGES, (d0, zero, *d[1:], zero, *q[1:]))


def matrices(kind):
    """Matrices (d0, d1 ... d5, q1 ... q5) of a kind that is difficult for one method or another."""
    random = np.random.default_rng(KINDS.index(kind))
    sign = random.choice([-1.0, 1.0], COUNT)
    d0, d, q = log(random, -3, 0), log(random, -3, 0, 5), log(random, -12, 0, 5)
    if kind == "any size":
        d0, d, q = log(random, -12, 12), log(random, -12, 12, 5), log(random, -24, 24, 5)
    elif kind == "zeros":
        d, q = (np.where(random.random((5, COUNT)) < 0.4, 0.0, x) for x in (d, q))
        d0 = np.where(random.random(COUNT) < 0.4, 0.0, d0)
        d0[:20], d[:, :20], q[1:, :20] = 0.0, 0.0, 0.0
        q[0, :20] = 1.0
    elif kind == "equal":
        d[:] = d[0]
    elif kind == "nearly equal":
        d = d[0] * (1 + random.choice([0, 0, 1], (5, COUNT)) * log(random, -16, -1, 5))
    elif kind == "cluster":
        d0, d, q = 1 + sign * log(random, -16, 0), 1 - log(random, -16, 0, 5), log(random, -34, -1, 5)
    elif kind == "crossing":  # of an arm's own entry with the top of the others
        d[0] = top_of_others((d0, d, q)) * (1 + sign * log(random, -17, -1))
        q[0] = log(random, -40, -2) * d[0] ** 2
    elif kind == "together":  # no arm alone moves the top by much, all of them together do
        e = log(random, -8, 0, 5)
        e[0], e0 = 0.0, log(random, -3, -0.01)
        q[1:] = random.dirichlet(np.ones(4), COUNT).T * e0 * e[1:] * (1 + sign * log(random, -6, -0.5))
        q[0] = log(random, -30, -2) * (random.random(COUNT) < 0.6)
        d0, d = 1 - e0, 1 - e
    elif kind == "of a state":
        alpha, beta, variance = log(random, -3, 1), log(random, -8, 1, 5), log(random, -2, 4, 5)
        variance[1:3] = variance[0] * random.uniform(0, 1, (2, COUNT))
        d, q = variance * alpha**2, 4 * (variance * alpha * beta) ** 2
        d0, q[4] = (variance * beta**2).sum(0), (variance[4] * (2 * alpha * beta[4] - 1)) ** 2
    return (d0, *d, *q)


KINDS = ("generic", "any size", "zeros", "equal", "nearly equal", "cluster", "crossing", "together", "of a state")


@pytest.mark.parametrize("kind", KINDS)
def test_the_top_eigenvalue_is_exact_to_1e_15(kind):
    with np.errstate(all="raise", under="ignore"):
        assert_top(matrices(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [-1, 1])
def test_the_stability_test_never_errs_beyond_1e_14(kind, side):
    matrix = matrices(kind)
    top = solved(SECULAR_STAGES, matrix)
    for distance in (1.2e-14, 1e-12, 1e-6, 0.1):
        assert (secular_stable(matrix, top * (1 + side * distance)) == (side > 0)).all()


@pytest.mark.parametrize("kind", ["generic", "zeros", "of a state"])
def test_it_is_what_lapack_finds(kind):
    d0, *others = matrices(kind)
    full = np.zeros((COUNT, 6, 6))
    full[:, 0, 0] = d0
    for k in range(5):
        full[:, k + 1, k + 1] = others[k]
        full[:, 0, k + 1] = full[:, k + 1, 0] = np.sqrt(others[5 + k])
    np.testing.assert_allclose(solved(SECULAR_STAGES, (d0, *others)), np.linalg.eigvalsh(full)[:, -1], rtol=1e-13)


def test_a_diagonal_matrix_has_its_largest_entry():
    random = np.random.default_rng(3)
    diagonal = np.where(random.random((6, COUNT)) < 0.3, 0.0, log(random, -3, 3, 6))
    with np.errstate(all="ignore"):  # one over zero, where all is zero
        found = solved(SECULAR_STAGES, (*diagonal, *np.zeros((5, COUNT))))
    np.testing.assert_allclose(found, diagonal.max(0), rtol=3e-16)
    assert (found[diagonal.max(0) == 0] == 0).all()


@pytest.mark.parametrize("decade", [-140, -100, -97, 97, 100, 150])
def test_entries_of_any_size(decade):
    """A matrix in other units has the eigenvalue in those units, as long as the squares of its arms are doubles."""
    unit = 2.0 ** np.floor(decade * np.log2(10))
    matrix = matrices("generic")
    found = solved(SECULAR_STAGES, tuple(x * unit for x in matrix[:6]) + tuple(x * unit * unit for x in matrix[6:]))
    np.testing.assert_allclose(found, solved(SECULAR_STAGES, matrix) * unit, rtol=1e-15)


entry = st.one_of(st.just(0.0), st.floats(-12, 12).map(lambda exponent: 10.0**exponent))


@given(st.lists(entry, min_size=11, max_size=11).filter(any))
@settings(max_examples=200)
def test_any_arrowhead_matrix_with_a_diagonal_that_is_not_negative(entries):
    assert_top([[x] for x in entries[:6]] + [[x * x] for x in entries[6:]])


@pytest.mark.slow
def test_the_hard_kinds_many_times():
    for kind in ("cluster", "crossing", "together"):
        for seed in range(8):
            random = np.random.default_rng([seed, KINDS.index(kind)])
            d0, *others = matrices(kind)
            order = random.permutation(COUNT)  # arms of other matrices of the kind: their scales mix
            mixed = [x[order] if k % 2 else x for k, x in enumerate(others[:5])]
            arms = [x[order] if k % 2 else x for k, x in enumerate(others[5:])]
            assert_top((d0, *mixed, *arms))

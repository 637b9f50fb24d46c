"""The symmetric 2x2 matrix: its largest eigenvalue to a few ulp, and a stability test that is right to 1e-14."""

import mpmath
import numpy as np
import pytest

from eos_sweep.eigen.symmetric import symmetric_stable, symmetric_top

COUNT = 3000


def top(a, c, q):
    with mpmath.workdps(150):
        a, c, q = map(mpmath.mpf, (a, c, q))
        return (a + c) / 2 + mpmath.sqrt((a - c) ** 2 / 4 + q)


def matrices(kind):
    random = np.random.default_rng(len(kind))
    size = 10.0 ** random.uniform(-20, 20, (3, COUNT))
    sign = random.choice([-1.0, 1.0], (2, COUNT))
    a, c = sign * size[:2]
    q = size[2] ** 2
    if kind == "near":
        c = a * (1 + 10.0 ** random.uniform(-16, -1, COUNT))
        q = a * a * 10.0 ** random.uniform(-30, 0, COUNT)
    elif kind == "top near zero":
        a, c = -np.abs(a), -np.abs(c)
        q = a * c * (1 + sign[0] * 10.0 ** random.uniform(-16, -1, COUNT))
    elif kind == "diagonal":
        q = np.zeros(COUNT)
    elif kind == "opposite":
        c = -a * (1 + 10.0 ** random.uniform(-16, -1, COUNT))
    elif kind == "alike":
        a, c, q = random.uniform(-1, 1, (3, COUNT)) ** [[1], [1], [2]]
    return a, c, q


KINDS = ("any", "near", "top near zero", "diagonal", "opposite", "alike")


@pytest.mark.parametrize("kind", KINDS)
def test_the_top_eigenvalue_is_exact_to_1e_15(kind):
    found = symmetric_top(matrices(kind))[0]
    for value, *matrix in zip(found.tolist(), *(x.tolist() for x in matrices(kind)), strict=True):
        truth = top(*matrix)
        assert abs(value - truth) <= 1e-15 * abs(truth), matrix


def test_a_matrix_of_zeros_has_the_eigenvalue_zero():
    assert symmetric_top((np.zeros(1), np.zeros(1), np.zeros(1)))[0] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("distance", [1e-14, 1e-9, 0.1])
def test_the_stability_test_never_errs_beyond_1e_14(kind, distance):
    for a, c, q in list(zip(*(x.tolist() for x in matrices(kind)), strict=True))[::10]:
        root = top(a, c, q)
        scale = max(abs(root), mpmath.mpf(max(abs(a), abs(c))))  # a bound is 2/eta: far from zero beside the entries
        for side in (-1, 1):
            bound = root + side * distance * scale
            assert symmetric_stable(tuple(map(np.float64, (a, c, q))), float(bound)) == (side > 0)

"""The largest eigenvalue of symmetric matrices of one to eight rows, and the test whether it is below a bound."""

import gmpy2
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from eos_sweep.checks.exact import arithmetic
from eos_sweep.derivation import substitute
from eos_sweep.eigen import general
from eos_sweep.eigen.sharpness import solved
from eos_sweep.engine import lanes
from eos_sweep.unrolled import unrolled
from helpers.symmetric_matrices import KINDS, matrices, triangle

COUNT = 300
SIZES = range(1, general.MOST_ROWS + 1)
SCALES = 1e-150, 1.0, 1e150


def unit_matrices(n, kind, count=COUNT):
    """Return matrices of which the largest eigenvalue in size is one, or zero, and all their eigenvalues."""
    found = matrices(kind, n, count, np.random.default_rng(n * len(kind)))
    found = found / np.maximum(np.abs(found).max((-1, -2), keepdims=True), 1e-300)
    size = np.abs(np.linalg.eigvalsh(found)).max(-1)[:, None, None]
    found = found / np.where(size > 0, size, 1.0)
    return found, np.linalg.eigvalsh(found)


def top(matrix):
    with np.errstate(all="ignore"):  # arrowheads without a second arm divide zeros
        return solved(general.solver(matrix.shape[-1]).stages, triangle(matrix))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_the_error_is_at_most_1e_14_of_the_matrix(n, kind):
    found, values = unit_matrices(n, kind)
    for scale in SCALES:
        assert np.all(np.abs(top(found * scale) / scale - values[:, -1]) <= 1e-14)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_the_error_is_at_most_3e_15_beside_fifty_digits(n):
    for kind in ("any", "clustered", "every size", "multiple"):
        found, _ = unit_matrices(n, kind, 4)
        for matrix, value in zip(found, top(found), strict=True):
            with mpmath.workdps(50):
                exact = mpmath.eigsy(mpmath.matrix(matrix.tolist()), eigvals_only=True)
                assert abs(value - max(exact)) <= 3e-15 * max(map(abs, exact))


@pytest.mark.parametrize("n", SIZES)
def test_a_diagonal_matrix_has_its_largest_entry(n):
    found = matrices("diagonal", n, COUNT, np.random.default_rng(n))
    right = np.diagonal(found, 0, 1, 2).max(-1)
    assert np.array_equal(top(found), right) if n not in (2, 3) else np.all(np.abs(top(found) - right) <= 1e-14)


@pytest.mark.parametrize("n", SIZES)
def test_what_has_an_entry_that_is_no_number_has_no_eigenvalue_and_is_never_stable(n):
    entries = np.ones((n * (n + 1) // 2,) * 2)
    for wrong in (np.nan, np.inf, -np.inf):
        np.fill_diagonal(entries, wrong)
        with np.errstate(all="ignore"):
            value = solved(general.solver(n).stages, tuple(entries))
            assert not np.any(general.solver(n).stable(tuple(entries), 1e9))
        assert np.all(np.isnan(value)) or n == 1
    with np.errstate(all="ignore"):
        assert not np.any(general.solver(n).stable(tuple(np.ones_like(entries)), np.nan))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", SIZES)
def test_the_test_of_stability_agrees_with_the_eigenvalue(n, kind):
    found, values = unit_matrices(n, kind)
    for scale in SCALES:
        with np.errstate(all="ignore"):
            for side, near in ((1, values[:, -1] + 1e-9), (-1, values[:, -1] - 1e-9)):
                stable = general.solver(n).stable(triangle(found * scale), near * scale)
                assert np.array_equal(stable, np.full(COUNT, side > 0)), scale
                far = general.solver(n).stable(triangle(found * scale), (values[:, -1] + side * 1e3) * scale)
                assert np.array_equal(far, np.full(COUNT, side > 0)), scale


entry = st.floats(-4, 4).map(lambda power: 10.0**power) | st.sampled_from([0.0, 1.0])
rows = st.lists(st.tuples(entry, st.sampled_from([-1.0, 1.0])), min_size=36, max_size=36)


@given(st.integers(1, 8), rows)
def test_any_matrix_lies_between_its_eigenvalue_and_what_is_below(n, drawn):
    numbers = [np.float64(size * sign) for size, sign in drawn[: n * (n + 1) // 2]]
    matrix = np.zeros((n, n))
    matrix[np.triu_indices(n)] = numbers
    values = np.linalg.eigvalsh(matrix.T)
    size = np.abs(values).max()
    with np.errstate(all="ignore"):
        value = solved(general.solver(n).stages, tuple(numbers))
    assert abs(value - values[-1]) <= 1e-14 * size
    for distance in (1e-13, 1.0):
        above = float(value + distance * size), float(value - distance * size)
        with np.errstate(all="ignore"):
            assert [bool(general.solver(n).stable(tuple(numbers), bound)) for bound in above] == [size > 0, False]


def compiled_pass(function, like, columns):
    """Return a loop over matrices, such as a kernel has, of a function of one."""

    @njit(error_model="numpy")
    def run(table, bound):
        lanes.wide()
        for place in range(columns):
            lanes.write(table, place, columns, function(lanes.read(table, place, columns, like), bound))

    return run


@pytest.mark.parametrize("n", [1, 2, 3, pytest.param(5, marks=pytest.mark.slow), 8])
def test_compiled_code_gives_the_bits_of_numpy(n):
    kinds = ("any", "every size", "clustered", "sparse")
    found = (
        np.concatenate([unit_matrices(n, kind, 16)[0] for kind in kinds]) * np.geomspace(1e-99, 1e99, 64)[:, None, None]
    )
    solver, values, bound = general.solver(n), triangle(found), 0.5
    columns = len(found)
    width = 1 + 4 * n + len(values)
    with np.errstate(all="ignore"):
        stable = solver.stable
        ours = njit(lambda matrix, bound: (1.0 * stable(matrix, bound),))
        table = np.zeros(width * columns)
        table[: len(values) * columns] = np.concatenate(values)
        compiled_pass(ours, (0.0,) * len(values), columns)(table, bound)
        assert np.array_equal(table[:columns], stable(values, bound))
        table[:columns] = values[0]
        passes = {}
        for stage in solver.stages:
            key = stage, len(values)
            if key not in passes:
                alone = njit(lambda matrix, bound, stage=stage: stage(matrix))
                passes[key] = compiled_pass(alone, (0.0,) * len(values), columns)
            passes[key](table, bound)
            values = stage(values)
            given = table[: len(values) * columns].reshape(len(values), columns)
            assert np.array_equal(given, np.stack(values), equal_nan=True)


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_exact_arithmetic_gives_what_doubles_give(n):
    found, _ = unit_matrices(n, "any", 5)
    stages, stable = (substitute.rebound(part, arithmetic.INSTEAD) for part in reversed(general.solver(n)))
    with arithmetic.precise(300):
        for matrix, value in zip(found, top(found), strict=True):
            numbers = tuple(gmpy2.mpfr(float(entry)) for entry in triangle(matrix))
            right = solved(stages, numbers)
            assert isinstance(right, type(gmpy2.mpfr(0))) and abs(right - float(value)) <= 1e-14
            assert stable(numbers, right + 1e-9) is True and stable(numbers, right - 1e-9) is False


def test_a_kernel_function_that_branches_on_a_number_is_refused():
    @unrolled
    def branching(x):
        return x if x > 0.0 else -x

    with pytest.raises(Exception, match="use select"):
        njit(lambda x: branching(x))(1.0)

"""Sharpness: the top eigenvalue of the Hessian to 1e-14 everywhere, and a test against 2/eta that never errs."""

import gmpy2
import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.contract import EDGE
from eos_sweep.eigen.arrowhead import ARROWHEAD_STAGES, arrowhead_stable
from eos_sweep.eigen.sharpness import sharpness, solved
from eos_sweep.eigen.stages import usable
from eos_sweep.models import bivariate
from eos_sweep.state import enter
from helpers import formulas
from helpers.kernel_and_numpy import OFF

COUNT = 1500


def relative_error(found, truth):
    with formulas.precise(200):
        return float(abs(gmpy2.mpfr(float(found)) - truth) / truth)


def arrowhead_top(*matrices):
    return solved(ARROWHEAD_STAGES, matrices)


def assert_top(matrices, bound=1e-14):
    """``matrices``: the arrays d0, d1, d2, q1, q2."""
    matrices = [np.asarray(x, float) for x in matrices]
    with np.errstate(all="ignore"):
        found = arrowhead_top(*matrices)
    assert np.isfinite(found).all()
    worst = max(
        (relative_error(value, formulas.top(*matrix)), matrix)
        for value, *matrix in zip(found.tolist(), *(x.tolist() for x in matrices), strict=True)
    )
    assert worst[0] <= bound, worst


def log(random, low, high, size=COUNT):
    return 10.0 ** random.uniform(low, high, size)


def states(kind, random):
    """Points (alpha, beta1, beta2), lambda1, lambda2 of a kind that once was difficult."""
    sign = random.choice([-1.0, 1.0], COUNT)
    alpha, beta1, beta2 = sign * log(random, -3, 1), log(random, -8, 1), random.normal(0, 2, COUNT)
    lambda1, lambda2 = log(random, -3, 8), log(random, -4, 2)
    if kind == "alpha through zero":
        alpha = sign * np.where(random.random(COUNT) < 0.1, 0.0, log(random, -200, -2))
    elif kind == "huge and tiny beta1":
        beta1 = np.where(random.random(COUNT) < 0.5, log(random, -300, -8), log(random, 0, 3))
    elif kind == "any ratio of lambdas":
        lambda2 = lambda1 * log(random, -8, 8)
    elif kind == "ratio near two and one":
        lambda2 = lambda1 / random.uniform(0.9, 2.1, COUNT)
    elif kind == "equal lambdas":
        lambda2 = lambda1
    elif kind == "nearly equal lambdas":
        lambda2 = lambda1 * (1 + sign * log(random, -16, -6))
    elif kind == "crossing":  # of lambda1 alpha^2 with the top of the block (alpha, beta2)
        beta1 = log(random, -20, -1)
        h, e = 0.5 * lambda2 * (beta2**2 - alpha**2), lambda2 * (2 * alpha * beta2 - 1)
        block = 0.5 * lambda2 * (beta2**2 + alpha**2) + np.sqrt(h * h + e * e)
        lambda1 = block / alpha**2 * (1 + sign * log(random, -17, -3))
    elif kind == "no relevant arm":
        beta2 = 0.5 / alpha
    elif kind == "minimum":
        beta2, beta1 = 1 / alpha, np.where(sign > 0, 0.0, beta1)
    return alpha, beta1, beta2, lambda1, lambda2


KINDS = (
    "generic",
    "alpha through zero",
    "huge and tiny beta1",
    "any ratio of lambdas",
    "ratio near two and one",
    "equal lambdas",
    "nearly equal lambdas",
    "crossing",
    "no relevant arm",
    "minimum",
)


@pytest.fixture(scope="module", params=KINDS)
def case(request):
    alpha, beta1, beta2, lambda1, lambda2 = states(request.param, np.random.default_rng(KINDS.index(request.param)))
    theta = alpha, beta1, beta2, np.zeros(COUNT)
    p = tuple(np.broadcast_to(x, COUNT) for x in (lambda1, lambda2, 0.1, np.inf, np.inf))
    return theta, p


def test_the_top_eigenvalue_is_exact_to_1e_14(case):
    assert_top(bivariate.curvature(*case))


def test_sharpness_of_a_state_is_exact_to_1e_14(case):
    theta, p = case
    with np.errstate(all="ignore"):
        found = sharpness(bivariate, theta, p)
    assert np.isfinite(found).all() and (found > 0).all()
    for i in range(0, COUNT, 5):
        state, parameters = [x[i] for x in theta[:3]], [x[i] for x in p]
        assert relative_error(found[i], formulas.sharpness(state, parameters)) <= 1e-14, (state, parameters)


@pytest.mark.parametrize("distance", [1e-14, 3e-14, 1e-12, 1e-6, 0.1])
@pytest.mark.parametrize("side", [-1, 1])
def test_the_stability_test_never_errs_beyond_1e_14(case, side, distance):
    matrix = bivariate.curvature(*case)
    for i in range(0, COUNT, 10):
        entries = [float(x[i]) for x in matrix]
        top = formulas.top(*entries)
        tau = np.float64(top * (1 + side * distance))
        while abs(gmpy2.mpfr(tau) / top - 1) < distance:  # rounding brought it too near
            tau = np.nextafter(tau, side * np.inf)
        assert bool(arrowhead_stable(tuple(map(np.float64, entries)), tau)) is (side > 0), (entries, tau)


@pytest.mark.parametrize("distance", [1e-14, 1e-12, 1e-6])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_state_is_never_on_the_wrong_side_of_the_edge(case, side, distance):
    """With a step size that puts S eta / 2 at 1 +- distance, whatever the roundings from the state to the test."""
    theta, (lambda1, lambda2, *_) = case
    for i in range(0, COUNT, 10):
        state = [x[i] for x in theta]
        top = formulas.sharpness(state[:3], (lambda1[i], lambda2[i]))
        eta = np.float64(2 / top * (1 + side * distance))
        while abs(gmpy2.mpfr(eta) * top / 2 - 1) < distance:
            eta = np.nextafter(eta, np.inf if side > 0 else 0.0)
        p = lambda1[i], lambda2[i], eta, np.inf, np.inf
        with np.errstate(all="ignore"):
            assert bool(bivariate.stable(bivariate.curvature(state, p), EDGE)) is (side < 0), (state, p)


def test_blocks_of_zeros_have_their_eigenvalue():
    one, zero = np.ones(6), np.zeros(6)
    diagonal = np.array([0.0, 1.0, 0.0, 1.0, 2.0, 0.0])
    with np.errstate(all="ignore"):
        assert (arrowhead_top(zero, zero, zero, zero, zero) == 0).all()
        assert np.array_equal(arrowhead_top(diagonal, zero, zero, zero, zero), diagonal)
        assert np.array_equal(arrowhead_top(zero, diagonal, zero, zero, zero), diagonal)
        assert np.array_equal(arrowhead_top(zero, zero, diagonal, zero, zero), diagonal)
        assert np.array_equal(arrowhead_top(zero, zero, zero, one, zero), one)
        assert np.array_equal(arrowhead_top(zero, zero, zero, zero, one), one)
        assert (arrowhead_top(one, one, one, zero, zero) == 1).all()


decades = st.floats(-12, 12).map(lambda exponent: 10.0**exponent)
entry = st.one_of(st.just(0.0), decades)


@given(entry, entry, entry, entry, entry)
@settings(max_examples=300)
def test_any_arrowhead_matrix_with_a_diagonal_that_is_not_negative(d0, d1, d2, e1, e2):
    if any((d0, d1, d2, e1, e2)):
        assert_top([np.array([x]) for x in (d0, d1, d2, e1 * e1, e2 * e2)])


@given(st.floats(-3, 3), st.floats(-330, 3), st.floats(-3, 3), st.floats(-3, 8), st.floats(-6, 3), st.booleans())
@settings(max_examples=300)
def test_sharpness_of_a_state_that_carries_its_exponent(alpha, decade, beta2, lambda1, lambda2, negative):
    beta1 = (-1 if negative else 1) * 10.0**decade
    p = tuple(np.array([x]) for x in (10.0**lambda1, 10.0**lambda2, 1e-3, np.inf, np.inf))
    initial = {"alpha": np.array([alpha]), "beta1": np.array([beta1]), "beta2": np.array([beta2])}
    with np.errstate(all="ignore"):
        theta = enter(bivariate, initial, p)
        found = sharpness(bivariate, theta, p)[0]
    truth = formulas.sharpness((alpha, beta1, beta2), [x[0] for x in p])
    assert relative_error(found, truth) <= 1e-14


def random_states(count, seed=5):
    random = np.random.default_rng(seed)
    theta = (*random.normal(0, 1, (3, count)), np.zeros(count))
    p = (*(10.0 ** random.uniform(-2, 2, (3, count))), *(np.full(count, value) for value in OFF.values()))
    return theta, p


def test_sharpness_is_the_largest_eigenvalue_of_the_hessian():
    theta, p = random_states(1000)
    hessian = bivariate.hessian(theta, p)
    assert hessian.shape == (1000, 3, 3)
    np.testing.assert_allclose(sharpness(bivariate, theta, p), np.linalg.eigvalsh(hessian)[:, -1], rtol=1e-12)


ALPHA, BETA1, BETA2, LAMBDA1, LAMBDA2, ETA = symbols = sympy.symbols("alpha beta1 beta2 lambda1 lambda2 eta")
LOSS = LAMBDA1 * (ALPHA * BETA1) ** 2 / 2 + LAMBDA2 * (ALPHA * BETA2 - 1) ** 2 / 2


def test_hessian_is_that_of_the_loss():
    theta, p = random_states(200)
    truth = sympy.lambdify(symbols, sympy.hessian(LOSS, symbols[:3]))
    for i, found in enumerate(bivariate.hessian(theta, p)):
        exact = truth(*(x[i] for x in (*theta[:3], *p[:3])))
        np.testing.assert_allclose(found, exact, rtol=1e-13, atol=1e-14 * np.abs(exact).max())


def test_a_step_goes_down_the_gradient_of_the_loss():
    theta, p = random_states(200)
    np.testing.assert_allclose(bivariate.loss(theta, p), sympy.lambdify(symbols, LOSS)(*theta[:3], *p[:3]), rtol=1e-13)
    down = [x - ETA * sympy.diff(LOSS, x) for x in symbols[:3]]
    exact = sympy.lambdify(symbols, down)(*theta[:3], *p[:3])
    for found, right, before in zip(bivariate.step(theta, p)[:3], exact, theta[:3], strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-11, atol=1e-12 * np.abs(before).max())


@pytest.mark.parametrize("decade", [30, 60, 74, 97, 99, 120, 150])
def test_entries_of_any_size(decade):
    """No product of three entries overflows, and a matrix in other units has the eigenvalue in those units."""
    rng = np.random.default_rng(decade)
    entries = np.abs(rng.normal(size=(3, 400))), rng.normal(size=(2, 400)) ** 2 * 10.0 ** rng.uniform(-12, 0, (2, 400))
    unit = 2.0 ** np.floor(decade * np.log2(10))
    matrix = [*(entries[0] * unit), *(entries[1] * unit * unit)]
    np.testing.assert_allclose(arrowhead_top(*matrix), arrowhead_top(*np.concatenate(entries)) * unit, rtol=1e-15)


@pytest.mark.parametrize("decade", [150, 199, 201, 250, 300])
def test_a_diagonal_of_any_size(decade):
    """Arms of up to 1e150, whose squares are doubles, beside it."""
    rng = np.random.default_rng(decade)
    diagonal = np.abs(rng.normal(size=(3, 60))) * 10.0 ** (decade - rng.choice([0, 0, 1, 20, 150], (3, 60)))
    assert_top([*diagonal, *10.0 ** rng.uniform(-300, 300, (2, 60))])


def test_stages_without_units_make_no_small_number_of_a_huge_matrix():
    """Where products overflow, the result is huge, infinite or NaN, so it is seen; elsewhere units change no bit."""
    rng = np.random.default_rng(7)
    decades = rng.uniform(-150, 150, (5, 20_000)) * (rng.random((5, 20_000)) < 0.9)
    d, q = 10.0 ** decades[:3] * (rng.random((3, 20_000)) < 0.9), 10.0 ** (2 * decades[3:])
    matrix = *d, *np.where(rng.random((2, 20_000)) < 0.9, q, 0.0)
    with np.errstate(all="ignore"):
        found, in_units = solved(tuple(ARROWHEAD_STAGES), matrix), ARROWHEAD_STAGES.again(matrix)[0]
    huge = sum(d) > 1e98
    assert 0.2 < huge.mean() < 0.8 and not usable(found[huge]).any()
    np.testing.assert_array_equal(found[~huge], in_units[~huge])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(arrowhead_top(*matrix), in_units)


def test_beta1_may_be_huge():
    p = (100.0, 0.01, 0.05, np.inf, np.inf)
    for alpha, beta1 in ((0.0, 1e80), (1e-70, 1e75), (0.3, 1e120), (1.0, 1e40)):
        true = formulas.sharpness((alpha, beta1, 0.5), p)
        found = float(sharpness(bivariate, (alpha, beta1, 0.5, 0.0), p))
        assert found == pytest.approx(float(true), rel=1e-14)

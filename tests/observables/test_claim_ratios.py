"""The ratio of each claim of Liu et al. 2025 is at most one exactly where the claim's own words hold."""

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep.eigen.sharpness import top
from eos_sweep.models import bivariate, bivariate_claims, bivariate_theory
from eos_sweep.state import enter
from helpers import formulas
from helpers.claim_runs import A
from helpers.kernel_and_numpy import columns
from helpers.random_points import random_points


def states(count, seed):
    """Return (theta, p) of random points, and one step on."""
    initial, parameters = columns(*random_points(count, seed))
    p = tuple(parameters.values())
    with np.errstate(all="ignore"):
        theta = enter(bivariate, initial, p)
        after = bivariate.step(theta, p)
        fine = bivariate.loss(after, p) < 1e6
    return (*(tuple(x[fine] for x in values) for values in (theta, after, p)),)


def test_the_sharpness_is_compared_with_the_curvature_along_beta1():
    theta, _, p = states(2000, 21)
    size = np.linalg.eigvalsh(bivariate.hessian(theta, p))[:, -1]
    along = p[0] * theta[0] ** 2
    assert (size >= along * (1 - 1e-13)).all()  # the lower bound cannot fail
    ratio = bivariate_claims.lemma_4_2_i(bivariate.curvature(theta, p), top(bivariate, theta, p))
    np.testing.assert_allclose(ratio, size / (1.12 * along), rtol=1e-12)
    assert 0.1 < (ratio <= 1).mean() < 0.9


def test_the_angle_is_that_of_the_top_eigenvector():
    theta, _, p = states(2000, 22)
    matrix = bivariate.hessian(theta, p)
    values, vectors = np.linalg.eigh(matrix)
    apart = values[:, 2] - values[:, 1] > 1e-6 * values[:, 2]
    cosine = np.abs(vectors[:, 1, 2])
    ratio = bivariate_claims.lemma_4_2_ii(bivariate.curvature(theta, p), top(bivariate, theta, p))
    np.testing.assert_allclose((1 - 0.19 * ratio)[apart], (cosine**2)[apart], atol=1e-9)
    clear = apart & (np.abs(cosine - 0.9) > 1e-9)
    assert ((ratio <= 1) == (cosine > 0.9))[clear].all() and 0.1 < (ratio <= 1).mean() < 0.9


@pytest.mark.parametrize("beta1", [1e-2, 1e-9, 1e-60, 1e-200, 0.0])
def test_without_beta1_the_angle_is_none(beta1):
    p = tuple(np.array([x]) for x in (100.0, 0.01, 0.05, np.inf, np.inf))
    theta = enter(bivariate, {name: np.array([x]) for name, x in (A | {"beta1": beta1}).items()}, p)
    ratio = bivariate_claims.lemma_4_2_ii(bivariate.curvature(theta, p), top(bivariate, theta, p))
    assert ratio[0] == pytest.approx(4 * beta1**2 / 0.57**2 / 0.19, rel=0.01, abs=1e-12)


def test_beta2_increases_where_the_ratio_says_so():
    theta, after, p = states(2000, 23)
    ratio = bivariate_claims.lemma_4_2_iii(theta, after, p)
    clear = after[2] != theta[2]
    assert ((ratio < 1) == (after[2] > theta[2]))[clear].all() and 0.1 < (ratio < 1).mean() < 0.9


def test_above_the_edge_one_of_two_things_happens():
    theta, after, p = states(2000, 24)
    theta = tuple(np.where(theta[3] == 0, x, np.nan) for x in theta)
    grows, falls = np.abs(after[1]) >= np.abs(theta[1]), np.abs(after[0]) <= np.abs(theta[0])
    known = ~np.isnan(theta[0]) & (theta[1] != 0)
    with np.errstate(divide="ignore"):
        ratio = bivariate_claims.theorem_4_4(theta, after, p)
    assert ((ratio <= 1) == (grows | falls))[known].all() and 0.1 < (ratio <= 1)[known].mean() < 0.9


def surrogate(theta, p):
    """Lhat, from its definition, in the numbers that it is given."""
    lambda1, lambda2, eta = p[:3]
    return lambda2 * (theta[2] * gmpy2.sqrt(2 / (eta * lambda1)) - 1) ** 2 / 2


def test_the_rate_of_the_surrogate_loss_is_judged_as_its_squares_are():
    theta, _, p = states(300, 25)
    kept = 0
    for k in np.flatnonzero((p[1] / p[0] < 0.2) & (theta[3] == 0)):
        at, q = [float(x[k]) for x in theta[:3]], [float(x[k]) for x in p]
        with formulas.precise(200):
            start, after = formulas.trajectory(at, q, 1)[:2]
            ratio = surrogate(after, list(map(gmpy2.mpfr, q))) / surrogate(start, list(map(gmpy2.mpfr, q)))
            small = gmpy2.mpfr(q[1]) / gmpy2.mpfr(q[0])
            holds = (1 - 4 * small) ** 2 <= ratio <= (1 - small) ** 2
        mine = bivariate_claims.theorem_4_6(tuple(x[k] for x in theta), None, tuple(x[k] for x in p))
        assert holds == (mine <= 1), (at, q)
        kept += holds
    assert 10 < kept < 200


@given(st.floats(0, 4), st.floats(-6, 0), st.floats(-3, 0), st.floats(0.01, 0.99))
def test_on_the_edge_the_rate_is_two_whatever_the_step_size(lambda1, lambda2, eta, share):
    """(1 - 2 lambda2/lambda1)^2: in the middle of the bounds one and four, on a scale of factors."""
    lambda1, lambda2, eta = (10.0**x for x in (lambda1, lambda2, eta))
    edge = bivariate_theory.edge_weight(lambda1, eta)
    theta, p = (edge, 0.0, share / edge, 0.0), (lambda1, lambda2, eta, np.inf, np.inf)
    assert bivariate_claims.theorem_4_6(theta, None, p) == pytest.approx(0.5, rel=1e-9)
    with formulas.precise(200):
        exact = [gmpy2.mpfr(x) for x in p]
        at_edge = gmpy2.sqrt(2 / (exact[2] * exact[0]))
        start, after = formulas.trajectory((at_edge, 0, gmpy2.mpfr(share) / at_edge), p, 1)[:2]
        ratio = surrogate(after, exact) / surrogate(start, exact)
        assert abs(ratio - (1 - 2 * exact[1] / exact[0]) ** 2) < gmpy2.mpfr(10) ** -50


def test_the_flow_sharpness_is_compared_with_itself_and_its_bounds():
    theta, after, p = states(2000, 26)
    before, later = (
        bivariate_theory.gradient_flow_sharpness(p[0], x[0], x[1] * (x[3] == 0), x[2]) for x in (theta, after)
    )
    np.testing.assert_allclose(bivariate_claims.gfs_decrease(theta, after, p), later / before, rtol=1e-12)
    low, high = bivariate_theory.gradient_flow_sharpness_bounds(p[0], after[0], after[2], p[4])
    assert (low <= later * (1 + 1e-12)).all()  # after a step |beta1| <= radius
    np.testing.assert_allclose(
        bivariate_claims.gfs_bounds(theta, after, p), np.maximum(low / later, later / high), rtol=1e-12
    )

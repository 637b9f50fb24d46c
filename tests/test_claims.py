"""The claims of Liu et al. 2025: each against its definition, where it holds, where it fails in exact arithmetic."""

import gmpy2
import numpy as np
import oracle
import pytest
from conftest import ALL, columns, random_points, simulate
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import claims, models, observables, theory
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate
from eos_sweep.sharpness import top
from eos_sweep.state import enter
from eos_sweep.verify.confirm import confirm

RADIUS = np.sqrt(10) / 60
A = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
AT = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "radius": RADIUS}
STEPWISE = [name for name in observables.CLAIMS if name != "theorem_4_1"]


def states(count, seed):
    """Return (theta, p) of random points, and one step on."""
    initial, parameters = columns(*random_points(count, seed))
    p = tuple(parameters.values())
    with np.errstate(all="ignore"):
        theta = enter(bivariate, initial, p)
        after = bivariate.step(theta, p)
        fine = bivariate.loss(after, p) < 1e6
    return (*(tuple(x[fine] for x in values) for values in (theta, after, p)),)


# Each ratio is at most one exactly where the claim's own words hold


def test_the_sharpness_is_compared_with_the_curvature_along_beta1():
    theta, _, p = states(2000, 21)
    size = np.linalg.eigvalsh(bivariate.hessian(theta, p))[:, -1]
    along = p[0] * theta[0] ** 2
    assert (size >= along * (1 - 1e-13)).all()  # the lower bound cannot fail
    ratio = claims.lemma_4_2_i(bivariate.curvature(theta, p), top(bivariate, theta, p))
    np.testing.assert_allclose(ratio, size / (1.12 * along), rtol=1e-12)
    assert 0.1 < (ratio <= 1).mean() < 0.9


def test_the_angle_is_that_of_the_top_eigenvector():
    theta, _, p = states(2000, 22)
    matrix = bivariate.hessian(theta, p)
    values, vectors = np.linalg.eigh(matrix)
    apart = values[:, 2] - values[:, 1] > 1e-6 * values[:, 2]
    cosine = np.abs(vectors[:, 1, 2])
    ratio = claims.lemma_4_2_ii(bivariate.curvature(theta, p), top(bivariate, theta, p))
    np.testing.assert_allclose((1 - 0.19 * ratio)[apart], (cosine**2)[apart], atol=1e-9)
    clear = apart & (np.abs(cosine - 0.9) > 1e-9)
    assert ((ratio <= 1) == (cosine > 0.9))[clear].all() and 0.1 < (ratio <= 1).mean() < 0.9


@pytest.mark.parametrize("beta1", [1e-2, 1e-9, 1e-60, 1e-200, 0.0])
def test_without_beta1_the_angle_is_none(beta1):
    p = tuple(np.array([x]) for x in (100.0, 0.01, 0.05, np.inf, np.inf))
    theta = enter(bivariate, {name: np.array([x]) for name, x in (A | {"beta1": beta1}).items()}, p)
    ratio = claims.lemma_4_2_ii(bivariate.curvature(theta, p), top(bivariate, theta, p))
    assert ratio[0] == pytest.approx(4 * beta1**2 / 0.57**2 / 0.19, rel=0.01, abs=1e-12)


def test_beta2_increases_where_the_ratio_says_so():
    theta, after, p = states(2000, 23)
    ratio = claims.lemma_4_2_iii(theta, after, p)
    clear = after[2] != theta[2]
    assert ((ratio < 1) == (after[2] > theta[2]))[clear].all() and 0.1 < (ratio < 1).mean() < 0.9


def test_above_the_edge_one_of_two_things_happens():
    theta, after, p = states(2000, 24)
    theta = tuple(np.where(theta[3] == 0, x, np.nan) for x in theta)
    grows, falls = np.abs(after[1]) >= np.abs(theta[1]), np.abs(after[0]) <= np.abs(theta[0])
    known = ~np.isnan(theta[0]) & (theta[1] != 0)
    with np.errstate(divide="ignore"):
        ratio = claims.theorem_4_4(theta, after, p)
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
        with oracle.precise(200):
            start, after = oracle.trajectory(at, q, 1)[:2]
            ratio = surrogate(after, list(map(gmpy2.mpfr, q))) / surrogate(start, list(map(gmpy2.mpfr, q)))
            small = gmpy2.mpfr(q[1]) / gmpy2.mpfr(q[0])
            holds = (1 - 4 * small) ** 2 <= ratio <= (1 - small) ** 2
        mine = claims.theorem_4_6(tuple(x[k] for x in theta), None, tuple(x[k] for x in p))
        assert holds == (mine <= 1), (at, q)
        kept += holds
    assert 10 < kept < 200


@given(st.floats(0, 4), st.floats(-6, 0), st.floats(-3, 0), st.floats(0.01, 0.99))
def test_on_the_edge_the_rate_is_two_whatever_the_step_size(lambda1, lambda2, eta, share):
    """(1 - 2 lambda2/lambda1)^2: in the middle of the bounds one and four, on a scale of factors."""
    lambda1, lambda2, eta = (10.0**x for x in (lambda1, lambda2, eta))
    edge = theory.edge_weight(lambda1, eta)
    theta, p = (edge, 0.0, share / edge, 0.0), (lambda1, lambda2, eta, np.inf, np.inf)
    assert claims.theorem_4_6(theta, None, p) == pytest.approx(0.5, rel=1e-9)
    with oracle.precise(200):
        exact = [gmpy2.mpfr(x) for x in p]
        at_edge = gmpy2.sqrt(2 / (exact[2] * exact[0]))
        start, after = oracle.trajectory((at_edge, 0, gmpy2.mpfr(share) / at_edge), p, 1)[:2]
        ratio = surrogate(after, exact) / surrogate(start, exact)
        assert abs(ratio - (1 - 2 * exact[1] / exact[0]) ** 2) < gmpy2.mpfr(10) ** -50


def test_the_flow_sharpness_is_compared_with_itself_and_its_bounds():
    theta, after, p = states(2000, 26)
    before, later = (theory.gradient_flow_sharpness(p[0], x[0], x[1] * (x[3] == 0), x[2]) for x in (theta, after))
    np.testing.assert_allclose(claims.gfs_decrease(theta, after, p), later / before, rtol=1e-12)
    low, high = theory.gradient_flow_sharpness_bounds(p[0], after[0], after[2], p[4])
    assert (low <= later * (1 + 1e-12)).all()  # after a step |beta1| <= radius
    np.testing.assert_allclose(claims.gfs_bounds(theta, after, p), np.maximum(low / later, later / high), rtol=1e-12)


# Along a trajectory


def asked(run, parameters):
    """Return claim -> (steps on which it is asked, steps on which it fails), from a trajectory's numbers alone."""
    lambda1, lambda2, eta = (parameters[name] for name in ("lambda1", "lambda2", "eta"))
    a, b, c = (run[name].values for name in bivariate.STATE)
    ratio, depth = (run.sharpness / run.threshold).values, run.log10_abs_beta1.values
    vectors = np.linalg.eigh(bivariate.hessian((a, b, c, np.zeros_like(a)), tuple(parameters.values())))[1]
    step = np.arange(1, a.size)
    up = step[(ratio[1:] >= 1) & (ratio[:-1] < 1)]
    reached = np.maximum.accumulate(ratio)[:-1] >= 1
    left = c * np.sqrt(2 / (eta * lambda1)) - 1
    change = np.diff(left) / left[:-1] * lambda1 / lambda2
    phi = run.flow_sharpness.values
    every = np.append(0, step)
    return {
        "lemma_4_2_i": (every, ratio * 2 / eta > 1.12 * lambda1 * a**2 * (1 + 1e-12)),
        "lemma_4_2_ii": (every, np.abs(vectors[:, 1, 2]) < 0.9),
        "lemma_4_2_iii": (step, np.diff(c) < 0),
        "theorem_4_3": (step[~reached], (np.diff(ratio) < -1e-13)[~reached]),
        "theorem_4_4": (
            step[ratio[:-1] >= 1],
            ((np.diff(depth) < -1e-12) & (np.diff(np.abs(a)) > 0))[ratio[:-1] >= 1],
        ),
        "theorem_4_6": (step, reached & (step <= up.max(initial=0)) & ((-change < 1 - 1e-6) | (-change > 4 + 1e-6))),
        "gfs_decrease": (step, phi[1:] > phi[:-1] * (1 + 1e-7)),
        "gfs_bounds": (step, phi[1:] * c[1:] ** 2 > lambda1 * (1 + 1e-9)),
    }


RUNS = {
    "A": (A, AT),
    "A from X": (A | {"beta1": 0.005}, AT),
    "a small error left": (
        {"alpha": 0.1369, "beta1": 1e-5, "beta2": 5.41},
        {"lambda1": 1000.0, "lambda2": 1e-3, "eta": 0.08, "radius": 0.0166},
    ),
    "flips": ({"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}, AT | {"eta": 0.15, "radius": 0.3}),
    "a fast drift": (A, AT | {"lambda2": 1.0}),
    "overshoot": ({"alpha": 0.4, "beta1": 0.001, "beta2": 1.1}, AT | {"lambda2": 10.0, "eta": 0.1}),
    "no edge": ({"alpha": 0.5, "beta1": 0.3, "beta2": 0.5}, AT | {"eta": 0.004, "radius": np.inf}),
}


@pytest.mark.parametrize("name", RUNS)
def test_failures_and_the_first_are_those_of_the_definitions(name):
    start, given_ = RUNS[name]
    steps = 3000
    run = eos_sweep.trajectory("bivariate", given_, start, steps=steps)
    parameters = {q: given_.get(q, np.inf) for q in bivariate.PARAMETERS}
    found = {variable: values[0] for variable, values in simulate(start, given_, steps, ALL).items()}
    assert found["steps_taken"] == steps
    for claim, (where, fails) in asked(run, parameters).items():
        assert found[f"{claim}_failures"] == fails.sum(), claim
        assert found[f"{claim}_first_failure"] == (where[fails.argmax()] if fails.any() else -1), claim
        assert (found[f"{claim}_worst"] > 1) == fails.any() or found[f"{claim}_worst"] < 1 + 1e-7, claim


def test_each_claim_fails_on_some_of_the_runs_above():
    lost = set()
    for start, given_ in RUNS.values():
        found = simulate(start, given_, 3000, ALL)
        lost |= {claim for claim in STEPWISE if found[f"{claim}_failures"][0]}
    assert lost == set(STEPWISE)


def failures(start, parameters, steps=10_000):
    """Return claim -> number of steps on which it fails."""
    found = simulate(start, parameters, steps, ALL)
    return {claim: int(found[f"{claim}_failures"][0]) for claim in STEPWISE}


def test_the_reference_run_keeps_all_claims_but_progressive_sharpening():
    """It starts with |beta1| above delta = 0.0079, outside of X(eta): S falls at first."""
    assert failures(A, AT) == dict.fromkeys(STEPWISE, 0) | {"theorem_4_3": 2}
    assert failures(A | {"beta1": 0.004}, AT) == dict.fromkeys(STEPWISE, 0)
    assert (
        claims.margin(A | AT)
        < 0
        < claims.margin(A | AT | {"beta1": 0.004, "eta": 0.049, "lambda2": 0.0099, "lambda1": 100.5})
    )


@pytest.mark.parametrize("along", [1.02, 1.3, 1.7, 1.95])
def test_sharpness_increases_from_a_start_with_little_beta1_only(along):
    """S = lambda1 (alpha^2 + 4 beta1^2 + ...): beta1^2 must be below delta^2/(5 - 2 eta lambda1 alpha^2)."""
    lambda1, lambda2, eta = 1e4, 1e-5, 0.05
    alpha = np.sqrt(along / (eta * lambda1))
    beta2 = 0.3 * np.sqrt(eta * lambda1 / 2)
    delta = np.sqrt(lambda2 * beta2 * (1 - alpha * beta2) / (lambda1 * alpha))
    limit = delta / np.sqrt(5 - 2 * along)
    given_ = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "radius": np.sqrt(10) / 6 / np.sqrt(lambda1)}
    start = {"alpha": alpha, "beta1": limit * np.array([0.98, 1.02]), "beta2": beta2}
    found = simulate(start, given_, 1, ALL)
    assert found["theorem_4_3_failures"].tolist() == [0, 1]


@pytest.mark.parametrize(("product", "eta", "lost"), [(10, 0.05, False), (100, 0.05, False), (1000, 0.1, True)])
def test_how_large_a_product_of_variances_loses_the_growth_of_beta2(product, eta, lost):
    """At 100 beta2 rests in doubles where all is learnt, but it does not fall, and grows on in exact arithmetic."""
    q = np.sqrt(eta * 100)
    start = {"alpha": np.sqrt(1.6) / q, "beta1": 1e-3, "beta2": 0.5 * q / np.sqrt(2)}
    given_ = AT | {"lambda2": product / 100, "eta": eta}
    assert (failures(start, given_, 2000)["lemma_4_2_iii"] > 0) == lost
    exact = confirm("lemma_4_2_iii", bivariate, start, given_ | {"clip": np.inf}, 300)
    assert (exact.failures > 0) == lost and (exact.worst > 1) == lost
    if product == 100:
        run = eos_sweep.trajectory("bivariate", given_, start, steps=2000)
        change = np.diff(run.beta2.values)
        assert (change == 0).sum() > 100 and (change >= 0).all()


@given(st.integers(0, 10**6))
@settings(max_examples=5)
def test_from_the_usable_set_these_hold(seed):
    """Lemma 4.2, the bounds of phi, and theorem 4.3 where beta1 is small enough for it."""
    rng = np.random.default_rng(seed)
    count = 300
    lambda1 = 10 ** rng.uniform(2, 4, count)
    eta = np.exp(rng.uniform(np.log(2 / lambda1), np.log(0.1)))
    q = np.sqrt(eta * lambda1)
    start = {"alpha": np.sqrt(rng.uniform(1, 2, count)) / q, "beta2": rng.uniform(0.01, 1, count) * q / np.sqrt(2)}
    given_ = {"lambda1": lambda1, "lambda2": 10 ** rng.uniform(-3, 0, count) / lambda1, "eta": eta}
    given_ |= {"radius": np.sqrt(10) / 6 / np.sqrt(lambda1)}
    slack = given_["lambda2"] * start["beta2"] * (1 - start["alpha"] * start["beta2"]) / (lambda1 * start["alpha"])
    start["beta1"] = np.minimum(given_["radius"], 0.99 * np.sqrt(slack / 3))
    assert (claims.margin(start | given_) > 0).all()
    found = simulate(start, given_, 3000, ALL)
    for claim in ("lemma_4_2_i", "lemma_4_2_ii", "lemma_4_2_iii", "theorem_4_3", "gfs_bounds"):
        assert (found[f"{claim}_failures"] == 0).all(), claim
    assert (found["first_crossing"] > 0).sum() > 10


# Failures inside all assumptions

INSIDE = {  # claim -> lambda1, lambda2, eta, alpha, beta1, beta2, steps
    "theorem_4_3": (336.8, 8.261e-5, 0.06668, 0.2512, 7e-4, 2.378, 1),
    "theorem_4_4": (115.5, 0.006346, 0.05462, 0.4815, 3.264e-4, 1.392, 20_000),
    "theorem_4_6": (2536.0, 2.563e-4, 0.0267, 0.1376, 1.318e-5, 4.586, 12_000),
    "gfs_decrease": (108.0, 0.0086, 0.092, 0.34, 1e-5, 1.25, 200),
}


@pytest.mark.parametrize("claim", INSIDE)
def test_a_claim_that_fails_inside_the_assumptions_fails_in_exact_arithmetic(claim):
    lambda1, lambda2, eta, alpha, beta1, beta2, steps = INSIDE[claim]
    start = {"alpha": alpha, "beta1": beta1, "beta2": beta2}
    radius = np.sqrt(10) / 6 / np.sqrt(lambda1)
    given_ = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "clip": np.inf, "radius": radius}
    assert claims.margin(start | given_) > 0
    found = simulate(start, given_, steps, ALL)
    exact = confirm(claim, bivariate, start, given_, steps)
    assert exact.bits > 0 and exact.first > 0 and exact.worst > 1 + observables.get(claim).TOLERANCE
    assert (exact.failures, exact.first) == (found[f"{claim}_failures"][0], found[f"{claim}_first_failure"][0])
    assert exact.worst - 1 == pytest.approx(found[f"{claim}_worst"][0] - 1, rel=1e-4)


def inside(claim):
    """Return the trajectory of a point of INSIDE."""
    lambda1, lambda2, eta, alpha, beta1, beta2, steps = INSIDE[claim]
    given_ = {"lambda1": lambda1, "lambda2": lambda2, "eta": eta, "radius": "liu2025"}
    return eos_sweep.trajectory("bivariate", given_, {"alpha": alpha, "beta1": beta1, "beta2": beta2}, steps=steps)


def test_above_the_edge_beta1_may_shrink_and_alpha_rise_before_alpha_is_there():
    """Theorem 4.4 fails between S = 2/eta and lambda1 alpha^2 = 2/eta, where |beta1| < delta."""
    run = inside("theorem_4_4")
    a, b, c = (run[name].values for name in bivariate.STATE)
    fails = (run.sharpness.values >= run.threshold)[:-1] & (np.diff(np.abs(b)) < 0) & (np.diff(a) > 0)
    along, delta = run.lambda1.item() * a**2, run.lambda2.item() * c * (1 - a * c) / (run.lambda1.item() * a)
    narrow = (along < run.threshold) & (run.sharpness.values >= run.threshold) & (b * b < delta)
    assert fails.any() and (fails == narrow[:-1]).all()


def test_the_flow_sharpness_rises_by_what_the_relevant_gradients_add_to_the_balance():
    run = inside("gfs_decrease")
    a, b, c = (run[name].values for name in bivariate.STATE)
    phi, q = run.flow_sharpness.values, a * a - b * b - c * c
    rise = (run.eta.item() * run.lambda2.item() * (1 - a * c)) ** 2 * (c * c - a * a) / np.sqrt(q * q + 4)
    later = np.abs(b) < 1e-9
    np.testing.assert_allclose((phi[1:] / phi[:-1] - 1)[later[:-1]], rise[:-1][later[:-1]], atol=1e-14)
    assert rise.max() > 1e-7 and later.sum() > 50


def test_exact_arithmetic_agrees_on_the_sharpness_claims():
    start, given_ = RUNS["flips"]
    found = simulate(start, given_, 60, ALL)
    for claim in ("lemma_4_2_i", "lemma_4_2_ii", "theorem_4_3", "theorem_4_4"):
        exact = confirm(claim, bivariate, start, given_ | {"clip": np.inf}, 60)
        assert exact.failures == found[f"{claim}_failures"][0] and exact.first == found[f"{claim}_first_failure"][0]
        np.testing.assert_allclose(exact.worst, found[f"{claim}_worst"][0], rtol=1e-9, err_msg=claim)


def test_only_a_claim_about_steps_can_be_confirmed():
    for claim in ("theorem_4_1", "lemma_9"):
        with pytest.raises(InputError, match="there are: lemma_4_2_i, "):
            confirm(claim, bivariate, A, AT, 1)


# Where a run ends


@pytest.mark.parametrize(
    ("start", "given_", "steps", "verdict"),
    [
        (A, AT, 200_000, 1),
        (A, AT, 10_000, 3),  # on its way
        ({"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}, AT | {"eta": 0.18, "radius": np.inf}, 1000, 2),  # diverges
        (
            {"alpha": 1.4, "beta1": -0.019, "beta2": 0.228},
            {"lambda1": 16.7, "lambda2": 0.66, "eta": 1.11, "clip": 0.057},
            1000,
            2,
        ),  # an orbit
    ],
)
def test_theorem_4_1_is_decided_by_the_end(start, given_, steps, verdict):
    found = simulate(start, given_, steps, ALL)
    assert found["theorem_4_1"][0] == verdict
    assert verdict != 1 or (found["theorem_4_1_worst"][0] <= 1 and found["loss_final"][0] < 1e-12)


# Who makes claims, and the set of starts


def test_models_without_claims_store_none():
    for name in models.TABLE:
        model = models.get(name)
        known = observables.variables(model)
        made = {owner for owner, _ in known.values()} & set(observables.CLAIMS)
        assert made == (set(observables.CLAIMS) if model is bivariate else set()), name
        if not made:
            with pytest.raises(KeyError):
                observables.expand(["claims"], model)
    assert not any(name.startswith(observables.CLAIMS) for name in observables.expand(["default"], bivariate))


def test_margins_are_the_decades_to_each_assumption():
    inside = {
        "lambda1": 1000.0,
        "lambda2": 1e-4,
        "eta": 0.02,
        "radius": np.inf,
        "alpha": 0.25,
        "beta1": 1e-4,
        "beta2": 2.0,
    }
    found = claims.margins(inside)
    delta = np.sqrt(1e-4 * 2.0 * 0.5 / (1000.0 * 0.25))
    expected = [10.0, 10.0, 10.0, 5.0, 1.25, 1.6, np.sqrt(10.0) / 2.0, delta / 1e-4]
    np.testing.assert_allclose([float(x) for x in found.values()], np.log10(expected), rtol=1e-12)
    assert claims.margin(inside) == pytest.approx(np.log10(1.25))
    for name, value in {"lambda1": 50.0, "lambda2": 1.0, "eta": 0.2, "alpha": 0.1, "beta1": 1.0, "beta2": 4.0}.items():
        assert claims.margin(inside | {name: value}) < 0, name
    for name, value in {"alpha": -0.25, "beta2": -1.0}.items():
        assert claims.margin(inside | {name: value}) == -np.inf or claims.margin(inside | {name: value}) < -100, name

"""The claims of Liu et al. 2025: counted as defined along trajectories, and who makes them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import models, observables
from eos_sweep.checks.labels.confirm import confirm
from eos_sweep.models import bivariate, bivariate_claims
from helpers.claim_runs import AT, RUNS, A
from helpers.kernel_and_numpy import ALL, simulate

STEPWISE = [name for name in observables.CLAIMS if name != "theorem_4_1"]


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
        bivariate_claims.margin(A | AT)
        < 0
        < bivariate_claims.margin(A | AT | {"beta1": 0.004, "eta": 0.049, "lambda2": 0.0099, "lambda1": 100.5})
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
    assert (bivariate_claims.margin(start | given_) > 0).all()
    found = simulate(start, given_, 3000, ALL)
    for claim in ("lemma_4_2_i", "lemma_4_2_ii", "lemma_4_2_iii", "theorem_4_3", "gfs_bounds"):
        assert (found[f"{claim}_failures"] == 0).all(), claim
    assert (found["first_crossing"] > 0).sum() > 10


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
    found = bivariate_claims.margins(inside)
    delta = np.sqrt(1e-4 * 2.0 * 0.5 / (1000.0 * 0.25))
    expected = [10.0, 10.0, 10.0, 5.0, 1.25, 1.6, np.sqrt(10.0) / 2.0, delta / 1e-4]
    np.testing.assert_allclose([float(x) for x in found.values()], np.log10(expected), rtol=1e-12)
    assert bivariate_claims.margin(inside) == pytest.approx(np.log10(1.25))
    for name, value in {"lambda1": 50.0, "lambda2": 1.0, "eta": 0.2, "alpha": 0.1, "beta1": 1.0, "beta2": 4.0}.items():
        assert bivariate_claims.margin(inside | {name: value}) < 0, name
    for name, value in {"alpha": -0.25, "beta2": -1.0}.items():
        assert (
            bivariate_claims.margin(inside | {name: value}) == -np.inf
            or bivariate_claims.margin(inside | {name: value}) < -100
        ), name

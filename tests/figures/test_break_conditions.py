"""The break conditions and the open questions: counter-examples in exact arithmetic, closed forms, small helpers."""

import break_conditions
import decay
import numpy as np
import pytest
import unclipped
import xarray as xr
from break_table import BREAKS

import eos_sweep
from eos_sweep import regimes
from eos_sweep.checks.exact import oracle
from eos_sweep.engine import batch
from eos_sweep.models import bivariate, bivariate_theory
from helpers.kernel_and_numpy import columns, simulate

NAMES = list(regimes.CODES)


def value(at, **given):
    """Return what a Break's closed form gives, from numbers; others are those of one point."""
    values = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "clip": 1.0, "radius": 0.05}
    values |= {"alpha": 0.5, "beta1": 0.01, "beta2": 0.5}
    return np.asarray(at({name: np.atleast_1d(np.float64(x)) for name, x in (values | given).items()}))


def labels(one, job_of):
    """Return the label of a Break's counter-example under a way to run it."""
    spec = break_conditions.spec_of(one.spec)
    assert set(one.example.at) == set(spec.dims)
    points = spec.inputs({name: np.array([float(x)]) for name, x in one.example.at.items()})
    found = job_of(spec.job(variables=regimes.REQUIRED, steps=one.example.steps), *points)
    return NAMES[int(regimes.classify(found, spec.limits)[0])]


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: f"{one.spec} {one.holds}")
def test_each_counter_example_does_what_it_says(one):
    assert labels(one, batch.run) == one.example.regime


@pytest.mark.slow
@pytest.mark.parametrize("one", BREAKS, ids=lambda one: f"{one.spec} {one.holds}")
def test_each_counter_example_is_exact(one):
    def exactly(*job):
        found, bits = oracle.run(*job)
        assert (bits > 0).all()
        return found

    assert labels(one, exactly) == one.example.regime


def test_sentences_name_what_is_measured_only():
    found = break_conditions.Found(*(np.array([1.0, 2.0, 4.0]) * k for k in (1, 3, 3, 2)), extra=7.0)
    for one in BREAKS:
        words = found.sentence(one.finding)
        assert "{" not in words and words.endswith(".")
    assert found.laws[0].exponent == pytest.approx(1) and found.ratio.tolist() == [1.5] * 3


# Closed forms


LAWS = {(one.spec, one.holds, one.pick): one for one in BREAKS}


def test_energy_keeps_its_side_of_four():
    """Without a bound and for lambda2 = 0: E' - 4 = (E - 4)(1 + x^2 y^2), x^2 = eta lambda1 alpha^2, y^2 likewise."""
    rng = np.random.default_rng(0)
    initial = {"alpha": rng.uniform(0.1, 1, 200), "beta1": rng.uniform(0.01, 1, 200), "beta2": 0.5}
    parameters = {"lambda1": 50.0, "lambda2": 1e-60, "eta": rng.uniform(0.01, 0.3, 200)}
    (alpha, beta1, beta2), p = (tuple(table.values()) for table in columns(initial, parameters))
    after = bivariate.step((alpha, beta1, beta2, np.zeros(200)), p)
    energy = bivariate_theory.unclipped_energy(50.0, parameters["eta"], alpha, beta1)
    grown = bivariate_theory.unclipped_energy(50.0, parameters["eta"], after[0], after[1])
    pushed = (50.0 * parameters["eta"]) ** 2 * (alpha * beta1) ** 2
    np.testing.assert_allclose(grown - 4, (energy - 4) * (1 + pushed), rtol=1e-11, atol=1e-11)


def test_closed_forms_are_inverses_of_each_other():
    alpha = value(LAWS["break_start_alpha", "crossings > 0", "first"].predicted, eta=0.015)
    assert bivariate_theory.onset_step_size(100.0, alpha, 0.01, 0.5) == pytest.approx(0.015, rel=1e-12)
    for spec in ("break_product", "break_ratio"):
        lambda2 = value(LAWS[spec, "edge_of_stability", "ends"].predicted)
        assert bivariate_theory.smallest_radius(lambda2, 0.05) == pytest.approx(0.05, rel=1e-12)
    clip, eta = 3.0, value(LAWS["break_clip", "sign_flip", "first"].predicted, clip=3.0)
    assert eta * 100.0 * (eta * clip / 2) ** 2 == pytest.approx(1, rel=1e-12)
    clip, eta = 0.2, value(LAWS["break_clip", "edge_of_stability", "first"].predicted, clip=0.2)
    assert bivariate_theory.smallest_radius(0.01, eta) == pytest.approx(eta * clip / 2, rel=1e-12)
    for holds, energy in (("divergence", 4.0), ("steps_above > 0", 2.0)):
        eta = value(LAWS["break_unclipped", holds, "first"].predicted, beta1=0.3)
        assert bivariate_theory.unclipped_energy(100.0, eta, 0.5, 0.3) == pytest.approx(energy, rel=1e-12)


def test_both_features_are_at_their_edge_where_the_formula_says():
    lambda2 = value(LAWS["break_ratio", "edge_of_stability", "again"].predicted)
    alpha = np.sqrt(2.0 / (0.05 * 100.0)) * np.ones(1)
    p = (np.full(1, 100.0), lambda2, np.full(1, 0.05), np.full(1, np.inf), np.full(1, np.inf))
    spectrum = np.linalg.eigvalsh(bivariate.hessian((alpha, np.zeros(1), 1 / alpha, np.zeros(1)), p)[0])
    np.testing.assert_allclose(spectrum, [0, 40, 40], atol=1e-12)


def test_the_start_of_an_unclipped_run_is_at_the_edge_short_of_energy_two():
    one = LAWS["break_unclipped", "steps_above > 0", "first"]
    spec = eos_sweep.Sweep.from_dict(
        break_conditions.spec_of(one.spec).to_dict()
        | {"axes": {"beta1": [1e-3, 1e-2], "eta": {"log": [0.07, 0.09, 8]}}, "steps": 1}
    )
    edge = eos_sweep.boundary(spec, "eta", "first_crossing == 0", rtol=1e-12).edge[:, 0].values
    for beta1, eta in zip((1e-3, 1e-2), edge, strict=True):
        given = {"beta1": beta1, "eta": eta}
        assert value(one.measured, **given) == pytest.approx(value(one.expected, **given).item(), rel=400 * beta1**2)


# The plateau


@pytest.mark.parametrize("beta1", [0.2, 0.25, 0.3])
def test_runs_stay_on_the_plateau_as_long_as_the_closed_form_says_the_more_so_the_longer(beta1):
    errors = []
    for lambda2 in (0.03, 0.01):
        point = {"lambda1": 100.0, "lambda2": lambda2, "eta": 0.1, "beta1_final": beta1, "beta2_final": 0.3}
        expected = unclipped.stay(xr.Dataset({name: ("seed", [number]) for name, number in point.items()})).item()
        parameters = {name: point[name] for name in ("lambda1", "lambda2", "eta")}
        found = simulate({"alpha": 1e-4, "beta1": beta1, "beta2": 0.3}, parameters, int(1.1 * expected))
        errors.append(found["plateau_steps"][0] / expected - 1.0)
    assert 0 < errors[1] < 0.3 * errors[0] < 0.3 * 0.04


def test_fates_are_told_by_the_last_loss():
    code = np.array([regimes.CODES[name] for name in ("divergence", *["sign_flip"] * 3, "stable", "periodic")], np.int8)
    loss = np.array([9.0, 0.001, 0.00497, 0.006, 0.0, 0.0])
    dataset = xr.Dataset({"regime": ("seed", code), "loss_final": ("seed", loss)}, {"lambda2": 0.01})
    fates = unclipped.fate(dataset)
    words = [
        "divergence",
        "flip, recovered",
        "flip, on the plateau",
        "flip, loss above it",
        "never above 2/η",
        "unsettled",
    ]
    assert [list(unclipped.FATES)[k] for k in fates] == words
    np.testing.assert_allclose(unclipped.shares(fates).sum(), 100.0)


# The decay


def test_slopes_and_times_are_exact_for_an_exponential_decay():
    steps, rate = np.array([0, 64, 128, 256, 512]), np.array([-0.002, -0.01])
    values = -0.3 + steps[:, None] * rate
    at = np.array([50.0, 100.0, 400.0])
    between = decay.between(steps, values, at)
    np.testing.assert_allclose(between, -0.3 + at[:, None] * rate, rtol=1e-12)
    np.testing.assert_allclose(decay.fitted(at, between), rate, rtol=1e-12)
    expected = (np.log(decay.LEVEL) + 0.3) / rate
    found = decay.fallen(steps, values)
    assert np.isnan(found[0]) == (expected[0] > 512) and found[1] == pytest.approx(expected[1], rel=1e-12)


def test_on_the_edge_the_surrogate_loss_decays_by_its_rate():
    given = {"lambda1": 100.0, "lambda2": 0.01, "eta": np.array([0.05, 0.08]), "radius": np.sqrt(10) / 60}
    start = {"alpha": 1.3 / np.sqrt(100 * given["eta"]), "beta1": 0.01, "beta2": 0.5}
    logs = []
    for steps in (1000, 4000):
        found = simulate(start, given, steps, ("beta2_final",), 0.0)
        dataset = xr.Dataset({"beta2_final": (("lambda2", "eta"), found["beta2_final"][None])}, {"eta": given["eta"]})
        logs.append(decay.surrogate(dataset)[0])
    np.testing.assert_allclose((logs[1] - logs[0]) / 3000, 2 * np.log1p(-2e-4), rtol=0.02)

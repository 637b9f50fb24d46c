"""Exact arithmetic: the model's own functions against formulas written apart, and the kernel against both."""

import warnings

import gmpy2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep import regimes
from eos_sweep.checks.exact import arithmetic, oracle
from eos_sweep.checks.exact.precise_states import PreciseState
from eos_sweep.engine import batch
from eos_sweep.models import bivariate
from helpers import formulas
from helpers.kernel_and_numpy import ALL, columns
from helpers.random_points import random_points

HARD = 115  # of the random points below: chaotic


def job(steps, tolerance=0.0, variables=ALL):
    return batch.Job(bivariate, variables, steps, tolerance)


positive = st.floats(1e-3, 1e3)


@given(st.tuples(*[st.floats(-2, 2)] * 3), st.tuples(positive, positive, st.floats(1e-3, 3), positive, positive))
def test_the_models_functions_give_the_formulas_in_any_precision(theta, p):
    with arithmetic.precise(200):
        own = PreciseState(bivariate, theta, p)
        states = formulas.trajectory(theta, p, 5)
        for state in states[1:]:
            own.step()
            for mine, right in zip(own.theta, state, strict=False):
                assert abs(mine - right) <= gmpy2.mpfr(10) ** -50 * max(1, abs(right))
            margin = abs(formulas.sharpness(state, p) * p[2] / 2 - 1)
            if margin > 1e-30:
                assert own.snapshot().stable == (not formulas.above(state, p))


@pytest.mark.slow
def test_the_witness_of_underflow_comes_back():
    """Run B: log10|beta1| = -691.300 at step 1144; at step 3281 lambda1 alpha^2 eta / 2 is 2.06860422."""
    start, p = (0.4, 0.01, 0.5), (100.0, 0.01, 0.05, np.inf, np.sqrt(10) / 60)
    values = dict(zip((*bivariate.STATE, *bivariate.PARAMETERS), (*start, *p), strict=True))
    initial, parameters = columns(
        {name: values[name] for name in bivariate.STATE}, {name: values[name] for name in bivariate.PARAMETERS}
    )
    found = oracle.run_in(128, job(3281), initial, parameters)
    assert found["log10_abs_beta1_min"][0] == pytest.approx(-691.300, abs=1e-3)
    assert 100 * found["alpha_final"][0] ** 2 * 0.05 / 2 == pytest.approx(2.06860422, rel=1e-7)


@pytest.fixture(scope="module")
def both():
    """Many kinds of points, by the kernel and by the oracle, over a budget that CHUNK does not divide."""
    initial, parameters = columns(*random_points(160, 5))
    wanted = job(501, 1e-12)
    return batch.run(wanted, initial, parameters), *oracle.run(wanted, initial, parameters)


@pytest.mark.slow
def test_precision_was_enough(both):
    assert (both[2] > 0).all()


@pytest.mark.slow
def test_every_observable_of_the_kernel_is_that_of_exact_arithmetic(both):
    kernel, exact, _ = both
    assert set(kernel) == set(exact)
    parted = np.zeros(160, bool)  # chaotic or divergent: rounding has grown to something
    for name in ("alpha_final", "beta2_final", "log10_abs_beta1_final"):
        parted |= ~np.isclose(kernel[name], exact[name], rtol=1e-6, equal_nan=True)
    assert parted.mean() < 0.1
    for name, values in kernel.items():
        right = exact[name]
        assert values.dtype == right.dtype, name
        if values.dtype.kind == "i":
            assert (values == right)[~parted].all(), name
        else:
            # (alpha beta2 - 1)^2 has no digits left at a minimum, nor has the angle of v to e_beta1 for beta1 -> 0
            rest = {"loss_final": 1e-20, "lemma_4_2_ii_worst": 1e-12}.get(name, 0.0)
            np.testing.assert_allclose(values[~parted], right[~parted], rtol=1e-5, atol=rest, err_msg=name)


@pytest.mark.slow
def test_labels_agree(both):
    limits = regimes.thresholds()
    labels = [regimes.classify(values, limits) for values in both[:2]]
    assert (labels[0] == labels[1]).mean() >= 0.99
    assert len(np.unique(labels[1])) >= 5


@pytest.mark.slow
def test_precision_is_raised_where_a_trajectory_is_chaotic():
    """One of the points above needs 1024 bits for 501 steps."""
    initial, parameters = (
        {name: values[HARD : HARD + 1] for name, values in table.items()} for table in columns(*random_points(160, 5))
    )
    found, bits = oracle.run(job(501), initial, parameters)
    again = oracle.run_in(2 * oracle.RAISED * int(bits[0]), job(501), initial, parameters)  # one that was not compared
    assert bits[0] > oracle.FIRST_BITS
    for name, values in found.items():
        np.testing.assert_allclose(values, again[name], rtol=oracle.AGREEMENT_RTOL, err_msg=name)


def test_at_the_ends_of_the_range_labels_are_exact():
    """Sizes from the least to the largest that a spec takes, zeros, bounds of zero, equal variances, denormals."""
    rng = np.random.default_rng(3)
    count = 200

    def wide(least, most):
        return 10.0 ** rng.uniform(least, most, count)

    def any_of(*choices):
        return np.choose(rng.integers(len(choices), size=count), choices)

    parameters = {
        "lambda1": any_of(wide(-60, 60), wide(0, 4)),
        "lambda2": any_of(wide(-60, 60), wide(-4, 0)),
        "eta": any_of(wide(-60, 60), wide(-12, 12), wide(-3, 0)),
        "clip": any_of(np.full(count, np.inf), np.zeros(count), wide(-310, 300)),
        "radius": any_of(np.full(count, np.inf), np.zeros(count), wide(-310, 300)),
    }
    parameters["lambda2"] = np.where(rng.random(count) < 0.15, parameters["lambda1"], parameters["lambda2"])
    initial = {name: any_of(wide(-320, 60), -wide(-3, 1), wide(-3, 1), np.zeros(count)) for name in bivariate.STATE}
    wanted = job(300, 1e-20, regimes.REQUIRED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernel = batch.run(wanted, initial, parameters)
    exact, bits = oracle.run(wanted, initial, parameters)
    labels = [regimes.classify(found, regimes.thresholds()) for found in (kernel, exact)]
    assert (bits > 0).all() and len(np.unique(labels[1])) >= 5
    np.testing.assert_array_equal(*labels)


@pytest.mark.slow
def test_a_factor_that_rounds_to_zero_does_not_end_beta1():
    """eta lambda1 alpha^2 rounds to one at round numbers: beta1 shrinks 1e-17-fold then, and comes back."""
    lambda1, eta = (axis.ravel() for axis in np.meshgrid([10.0, 50.0, 100.0], [0.01, 0.02, 0.04, 0.08]))
    assert (eta * lambda1 * 0.25 == 1).any()
    initial, parameters = columns(
        {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}, {"lambda1": lambda1, "lambda2": 0.1, "eta": eta, "clip": 5.0}
    )
    wanted = job(3000, 1e-20, (*regimes.REQUIRED, "log10_abs_beta1_min"))
    kernel, (exact, _) = batch.run(wanted, initial, parameters), oracle.run(wanted, initial, parameters)
    labels = [regimes.classify(found, regimes.thresholds()) for found in (kernel, exact)]
    np.testing.assert_array_equal(*labels)
    np.testing.assert_allclose(kernel["log10_abs_beta1_min"], exact["log10_abs_beta1_min"], rtol=1e-3)


@pytest.mark.slow
def test_what_doubles_gave_is_confirmed_by_one_precision(both):
    """Where 128 bits give the same; made-up doubles are not confirmed, and change nothing."""
    initial, parameters = columns(*random_points(160, 5))
    wanted = job(501, 1e-12, ("crossings", "first_crossing", "sign_flips", "steps_taken", "outcome"))
    kernel, exact, bits = both
    found, needed = oracle.run(wanted, initial, parameters, kernel)
    assert all(np.array_equal(found[name], exact[name]) for name in wanted.variables)
    agree = np.all([kernel[name] == exact[name] for name in wanted.variables], axis=0)
    assert (needed == 53).sum() > 100 and (needed[needed == 53] <= bits[needed == 53]).all()
    assert (agree[needed == 53]).all() and (needed[~agree] != 53).all()
    wrong = {name: values + 1 for name, values in kernel.items()}
    again, needed = oracle.run(wanted, initial, parameters, wrong)
    assert (needed >= 128).all() and all(np.array_equal(again[name], exact[name]) for name in wanted.variables)

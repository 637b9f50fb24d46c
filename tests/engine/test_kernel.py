"""The compiled kernel against plain NumPy, bit for bit, and its indifference to everything but the trajectory."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.contract import CHUNK
from eos_sweep.eigen.stages import HUGE
from eos_sweep.engine import batch, preparing
from eos_sweep.models import bivariate
from helpers.expected_observables import CERTIFIED, assert_expected, expected
from helpers.kernel_and_numpy import ALL, COUNTS, CROSSINGS, LABELS, columns, follow, same_bits, simulate, until
from helpers.random_points import population, random_points

TOLERANCE = 1e-12
INITIAL, PARAMETERS, PATH = population(500, 1003, TOLERANCE)


def subset(values, rows):
    return {name: value[rows] for name, value in values.items()}


@pytest.fixture(scope="module")
def whole():
    return simulate(INITIAL, PARAMETERS, 1003, ALL, TOLERANCE)


def test_points_are_of_every_kind(whole):
    """What the tests below would not see if the points were all alike."""
    assert np.bincount(whole["outcome"], minlength=4)[1:].min() > 40
    assert (whole["crossings"] >= 2).sum() > 10
    assert (whole["sign_flips"] > 0).sum() > 10
    assert ((whole["clip_fraction"] > 0) & (whole["clip_fraction"] < 1)).sum() > 40
    assert (whole["log10_abs_beta1_min"] < -320).sum() > 10
    assert (np.isfinite(whole["log10_abs_beta1_min"]) & (whole["log10_abs_beta1_min"] < -400)).sum() > 5


def test_compiled_is_numpy_bit_for_bit(whole):
    assert_expected(whole, expected(PATH, PARAMETERS))


def test_every_variable_is_compared_with_the_reference(whole):
    assert set(expected(PATH, PARAMETERS)) | {"work"} == set(whole)


@pytest.mark.parametrize("steps", [
    *range(1, 9), 16, 17, 40,
    *(pytest.param(steps, marks=pytest.mark.slow) for steps in (*range(9, 16), *range(18, 40))),
])  # fmt: skip
def test_any_budget(steps):
    rows = slice(0, 120)
    initial, parameters = subset(INITIAL, rows), subset(PARAMETERS, rows)
    right = expected(follow(initial, parameters, steps, TOLERANCE), parameters)
    assert_expected(simulate(initial, parameters, steps, ALL, TOLERANCE), right)


@pytest.mark.parametrize("steps", [100, 159, 160, 161, 177, 999])
def test_budgets_whose_tail_begins_anywhere_in_a_chunk(steps):
    """Without a tolerance nothing converges, so that a shorter run is the beginning of a longer one."""
    initial, parameters, path = population(60, 1000, 0.0, seed=3)
    right = expected(until(path, steps), parameters)
    assert_expected(simulate(initial, parameters, steps, ALL, 0.0), right)


@pytest.fixture(scope="module", params=["all", "labels", "counts"])
def chosen(request, whole):
    """A choice of observables, and the results of the whole batch for it."""
    names = {"all": ALL, "labels": LABELS, "counts": COUNTS}[request.param]
    return names, whole if names == ALL else simulate(INITIAL, PARAMETERS, 1003, names, TOLERANCE)


def assert_same(left, right, rows=slice(None)):
    for name in left:
        assert same_bits(left[name], right[name][rows]), name


def test_order_of_rows_changes_no_bit(chosen):
    names, right = chosen
    order = np.random.default_rng(0).permutation(500)
    assert_same(simulate(subset(INITIAL, order), subset(PARAMETERS, order), 1003, names, TOLERANCE), right, order)


@pytest.mark.parametrize("size", [1, 3, 31, 32, 33, 64, 100])
def test_size_of_a_batch_and_splitting_into_tables_change_no_bit(chosen, size):
    names, right = chosen
    for first in range(0, 500 if size > 3 else 40, size):
        rows = slice(first, min(first + size, 500))
        assert_same(simulate(subset(INITIAL, rows), subset(PARAMETERS, rows), 1003, names, TOLERANCE), right, rows)


@pytest.mark.parametrize("position", [0, 1, 31, 32, 70])
def test_neighbours_change_no_bit(chosen, position):
    names, right = chosen
    strangers, theirs = random_points(71, 9)
    for row in (0, 7, 100, 400):
        initial = {name: np.insert(values[:70], position, INITIAL[name][row]) for name, values in strangers.items()}
        parameters = {name: np.insert(values[:70], position, PARAMETERS[name][row]) for name, values in theirs.items()}
        result = simulate(initial, parameters, 1003, names, TOLERANCE)
        assert_same(subset(result, [position]), right, [row])


def test_other_observables_change_no_bit(chosen, whole):
    names, right = chosen
    for name in names:
        if name in CERTIFIED:
            np.testing.assert_allclose(right[name], whole[name], rtol=1e-14)
        else:
            assert same_bits(right[name], whole[name]), name


def test_twice_the_budget_leaves_the_results_of_the_budget_as_they_are():
    """Also where there is but one trajectory, whose row of the table is a column, too."""
    more = (*LABELS, *(f"{name}_doubled" for name in CROSSINGS))
    for rows in (slice(0, 40), slice(7, 8)):
        given = subset(INITIAL, rows), subset(PARAMETERS, rows)
        alone, found = (simulate(*given, 103, names, TOLERANCE) for names in (LABELS, more))
        assert_same({name: found[name] for name in LABELS}, alone)


def test_threads_change_no_bit(whole):
    halves = [slice(0, 250), slice(250, 500)] * 4
    with ThreadPoolExecutor(4) as pool:
        tasks = [
            pool.submit(simulate, subset(INITIAL, rows), subset(PARAMETERS, rows), 1003, ALL, TOLERANCE)
            for rows in halves
        ]
        for rows, task in zip(halves, tasks, strict=True):
            assert_same(task.result(), whole, rows)


def test_only_wanted_variables_come_back_and_inputs_stay_as_they_were():
    initial, parameters = columns(*random_points(50, 10))
    before = {name: values.copy() for name, values in (initial | parameters).items()}
    result = batch.run(batch.Job(bivariate, ("sign_flips", "outcome"), 100, 0.0), initial, parameters)
    assert list(result) == ["sign_flips", "outcome", "work"]
    assert all(same_bits(before[name], values) for name, values in (initial | parameters).items())


def test_an_empty_batch_has_empty_results():
    result = simulate(subset(INITIAL, slice(0)), subset(PARAMETERS, slice(0)), 100, ALL)
    assert all(values.shape == (0,) for values in result.values())


# What the outcomes mean


def test_diverged_means_that_the_next_step_has_no_loss_below_the_limit(whole):
    diverged = np.flatnonzero(whole["outcome"] == 2)
    p = tuple(columns(subset(INITIAL, diverged), subset(PARAMETERS, diverged))[1].values())
    last = tuple(x[-1, diverged] for x in PATH.rescaled)
    with np.errstate(all="ignore"):
        after = bivariate.step(last, p)
        assert (bivariate.loss(last, p) < bivariate.LIMIT).all()
        assert not (bivariate.loss(after, p) < bivariate.LIMIT).any()
    assert (whole["loss_final"][diverged] < bivariate.LIMIT).all()
    assert (whole["steps_taken"][diverged] < 1003).all()
    assert np.isnan(whole["tail_mean"][diverged]).all()


def test_a_start_that_is_beyond_the_limit_has_diverged_without_a_step():
    initial = {"alpha": [1e20, 0.5, 1e200, np.nan], "beta1": [1e20, 0.01, 1e200, 0.1], "beta2": 1.0}
    result = simulate(initial, {"lambda1": 1.0, "lambda2": 1.0, "eta": 0.1}, 50)
    assert result["outcome"].tolist() == [2, 3, 2, 2]
    assert result["steps_taken"].tolist() == [0, 50, 0, 0]


def test_converged_means_settled_below_the_tolerance(whole):
    converged = np.flatnonzero(whole["outcome"] == 1)
    steps = whole["steps_taken"][converged]
    assert (steps % CHUNK == 0).all() and (whole["loss_final"][converged] < TOLERANCE).all()
    assert (whole["final_above"][converged] == 1).all()
    p = tuple(columns(subset(INITIAL, converged), subset(PARAMETERS, converged))[1].values())
    for back, right in ((0, True), (CHUNK, False)):  # the first multiple of CHUNK at which it holds
        rows = steps > back
        theta = tuple(x[steps[rows] - back, converged[rows]] for x in PATH.theta)
        q = tuple(x[rows] for x in p)
        with np.errstate(over="ignore", invalid="ignore"):  # of what a select discards
            settled = bivariate.settled(theta, q, bivariate.loss(theta, q), TOLERANCE)
        assert (settled == right).all()


def test_a_budget_that_is_spent_is_spent_to_the_last_step(whole):
    assert (whole["steps_taken"][whole["outcome"] == 3] == 1003).all()
    assert (whole["work"] == whole["steps_taken"]).all()


def test_what_did_not_diverge_is_finite(whole):
    bounded = whole["outcome"] != 2
    for name, values in whole.items():
        if name.startswith("log10"):  # -inf is the logarithm of a beta1 that is zero
            assert not np.isnan(values[bounded]).any() and (values[bounded] < np.inf).all()
        elif name.endswith("_worst"):  # of a claim that was never asked it is not a number
            assert not np.isinf(values[bounded]).any()
        else:
            assert np.isfinite(values[bounded]).all(), name


def test_crossings_agree_with_the_sharpness_of_each_step():
    """Where sharpness is not within 1e-14 of 2/eta, being above it says the same as the test that is compiled."""
    ratio = PATH.sharpness * PARAMETERS["eta"] / 2
    clear = np.abs(ratio - 1) > 1e-14
    assert np.array_equal((ratio > 1)[clear], PATH.unstable[clear]) and clear.mean() > 0.99
    result = expected(PATH, PARAMETERS)
    never = result["first_crossing"] < 0
    assert (result["steps_above"][never] == 0).all()
    assert (result["sharpness_max"] * PARAMETERS["eta"] / 2)[never].max() <= 1 + 1e-14


def test_first_crossing_comes_with_a_crossing_unless_it_was_there_from_the_start(whole):
    first, crossings, above, final = (whole[name] for name in CROSSINGS)
    assert ((crossings > 0) == (first > 0))[first != 0].all()
    assert ((above > 0) == (first >= 0)).all()
    assert (above >= crossings + (first == 0)).all()
    assert (above[final == 2] > 0).all()


def test_matrices_that_need_units_have_the_bits_of_numpy():
    """At alpha = beta2 = 0 nothing moves, so the loss is finite however huge the sharpness is."""
    decades = np.linspace(40, 60, 40)
    initial = {"alpha": 0.0, "beta1": 10.0**decades, "beta2": 0.0}
    parameters = {"lambda1": 10.0 ** (2 * decades - 70), "lambda2": 2.0, "eta": 1.0}
    found = simulate(initial, parameters, 40)
    right = 10.0 ** (4 * decades - 70)
    assert right[0] < HUGE < right[-1]
    for name in ("sharpness_max", "sharpness_min", "sharpness_mean", "sharpness_final"):
        np.testing.assert_allclose(found[name], right, rtol=1e-13)
    with np.errstate(all="ignore"):
        path = follow(initial, parameters, 40)
        assert_expected(found, expected(path, columns(initial, parameters)[1]))


def test_empty_lanes_take_no_steps():
    """One trajectory that converges at once is done at once, whatever its budget: two billion steps are minutes."""
    start = {"alpha": 1.0, "beta1": 1e-3, "beta2": 1.0}
    found = simulate(start, {"lambda1": 1.0, "lambda2": 1.0, "eta": 0.5}, 2_000_000_000, COUNTS, tolerance=1e-20)
    assert found["outcome"][0] == 1 and found["steps_taken"][0] < 1000


def test_a_run_that_converged_would_not_have_come_back(whole):
    """Followed for ten budgets more without an early end, it stays below 2/eta and keeps its sharpness."""
    converged = np.flatnonzero(whole["outcome"] == 1)
    rest = simulate(subset(INITIAL, converged), subset(PARAMETERS, converged), 10_030, ALL, 0.0)
    ended = subset(whole, converged)
    for name in ("crossings", "first_crossing", "steps_above", "sign_flips", "final_above"):
        assert np.array_equal(rest[name], ended[name]), name
    np.testing.assert_allclose(rest["sharpness_final"], ended["sharpness_final"], rtol=bivariate.MARGIN)
    assert len(converged) > 40 and (rest["steps_taken"] == 10_030).all()


def test_threads_that_need_a_kernel_wait_for_the_one_that_compiles_it():
    job = batch.Job(models.get("quartic"), ("steps_taken",), 10, 0.0)
    with ThreadPoolExecutor(4) as threads:
        kernels = list(threads.map(lambda _: preparing.prepare(job).kernel, range(4)))
    assert all(kernel is kernels[0] for kernel in kernels)

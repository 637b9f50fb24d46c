"""The underflow trap: beta1 falls to 1e-700 and grows again.  A double stays at zero, and the run rests above 2/eta.

Truth is the oracle: 45 digits and more, with exponents without end.  Runs A and B are the two reference runs, with and
without the trap; the map is 60 x 60 starts of which plain doubles get 15 % wrong.
"""

import functools

import gmpy2
import numpy as np
import pytest

from eos_sweep import regimes
from helpers import formulas
from helpers.kernel_and_numpy import ALL, CROSSINGS, LABELS, follow, simulate
from helpers.random_points import random_points

PARAMETERS = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "radius": np.sqrt(10) / 60}
P = (100, 0.01, 0.05, np.inf, np.sqrt(10) / 60)
STARTS = {"A": (0.57, 0.01, 0.5), "B": (0.4, 0.01, 0.5)}
EXACTLY = {
    "A": ("0.57", "0.01", "0.5"),
    "B": ("0.4", "0.01", "0.5"),
}  # decimals: their doubles are off by 1e-9 at the end
INITIAL = {name: [start[i] for start in STARTS.values()] for i, name in enumerate(("alpha", "beta1", "beta2"))}
A, B = 0, 1
STEPS = 10_000


def run(steps, variables=ALL):
    return simulate(INITIAL, PARAMETERS, steps, variables)


@functools.cache
def exact(name):
    with formulas.precise(200):
        radius = gmpy2.sqrt(gmpy2.mpfr(10)) / 60
    return formulas.trajectory(EXACTLY[name], ("100", "0.01", "0.05", "inf", radius), STEPS)


@functools.cache
def path():
    return follow(INITIAL, PARAMETERS, STEPS)


# Run A


def test_the_oracle_gives_run_a_to_all_digits():
    alpha, beta1, beta2 = exact("A")[1000]
    assert float(alpha) == pytest.approx(0.64019797442089178, rel=2e-16)
    assert float(beta1) == pytest.approx(1.87498195077947e-14, rel=1e-14)
    assert float(beta2) == pytest.approx(0.69516135884648928, rel=2e-16)
    alpha, _, beta2 = exact("A")[10_000]
    assert float(alpha) == pytest.approx(0.65963404919795940, rel=2e-16)
    assert float(beta2) == pytest.approx(1.43072524523001, rel=1e-14)


def test_run_a_after_1000_steps():
    result = run(1000)
    assert result["alpha_final"][A] == pytest.approx(0.64019797442089178, rel=1e-12)
    assert result["beta1_final"][A] == pytest.approx(1.87498195077947e-14, rel=1e-9)
    assert result["beta2_final"][A] == pytest.approx(0.69516135884648928, rel=1e-12)


def test_run_a_to_its_end():
    result = run(STEPS)
    assert result["first_crossing"][A] == 348
    assert result["crossings"][A] == 17
    assert result["outcome"][A] == 3
    assert result["alpha_final"][A] == pytest.approx(0.65963404919795940, rel=2e-6)
    assert result["beta2_final"][A] == pytest.approx(1.43072524523001, rel=1e-6)
    assert result["sharpness_max"][A] * 0.025 == pytest.approx(1.234, abs=5e-4)
    assert (0.87 < result["tail_min"][A] < 0.95) and (1.05 < result["tail_max"][A] < 1.14)


@pytest.mark.slow
def test_run_a_hovers_with_peaks_of_a_height():
    ratio = path().sharpness[:, A] * 0.025
    upward = np.flatnonzero((ratio[1:] > 1) & (ratio[:-1] <= 1)) + 1
    assert len(upward) == 17 and upward[0] == 348
    waves = [ratio[first:after] for first, after in zip(upward, [*upward[1:], STEPS], strict=True)]
    peaks, troughs = [wave.max() for wave in waves], [wave.min() for wave in waves[:-1]]
    assert peaks[0] == pytest.approx(1.234, abs=5e-4)
    assert all(1.05 < peak < 1.16 for peak in peaks[1:-1])
    assert all(0.85 < trough < 0.93 for trough in troughs)


# Run B


def test_the_oracle_gives_run_b_to_all_digits():
    assert formulas.log10(exact("B")[1144][1]) == pytest.approx(-691.300, abs=5e-4)
    alpha, _, beta2 = exact("B")[10_000]
    assert (float(alpha), float(beta2)) == pytest.approx((0.652085112, 1.416334578), abs=5e-10)


@pytest.mark.slow
def test_run_b_comes_back_from_1e_minus_691():
    result = run(STEPS)
    assert result["log10_abs_beta1_min"][B] == pytest.approx(-691.300, abs=5e-4)
    assert np.argmin(path().log10_abs_beta1[:, B]) == 1144
    assert result["alpha_final"][B] == pytest.approx(0.652085112, abs=1e-6)
    assert result["beta2_final"][B] == pytest.approx(1.416334578, abs=1e-6)
    assert result["sharpness_max"][B] * 0.025 == pytest.approx(2.079590509, rel=1e-9)
    assert result["final_above"][B] == 1 + formulas.above(exact("B")[-1], P)
    assert result["tail_max"][B] < 1.2


def test_run_b_is_highest_in_lambda1_alpha_squared_at_step_3281():
    ratio = PARAMETERS["lambda1"] * path().theta[0][:, B] ** 2 * 0.025
    assert np.argmax(ratio) == 3281
    assert ratio[3281] == pytest.approx(2.06860422, abs=5e-9)


@pytest.mark.parametrize("name, column", [("A", A), ("B", B)])
def test_runs_a_and_b_follow_the_oracle_in_each_observable(name, column):
    truth = formulas.observe(STARTS[name], P, STEPS)
    result = run(STEPS)
    for observable in (*CROSSINGS, "sign_flips", "outcome", "steps_taken"):
        # a step that is near 2/eta may fall to either side, once 4000 steps have made an error of 1e-9 of 1e-16
        slack = 2 if observable == "steps_above" else 0
        assert abs(result[observable][column] - truth[observable]) <= slack, observable


@pytest.mark.parametrize("name, column", [("A", A), ("B", B)])
def test_beta1_has_the_oracles_logarithm_throughout(name, column):
    for step in range(0, 3000, 100):
        right = formulas.log10(exact(name)[step][1])
        assert path().log10_abs_beta1[step, column] == pytest.approx(right, rel=1e-9, abs=1e-7), step


def plain_step(alpha, beta1, beta2, lambda1, lambda2, eta, radius):
    error = lambda2 * (alpha * beta2 - 1.0)
    return (
        alpha - eta * (lambda1 * alpha * beta1 * beta1 + error * beta2),
        np.clip(beta1 - eta * lambda1 * alpha * alpha * beta1, -radius, radius),
        beta2 - eta * error * alpha,
    )


def test_plain_doubles_rest_above_the_edge_on_run_b():
    state = STARTS["B"]
    for _ in range(STEPS):
        state = plain_step(*state, *(float(P[i]) for i in (0, 1, 2, 4)))
    assert float(formulas.sharpness(state, P)) * 0.025 == pytest.approx(2.39, abs=5e-3)
    assert abs(state[1]) < 1e-300
    assert run(STEPS)["sharpness_final"][B] * 0.025 < 1.2


# The map

SIZE, BUDGET = 60, 20_000
GRID = np.meshgrid(np.logspace(1, 4, SIZE), np.logspace(-3, 0, SIZE))
LAMBDA1, ETA = (values.ravel() for values in GRID)
START = (0.2, 1e-3, 0.2)


@functools.cache
def carried_map():
    initial = dict(zip(INITIAL, START, strict=True))
    return simulate(initial, {"lambda1": LAMBDA1, "lambda2": 0.01, "eta": ETA}, BUDGET, LABELS)


@functools.cache
def plain_map():
    """The same observables by plain doubles, independent of the package."""
    state = tuple(np.full(SIZE**2, x) for x in START)
    p, tau = (LAMBDA1, 0.01, ETA), 2 / ETA
    alive = np.ones(SIZE**2, bool)
    above = _plain_above(state, p, tau)
    crossings, flips, total = np.zeros(SIZE**2, int), np.zeros(SIZE**2, int), above.astype(int)
    first_crossing = above.astype(int) - 1
    first = largest = LAMBDA1 * START[0] ** 2
    rests = np.zeros(SIZE**2, bool)
    with np.errstate(all="ignore"):
        for step in range(BUDGET):
            after = plain_step(*state, *p, np.inf)
            alive &= LAMBDA1 * (after[0] * after[1]) ** 2 + 0.01 * (after[0] * after[2] - 1) ** 2 < 2e30
            before, above = above, _plain_above(after, p, tau) & alive
            crossings += above & ~before
            first_crossing[(first_crossing < 0) & above] = step + 1
            total += above
            flips += ((after[0] < 0) != (state[0] < 0)) & alive
            largest = np.fmax(largest, LAMBDA1 * after[0] ** 2)  # the sharpness, where it is below 2/eta
            rests = np.all([new == old for new, old in zip(after, state, strict=True)], axis=0)
            state = after
    return {
        "outcome": np.where(alive, 3, 2),
        "sign_flips": flips,
        "crossings": crossings,
        "first_crossing": first_crossing,
        "steps_above": total,
        "final_above": 1 + above,
        "sharpness_initial": first,
        "sharpness_max": largest,
        "period": np.where(alive & rests, 1, 0),
    }


def _plain_above(state, p, tau):
    (alpha, beta1, beta2), (lambda1, lambda2, _) = state, p
    square = alpha * alpha
    x = tau - lambda1 * beta1**2 - lambda2 * beta2**2
    y, z = tau - lambda1 * square, tau - lambda2 * square
    e1, e2 = 2 * lambda1 * alpha * beta1, lambda2 * (2 * alpha * beta2 - 1)
    return ~((y > 0) & (z > 0) & (z * (x * y - e1 * e1) - e2 * e2 * y > 0))


def regime(values):
    return regimes.classify(values, regimes.thresholds())


@pytest.mark.slow
def test_the_map_has_the_true_share_of_divergence_and_plain_doubles_have_not():
    ours, plain = carried_map()["outcome"] == 2, plain_map()["outcome"] == 2
    assert ours.mean() == pytest.approx(0.51, abs=0.005)
    assert plain.mean() == pytest.approx(0.37, abs=0.01)
    assert 0.12 < (regime(carried_map()) != regime(plain_map())).mean() < 0.18


@pytest.mark.slow
def test_plain_doubles_rest_above_the_edge_on_a_fifth_of_the_map():
    rest = (plain_map()["outcome"] == 3) & (plain_map()["final_above"] == 2)
    assert rest.mean() == pytest.approx(0.22, abs=0.03)
    rest = (carried_map()["outcome"] == 3) & (carried_map()["final_above"] == 2)
    assert rest.mean() < 0.07  # beta1 is still small in these runs
    for row in np.flatnonzero(rest)[::60]:
        truth = formulas.observe(START, (LAMBDA1[row], 0.01, ETA[row], np.inf, np.inf), BUDGET)
        assert truth["outcome"] == 3 and truth["final_above"] == 2


def disputed(count):
    rows = np.flatnonzero((carried_map()["outcome"] == 2) != (plain_map()["outcome"] == 2))
    return rows[np.linspace(0, len(rows) - 1, count).astype(int)]


@pytest.mark.slow
def test_the_oracle_decides_the_disputed_points_for_the_kernel():
    ours = carried_map()
    for row in disputed(8):
        truth = formulas.observe(START, (LAMBDA1[row], 0.01, ETA[row], np.inf, np.inf), BUDGET)
        assert truth["outcome"] == ours["outcome"][row] != plain_map()["outcome"][row]
        assert truth["first_crossing"] == ours["first_crossing"][row]
        assert (truth["sign_flips"] > 0) == (ours["sign_flips"][row] > 0)


# Everywhere


@pytest.mark.slow
def test_the_kernel_gives_the_oracles_observables_at_random_points():
    """Points of all kinds, without those at which 25 digits fewer change the oracle's answer."""
    initial, parameters = random_points(150, 20)
    result = simulate(initial, parameters, 400, LABELS)
    asked = 0
    for row in range(150):
        theta, p = ([values[row] for values in group.values()] for group in (initial, parameters))
        truth, rough = (formulas.observe(theta, p, 400, bits) for bits in (150, 53))
        asked += (same := all(truth[name] == rough[name] for name in (*CROSSINGS, "steps_taken", "sign_flips")))
        for name in (*CROSSINGS, "steps_taken", "sign_flips", "outcome"):
            assert not same or result[name][row] == truth[name], (row, name)
    assert asked > 120

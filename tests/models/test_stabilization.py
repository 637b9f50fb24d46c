"""The model `stabilization`: its formulas, its cycles, the exponent of x, and the kernel against NumPy and MPFR."""

import functools
import itertools

import gmpy2
import mpmath
import numpy as np
import pytest
import sympy

import eos_sweep
from eos_sweep import models, observables, plot
from eos_sweep.models.stabilization import centre, energy, pressure
from helpers import formulas
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.kernel_and_numpy import bisect, follow

pytestmark = pytest.mark.slow

stabilization = models.get("stabilization")
ALL = observables.expand(("all",), stabilization)
LINES = lines(stabilization)
run = functools.partial(named.run, stabilization, alpha=1.0, beta=1.0)


def points(count, seed):
    """Points of every kind: small and large cycles, starts far below the edge and above it, tiny x, divergence."""
    random = np.random.default_rng(seed)
    eta, alpha, beta = 10.0 ** random.uniform([[-3], [-2], [-2]], [[0], [1], [2]], (3, count))
    x = random.choice([-1, 1], count) * np.sqrt(2 * alpha / beta) * 10.0 ** random.uniform(-6, 0.5, count)
    x = np.where(random.random(count) < 0.2, 10.0 ** random.uniform(-320, -20, count), x)
    return {"x": x, "y": random.uniform(-1.5, 0.5, count) / eta}, {"eta": eta, "alpha": alpha, "beta": beta}


# The formulas


def test_a_step_goes_down_the_gradient_and_the_hessian_is_that_of_the_loss():
    x, q, eta, alpha, beta = names = sympy.symbols("x q eta alpha beta", positive=True)
    loss = (2 / eta + sympy.sqrt(beta) * q) * x**2 / 2 - alpha / sympy.sqrt(beta) * q
    initial, parameters = points(40, 1)
    initial["x"] = np.clip(abs(initial["x"]), 1e-6, None)
    theta = (*initial.values(), np.zeros(40))
    p = tuple(parameters.values())
    moved, hessian = stabilization.step(theta, p), stabilization.hessian(theta, p)
    tangents = [stabilization.tangent(theta, p, v) for v in ((1.0, 0.0), (0.0, 1.0))]
    value = stabilization.loss(theta, p)
    for row in range(40):
        place = (theta[0][row], theta[1][row] / p[2][row] ** 0.5, *(part[row] for part in p))
        at = {symbol: float(number) for symbol, number in zip(names, place, strict=True)}
        assert value[row] == pytest.approx(float(loss.subs(at)), rel=1e-12)
        scale = 1 + abs(theta[1][row]) + p[0][row] * p[2][row] * theta[0][row] ** 2
        steps = [symbol - eta * sympy.diff(loss, symbol) for symbol in (x, q)]
        assert moved[0][row] == pytest.approx(float(steps[0].subs(at)), rel=1e-13)
        assert moved[1][row] == pytest.approx(float(steps[1].subs(at)) * p[2][row] ** 0.5, rel=1e-13, abs=1e-15 * scale)
        for i, symbol in enumerate((x, q)):
            for j, other in enumerate((x, q)):
                second = float(sympy.diff(loss, symbol, other).subs(at))
                assert hessian[row, i, j] == pytest.approx(second, rel=1e-13, abs=1e-300)
        root = p[2][row] ** 0.5  # v holds the changes of log|x| and of y = root q
        relative = [[steps[0].diff(x) * x / steps[0], steps[0].diff(q) / root / steps[0]],
                    [steps[1].diff(x) * x * root, steps[1].diff(q)]]  # fmt: skip
        for i in range(2):
            for j in range(2):
                assert tangents[j][i][row] == pytest.approx(float(relative[i][j].subs(at)), rel=1e-11)


def test_nothing_but_alpha_eta_squared_is_left_of_the_parameters():
    """Scaling by powers of two changes no bit: X = eta sqrt(beta) x, Y = eta y."""
    initial, parameters = points(300, 3)
    scaled = {"eta": parameters["eta"] / 8, "alpha": parameters["alpha"] * 64, "beta": parameters["beta"] * 4}
    here = run(800, ALL, **initial, **parameters)
    there = run(800, ALL, x=initial["x"] * 4, y=initial["y"] * 8, **scaled)
    fine = (here["outcome"] == 3) & (there["outcome"] == 3)
    assert fine.sum() > 50
    for name in ("crossings", "steps_above", "first_crossing"):
        assert np.array_equal(here[name][fine], there[name][fine])
    assert np.array_equal(here["y_final"][fine] * 8, there["y_final"][fine])
    depth = here["log10_abs_x_final"][fine] + np.log10(4)
    assert there["log10_abs_x_final"][fine] == pytest.approx(depth, rel=1e-13)


# The kernel


@pytest.mark.parametrize(
    ("x", "y", "eta", "alpha", "steps"),
    [(1e-3, 0.45, 0.02, 1.0, 15_000), (0.5, -5.0, 0.1, 1e-2, 12_000), (1e-200, -30.007, 0.01, 2.0, 10_000)],
)
def test_x_comes_back_from_below_every_double(x, y, eta, alpha, steps):
    result = run(steps, ALL, x=x, y=y, eta=eta, alpha=alpha)
    assert result["log10_abs_x_min"][0] < -330
    flags, states = exactly(x, y, eta, alpha, 1.0, steps)
    assert result["steps_taken"][0] == len(flags) - 1
    assert result["first_crossing"][0] == flags.index(True)
    upward = sum(now and not before for before, now in itertools.pairwise(flags))
    assert result["crossings"][0] == upward > 0
    depth = min(formulas.log10(state[0]) for state in states)
    assert result["log10_abs_x_min"][0] == pytest.approx(depth, rel=1e-9)


def exactly(x, y, eta, alpha, beta, steps):
    """Whether each state is above the edge, and the states, in 200 bits and from the formulas."""
    with formulas.precise(200):
        x, y, eta, alpha, beta = map(gmpy2.mpfr, (x, y, eta, alpha, beta))
        states = [(x, y)]
        for _ in range(steps):
            x, y = -(1 + eta * y) * x, y + eta * (alpha - beta * x * x / 2)
            if not abs((2 / eta + y) * x * x / 2 - alpha * y / beta) < 1e30:
                break
            states.append((x, y))
        return [bool(y > -eta * beta * x * x / 2) for x, y in states], states


def test_no_lane_is_slowed_by_how_small_x_is():
    """With a double, x would be a denormal number for most of these steps; its mantissa never is."""
    path = follow({"x": 1e-3, "y": -5.0}, {"eta": 0.1, "alpha": 1e-3, "beta": 1.0}, 4000, 0.0, stabilization)
    assert path.log10_abs_beta1.min() < -900
    assert abs(path.theta[0]).min() > 1e-200
    pushed = pressure(path.theta, (0.1, 1e-3, 1.0))
    assert (pushed[pushed > 0] > 1e-220).all()


def test_what_a_step_nearly_extinguishes_is_exact():
    """At y = -1/eta the factor is the rounding error of eta y; without it x would be zero for ever."""
    eta, y = np.float64(0.1), np.float64(-10.0)
    after = stabilization.step((np.float64(1.0), y, np.float64(0.0)), (eta, np.float64(1.0), np.float64(1.0)))[0]
    with formulas.precise(200):
        exact = -(1 + gmpy2.mpfr(float(eta)) * gmpy2.mpfr(float(y)))
    assert after == pytest.approx(float(exact), rel=1e-15, abs=0.0) and after != 0


# Cycles


def period(start):
    """The period of the flow, by quadrature of H: alpha = 1, from |x| = start delta, y = 0."""

    def g(u):  # of u = log z
        return mpmath.exp(u) - u - 1

    def slowness(t):
        u = middle + reach * mpmath.sin(t)
        return reach * mpmath.cos(t) / mpmath.sqrt(height - g(u))

    with mpmath.workdps(40):
        low = 2 * mpmath.log(start)
        height = g(low)
        high = mpmath.findroot(lambda u: g(u) - height, -low)
        # u' = 2 y = 2 sqrt(height - g(u)), once up and once down; u = middle + reach sin(t) takes the ends' roots away
        middle, reach = (high + low) / 2, (high - low) / 2
        return mpmath.quad(slowness, [-mpmath.pi / 2, 0, mpmath.pi / 2], method="gauss-legendre")


def measured(start, eta):
    """The time that the map needs from y = 0 to the next time that it comes up through y = 0."""
    run_ = eos_sweep.trajectory(
        "stabilization", {"eta": eta, "alpha": 1, "beta": 1}, {"x": start * 2**0.5, "y": 0}, steps=int(8 / eta)
    )
    y = run_.y.values
    k = 2 + int(np.argmax((y[2:-1] < 0) & (y[3:] >= 0)))
    return eta * (k + y[k] / (y[k] - y[k + 1]))


@pytest.mark.parametrize(("start", "known"), [(0.5, 4.68107220), (0.1, 5.79649602)])
def test_small_steps_go_round_in_the_period_of_the_flow(start, known):
    assert float(period(start)) == pytest.approx(known, abs=5e-9)
    etas = np.array([4e-3, 2e-3, 1e-3, 5e-4])
    times = [measured(start, eta) for eta in etas]
    assert np.polynomial.polynomial.polyfit(etas, times, 3)[0] == pytest.approx(known, rel=2e-9)


def test_the_period_of_small_cycles():
    assert float(period(1 - 1e-4)) == pytest.approx(2 * np.pi / np.sqrt(2), rel=1e-7)
    assert measured(0.999, 1e-3) == pytest.approx(2 * np.pi / np.sqrt(2), rel=2e-3)


@pytest.mark.parametrize(("eta", "alpha", "beta"), [(0.1, 1.0, 1.0), (0.02, 3.0, 0.5)])
def test_energy_grows_by_the_same_factor_at_each_step_near_the_centre(eta, alpha, beta):
    start = centre(alpha, beta) * (1 + 1e-5)
    run_ = eos_sweep.trajectory(
        "stabilization", {"eta": eta, "alpha": alpha, "beta": beta}, {"x": start, "y": 0}, steps=100
    )
    energies = energy(run_.x.values, run_.y.values, alpha, beta)
    assert energies[1:] / energies[:-1] == pytest.approx(1 + 2 * alpha * eta**2, rel=1e-4)


def test_a_run_leaves_where_the_source_of_the_numbers_says():
    found = run(1000, ("steps_taken", "outcome"), x=0.1 * 2**0.5, y=0.0, eta=0.1)
    assert found["outcome"] == 2 and found["steps_taken"] == pytest.approx(279, abs=2)


def test_each_cycle_goes_through_the_four_stages():
    run_ = eos_sweep.trajectory(
        "stabilization", {"eta": 0.01, "alpha": 1, "beta": 1}, {"x": 0.2, "y": -0.5}, steps=5000
    )
    stage = np.where(run_.y > 0, np.where(abs(run_.x) < 2**0.5, 1, 2), np.where(abs(run_.x) > 2**0.5, 3, 0))
    changes = np.diff(stage)[np.diff(stage) != 0] % 4
    assert len(changes) > 20 and (changes == 1).all()
    above = run_.sharpness > run_.threshold
    assert set(stage[above.values]) >= {1, 2} and not above.values[stage == 0].any()


# Critical lines


def test_the_centre_is_where_a_run_begins_to_sharpen():
    def falls(x):
        return run(1, ("y_final",), x=x, y=0.0, eta=0.05, alpha=2.0, beta=0.3)["y_final"] < 0

    found = bisect(falls, 1.0, 10.0, rounds=4)
    values = {"x": np.array(found), "y": np.array(0.0), "eta": 0.05, "alpha": 2.0, "beta": 0.3}
    assert LINES["centre"].ratio(values) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("beta", [1.0, 30.0])
def test_a_run_overshoots_beyond_the_line(beta):
    def diverges(x):
        return run(1_000_000, ("outcome",), x=x, y=0.0, eta=0.1, alpha=1e-11, beta=beta)["outcome"] == 2

    found = bisect(diverges, 0.9 * 10 * (2 / beta) ** 0.5, 1.1 * 10 * (2 / beta) ** 0.5)
    values = {"x": np.array(found), "y": np.array(0.0), "eta": 0.1, "alpha": 1e-11, "beta": beta}
    assert LINES["overshoot"].ratio(values) == pytest.approx(1, rel=1e-4)


def test_lines_hold_only_from_the_edge():
    values = {"x": np.ones(2), "y": np.array([0.0, 0.1]), "eta": 1.0, "alpha": 1.0, "beta": 1.0}
    for name in ("centre", "overshoot"):
        assert np.isnan(LINES[name].ratio(values)).tolist() == [False, True]


def test_a_trajectory_without_a_positive_loss_can_be_drawn(tmp_path):
    run_ = eos_sweep.trajectory("stabilization", {"eta": 0.1, "alpha": 1, "beta": 1}, {"x": 1e-3, "y": 0.1}, steps=30)
    assert (run_.loss < 0).all()
    plot.save(plot.trajectory_plot(run_), tmp_path / "run.png")

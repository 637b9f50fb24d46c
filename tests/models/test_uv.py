"""The model `uv`: its closed map is gradient descent on two layers; the catapult, the route to chaos, the kernel."""

import functools
from fractions import Fraction

import numpy as np
import pytest
import sympy

import eos_sweep
from eos_sweep import observables
from eos_sweep.analysis import predicted
from eos_sweep.eigen.sharpness import sharpness
from eos_sweep.models import uv
from helpers import critical_lines
from helpers import named_inputs as named
from helpers.critical_lines import lines
from helpers.kernel_and_numpy import bisect, follow

pytestmark = pytest.mark.slow

ALL = observables.expand(("all",), uv)
LINES = lines(uv)
run = functools.partial(named.run, uv)
place = functools.partial(critical_lines.place, uv)


def points(count, seed):
    """Points of every kind: lazy, catapults, periodic, chaotic, diverging, balanced; of any width and target."""
    random = np.random.default_rng(seed)
    n = np.round(10.0 ** random.uniform(0, 4, count))
    y = random.choice([0.0, 1.0, -1.0, 0.3], count)
    f = random.uniform(-1.5, 1.5, count)
    room = np.where(random.random(count) < 0.3, 0.0, 10.0 ** random.uniform(-3, 0.5, count))
    lam = 2 * abs(f) / np.sqrt(n) * (1 + 1e-15) + room
    eta = np.where(
        random.random(count) < 0.5,
        10.0 ** random.uniform(-1, 0.7, count) / lam,
        np.sqrt(n) * random.uniform(0.2, 2.1, count) / np.where(y == 0, 1.0, abs(y)),
    )
    return {"f": f, "lam": lam}, {"eta": eta, "n": n, "y": y}


def tuples(count, seed):
    initial, parameters = points(count, seed)
    return tuple(initial.values()), tuple(parameters.values())


# The formulas


@pytest.mark.parametrize("n", [1, 2, 7, 64])
@pytest.mark.parametrize("target", [0.0, 0.7, -1.3])
def test_the_closed_map_is_gradient_descent_on_two_layers(n, target):
    random = np.random.default_rng(n)
    u, v = random.normal(0, 0.8, (2, n, 100))
    eta = 10.0 ** random.uniform(-1.5, 0.5, 100)
    with np.errstate(over="ignore", invalid="ignore"):  # of what diverges, which is not compared
        for _ in range(20):
            f, lam = (u * v).sum(0) / np.sqrt(n), (u * u + v * v).sum(0) / n
            after = uv.step((f, lam), (eta, np.float64(n), np.float64(target)))
            pull = eta * (f - target) / np.sqrt(n)
            u, v = u - pull * v, v - pull * u
            inside = abs(f) < 1e6
            assert inside.sum() > 20
            scale = (lam * (1 + abs(pull)) ** 2)[inside]
            assert (abs((u * v).sum(0) / n - after[0] / np.sqrt(n))[inside] / scale).max() < 1e-15
            assert (abs((u * u + v * v).sum(0) / n - after[1])[inside] / scale).max() < 3e-15


@pytest.mark.parametrize("n", [1, 2, 9])
def test_sharpness_is_the_largest_eigenvalue_of_the_whole_hessian(n):
    random = np.random.default_rng(n)
    for target in (0.0, 0.7, -1.3):
        u, v = random.normal(0, 0.8, (2, n))
        f, lam = u @ v / np.sqrt(n), (u @ u + v @ v) / n
        slope, swap = np.concatenate([v, u]) / np.sqrt(n), np.kron([[0, 1], [1, 0]], np.eye(n))
        whole = np.linalg.eigvalsh(np.outer(slope, slope) + (f - target) / np.sqrt(n) * swap)
        theta, p = (np.array([f]), np.array([lam])), tuple(np.array([x]) for x in (0.3, n, target))
        found = sharpness(uv, theta, p)[0]
        assert found == pytest.approx(whole[-1], rel=1e-13)
        root = np.sqrt(lam**2 + 4 * (f - target) * (3 * f - target) / n)
        assert found == pytest.approx(0.5 * (lam + root), rel=1e-13)
        assert np.linalg.eigvalsh(uv.hessian(theta, p))[0, -1] == pytest.approx(whole[-1], rel=1e-13)
        assert uv.stable(uv.curvature(theta, p), 2.0)[0] == (0.3 * whole[-1] < 2)


def test_the_state_is_stepped_as_the_formulas_say():
    f, lam, eta, n, y = names = sympy.symbols((*uv.STATE, *uv.PARAMETERS))
    left = f - y
    maps = (
        f + eta * left * (eta * left * f / n - lam),
        lam + eta * left / n * (eta * left * lam - 4 * f),
    )
    theta, p = tuples(40, 1)
    moved = uv.step(theta, p)
    tangents = [uv.tangent(theta, p, v) for v in ((1.0, 0.0), (0.0, 1.0))]
    for row in range(40):
        values = {s: sympy.Rational(float(x[row])) for s, x in zip(names, (*theta, *p), strict=True)}
        scale = float(abs(lam * sympy.sqrt(n)).subs(values)) * (1 + float((eta**2 * left**2 / n).subs(values)))
        for i, formula in enumerate(maps):
            assert moved[i][row] == pytest.approx(float(formula.subs(values)), rel=1e-14, abs=1e-15 * scale)
            for j, symbol in enumerate((f, lam)):
                slope = float(sympy.diff(formula, symbol).subs(values))
                assert tangents[j][i][row] == pytest.approx(slope, rel=1e-12, abs=1e-14 * scale)


def sum_and_difference(f, lam, n):
    """A and B in fractions; n is a square."""
    part = 2 * Fraction(f) / Fraction(round(n**0.5))
    return Fraction(lam) + part, Fraction(lam) - part


@pytest.mark.parametrize("n", [1.0, 9.0, 100.0])
def test_sum_and_difference_of_the_layers_keep_to_their_law_where_they_nearly_vanish(n):
    """1 - d = 1e-9 takes A to 1e-18 of itself: it must not change its sign."""
    random = np.random.default_rng(int(n))
    for h, y in zip(random.uniform(1.7, 2.9, 50), random.choice([-1.0, 1.0], 50), strict=True):
        eta = (h - 1 + random.choice([1e-9, 1e-12])) * np.sqrt(n)
        f = y * h / (eta / np.sqrt(n))
        lam = 2 * abs(f) / np.sqrt(n)
        before = sum_and_difference(f, lam, n)
        moved = uv.step((np.float64(f), np.float64(lam)), (np.float64(eta), np.float64(n), np.float64(y)))
        d = Fraction(eta) * (Fraction(f) - Fraction(y)) / Fraction(round(n**0.5))
        exact = before[0] * (1 - d) ** 2, before[1] * (1 + d) ** 2
        for found, wanted in zip(sum_and_difference(*map(float, moved), n), exact, strict=True):
            assert abs(found - wanted) < Fraction(lam) * Fraction(1e-15)
        assert float(moved[1]) >= 0
        if n == 1:  # where doubles are balanced to the last bit
            assert float(moved[1]) == pytest.approx(float(sum(exact)) / 2, rel=1e-14)


@pytest.mark.parametrize(
    ("f", "lam", "eta", "n"), [(50.0, 35.0, 0.1, 10.0), (np.sqrt(2.5), 3.5, 1.0, 1.0), (0.7, 1 / 0.3, 0.3, 1e9)]
)
def test_an_output_that_a_step_nearly_extinguishes_is_exact(f, lam, eta, n):
    """1 - eta lambda + eta^2 f^2/n is zero up to rounding: rounded to zero, f would rest above the edge for ever."""
    exact = Fraction(f) * (1 - Fraction(eta) * Fraction(lam) + Fraction(eta) ** 2 * Fraction(f) ** 2 / Fraction(n))
    after = uv.step((np.float64(f), np.float64(lam)), (np.float64(eta), np.float64(n), np.float64(0.0)))[0]
    assert abs(exact) < 1e-8 and after == pytest.approx(float(exact), rel=1e-14, abs=0.0)


def test_the_imbalance_of_the_layers_changes_by_its_law():
    theta, p = tuples(1000, 2)
    (f, lam), (eta, n, y) = theta, p
    moved = uv.step(theta, p)
    square = (eta * (f - y)) ** 2 / n
    before, after = lam**2 - 4 * f**2 / n, moved[1] ** 2 - 4 * moved[0] ** 2 / n
    scale = moved[1] ** 2 + (lam * (1 + square)) ** 2
    assert (abs(after - before * (1 - square) ** 2) / scale).max() < 2e-14


def test_starts_that_no_layers_have_are_refused():
    given = {"n": 4, "eta": 0.1}
    with pytest.raises(eos_sweep.SpecError, match=r"f = 2, lam = 1; choose lam >= 2 \|f\| / sqrt\(n\)"):
        eos_sweep.sweep("uv", {"f": [0.5, 1.0, 2.0]}, given, {"lam": 1.0}, steps=10)
    found = eos_sweep.trajectory("uv", given, {"f": -2.0, "lam": "balanced"}, steps=10)
    assert float(found.lam[0]) == 2.0


# The kernel


@pytest.mark.parametrize("name", ["f", "lam"])
def test_what_has_converged_does_not_run_into_denormal_numbers(name):
    """Without a tolerance runs go on for ever: f to the minimum at zero; both to the saddle from f y < 0 and u = v."""
    lam, y = {"f": (2.0, 0.0), "lam": (1.0, -1.0)}[name]
    found = run(50_000, (f"{name}_final", "outcome"), f=0.5, lam=lam, eta=0.15, n=1.0, y=y)
    assert found[f"{name}_final"] == 0 and found["outcome"] == 3


# The catapult: no target


@pytest.mark.parametrize("n", [100.0, 1e6])
def test_runs_without_a_target_diverge_from_four_on_whatever_the_width(n):
    found = bisect(lambda lam: run(3000, ("outcome",), f=0.5, lam=lam, eta=0.5, n=n)["outcome"] == 2, 7.0, 9.0, 4)
    ratio = LINES["catapult_ends"].ratio({"eta": np.array(0.5), "lam": np.array(found), "y": np.array(0.0)})
    assert ratio == pytest.approx(1, rel=1e-6)


def test_between_two_and_four_there_is_a_catapult_and_below_two_there_is_none():
    lam = np.linspace(0.11, 3.91, 77)
    wide = run(20_000, ALL, 1e-20, f=0.01, lam=lam, eta=1.0, n=1e6)
    assert np.array_equal(wide["steps_above"] > 0, lam > 2)
    above = lam > 2.001
    assert (wide["final_above"] == 1).all() and (wide["loss_rises"][above] > 5).all()
    assert (wide["loss_rises"][lam < 1.99] == 0).all()
    assert (wide["sharpness_final"][above] < 2).all()  # a catapult ends in a flatter minimum
    lazy = lam < 1.99
    assert wide["sharpness_final"][lazy] == pytest.approx(lam[lazy], rel=1e-6)  # ends as sharp as it began


def test_the_lazy_line_is_where_sharpness_starts_at_the_edge_in_wide_networks():
    values = {"f": np.array(0.3), "lam": np.array(4.0), "eta": np.array(0.5), "n": np.array(1e12), "y": np.array(0.0)}
    assert LINES["lazy"].ratio(values) == pytest.approx(1, rel=1e-12)
    assert predicted.initial_edge(uv, values) == pytest.approx(1, rel=1e-9)


# The route to chaos: a target, on the balanced line


def balanced(variables, steps, scaled, start=0.3, n=9.0, y=0.7):
    """Runs at Y = ``scaled`` from h = ``start``, u = v."""
    eta = scaled * np.sqrt(n) / y
    f = start * np.sqrt(n) / eta
    return run(steps, variables, f=f, lam=2 * f / np.sqrt(n), eta=eta, n=n, y=y)


def test_balanced_runs_obey_the_cubic_map():
    scaled, start, n, y = 1.5, 0.4, 9.0, 0.7
    eta = scaled * 3 / y
    path = follow({"f": start * 3 / eta, "lam": 2 * start / eta}, {"eta": eta, "n": n, "y": y}, 25, 0.0, uv)
    h = start
    for k in range(25):
        h = h * (1 + scaled - h) ** 2
        assert eta * path.theta[0][k + 1, 0] / 3 == pytest.approx(h, rel=1e-9)
        assert eta * path.theta[1][k + 1, 0] / 2 == pytest.approx(h, rel=1e-9)


def test_beyond_one_no_minimum_is_stable():
    def leaves(scaled):
        found = balanced(("loss_initial", "loss_final"), 400_000, scaled, start=scaled * (1 + 1e-6))
        return found["loss_final"] > found["loss_initial"]

    assert place("two_cycle") == 1
    assert bisect(leaves, 0.98, 1.02) == pytest.approx(1, rel=1e-5)


def test_the_orbit_of_two_steps_has_the_sum_one_plus_y():
    scaled = np.linspace(1.02, 1.23, 20)
    first, second = (balanced(("f_final",), steps, scaled)["f_final"] for steps in (100_000, 100_001))
    assert (first + second) * scaled / 0.7 == pytest.approx(1 + scaled, rel=1e-12)
    assert (abs(first - second) > 0.01).all()


@pytest.mark.parametrize(("name", "period", "known"), [("four_cycle", 2, np.sqrt(5) - 1), ("chaos", 1024, 1.30228)])
def test_periods_double_where_the_lines_are(name, period, known):
    def wanders(scaled):
        here, there = (balanced(("f_final",), 300_000 + more, scaled)["f_final"] for more in (0, period))
        return abs(here - there) > 1e-7

    assert place(name) == pytest.approx(known, abs=5e-6)
    assert bisect(wanders, 0.99 * place(name), 1.005 * place(name)) == pytest.approx(place(name), rel=1e-5)


def test_chaos_has_positive_exponents_and_periods_have_none():
    found = balanced(("lyapunov",), 20_000, np.array([1.1, 1.28, 1.3, 1.31, 1.4, 1.75, 1.95]))["lyapunov"]
    assert (found[:3] < 0).all() and (found[3:] > uv.THRESHOLDS["chaos"]).all()


def test_balanced_runs_diverge_beyond_two():
    found = bisect(lambda scaled: balanced(("outcome",), 200_000, scaled)["outcome"] == 2, 1.97, 2.03)
    assert found == pytest.approx(place("divergence"), rel=1e-4)


def test_a_chaotic_run_does_not_leave_where_layers_can_be():
    """In the plain closed map one step of 1e8 leads below lambda = 2 |f|/sqrt(n), and from there to infinity."""
    scaled = np.linspace(1.6, 1.999, 2000)
    found = balanced(("outcome", "f_final", "lam_final"), 50_000, scaled)
    assert (found["outcome"] == 3).all()
    assert (found["lam_final"] >= 2 * abs(found["f_final"]) / 3 * (1 - 1e-12)).all()


def test_the_onset_line_is_where_gradient_flow_would_end_at_the_edge():
    start = {"f": 0.99999, "lam": 1.5, "n": 4.0, "y": 1.0}
    eta = 2 / float(uv.gradient_flow_sharpness(*start.values()))
    tiny = run(100_000, ("sharpness_final",), eta=[1e-3, 5e-4], **start)["sharpness_final"]
    assert 2 / eta == pytest.approx(2 * tiny[1] - tiny[0], rel=1e-7)
    found = bisect(lambda e: run(20_000, ("crossings",), eta=e, **start)["crossings"] > 0, 0.9 * eta, 1.1 * eta)
    assert found == pytest.approx(eta, rel=1e-4)
    values = {name: np.array([value]) for name, value in (start | {"eta": eta}).items()}
    assert LINES["onset"].ratio(values) == pytest.approx(1)


def test_lines_hold_only_where_they_should():
    values = {name: np.ones(2) for name in (*uv.STATE, *uv.PARAMETERS)} | {"y": np.array([0.0, 1.0])}
    for name, without in (("lazy", True), ("catapult_ends", True), ("two_cycle", False), ("chaos", False)):
        assert np.isnan(LINES[name].ratio(values)).tolist() == [not without, without]

"""Heavy ball, whose edge is at 2 (1 + momentum)/eta: closed forms, words, and what is left out of a module."""

import types

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models, observables, plot, trajectory, trust
from eos_sweep.analysis.one_cell import report
from eos_sweep.analysis.predicted import lines_of
from eos_sweep.checks.exact import numpy_run
from eos_sweep.checks.labels.judge import judge
from eos_sweep.conformance import checks
from eos_sweep.conformance.requirements import ConformanceError
from eos_sweep.contract import Job
from eos_sweep.engine import batch
from eos_sweep.models import bivariate
from eos_sweep.spec.making import make
from helpers import heavy_ball, heavy_slope, named_inputs
from helpers.own_modules import BY_HAND, written

MODULES = "helpers.heavy_slope", "helpers.heavy_ball"
own_module = pytest.fixture(written)
TANGENT = heavy_ball.tangent


@pytest.fixture
def allowed(monkeypatch):
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    for name in MODULES:
        models.allow(name)


def given(x, **parameters):
    size = max(np.size(value) for value in (x, *parameters.values()))
    columns = {name: np.broadcast_to(np.float64(value), size).copy() for name, value in parameters.items()}
    return {"x": np.broadcast_to(np.float64(x), size).copy()}, columns


QUICK = (checks.check_declarations, checks.check_hessian, checks.check_flow, checks.check_stability, checks.check_edge,
         checks.check_tangent, checks.check_bounds)  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("check", [
    pytest.param(check, marks=[] if check in QUICK else pytest.mark.slow, id=check.__name__) for check in checks.CHECKS
])  # fmt: skip
def test_the_models_pass_the_checks(allowed, name, check):
    check(models.get(name))


@pytest.mark.parametrize(("name", "function", "wrong", "words"), [
    ("helpers.heavy_ball", "tangent", lambda theta, p, v: (*TANGENT(theta, p, v)[:3], v[3]), "velocity_y"),
    ("helpers.heavy_ball", "EDGE_MOVES", False, "depends on the state"),
    ("helpers.heavy_slope", "edge", lambda theta, p: -p[0], "negative"),
    ("helpers.heavy_slope", "MEMORY", {"velocity": "y"}, "MEMORY: y"),
    ("helpers.heavy_slope", "MEMORY", {"x": "x"}, "not distinct"),
])  # fmt: skip
def test_what_is_wrong_is_found(allowed, monkeypatch, name, function, wrong, words):
    model = models.get(name)
    monkeypatch.setattr(model, function, wrong)
    with pytest.raises(ConformanceError, match=words):
        for check in (checks.check_declarations, checks.check_edge, checks.check_tangent):
            check(model)


@pytest.mark.slow
@pytest.mark.parametrize("run", [batch.run, numpy_run.run])
def test_on_a_parabola_the_lyapunov_exponent_is_the_log_of_the_spectral_radius(run):
    """Between two budgets, so that the start does not count; the eigenvalues are real."""
    eta, momentum = np.array([0.1, 0.5, 2.5, 3.15, 3.9]), np.array([0.0, 0.02, 0.3, 0.5, 0.9])
    start = given(1e-200, a=1.0, eta=eta, momentum=momentum)
    short, long = (run(Job(heavy_slope, ("lyapunov",), steps, 0.0), *start)["lyapunov"] for steps in (200, 400))
    matrices = np.stack([[[1 - h, -h * b], [1 + 0 * h, b]] for h, b in zip(eta, momentum, strict=True)])
    radius = np.abs(np.linalg.eigvals(matrices)).max(-1)
    np.testing.assert_allclose(2 * long - short, np.log(radius), atol=1e-9)


@pytest.mark.slow
def test_runs_fade_below_the_edge_and_swing_above_it():
    momentum, ratio = (axis.ravel() for axis in np.meshgrid([0.0, 0.3, 0.9], [0.5, 0.95, 1.05, 1.3, 1.6]))
    start = given(0.3, a=2.0, eta=ratio * (1 + momentum), momentum=momentum)
    names = "period", "x_final", "final_above", "sharpness_ratio_max", "crossings"
    found = batch.run(Job(heavy_slope, names, 20_000, 0.0), *start)
    above, radius = ratio > 1, np.sqrt(np.maximum(ratio**2 - 1, 0))
    np.testing.assert_allclose(np.abs(found["x_final"]), radius, atol=1e-12)
    assert (found["period"][above] == 2).all()
    swing = (1 + radius**2) ** -1.5 * ratio
    assert (found["final_above"] == 1).all() and (swing[above] < 1).all()
    np.testing.assert_allclose(found["sharpness_ratio_max"][~above], ratio[~above], rtol=1e-6)


@pytest.mark.slow
def test_a_period_is_that_with_which_the_run_comes_back_for_ever():
    """In the double well along y, in which cycles of two steps double again and again."""
    momentum, ratio = (axis.ravel() for axis in np.meshgrid([0.0, 0.4, 0.9], np.linspace(0.8, 1.45, 60)))
    values = {"a": 1.0, "eta": ratio * (1 + momentum), "momentum": momentum, "warmup": 1.0}
    parameters = {name: np.broadcast_to(value, ratio.size).astype(float) for name, value in values.items()}
    names = "period", "y_final", "outcome"
    start = {"x": np.zeros(ratio.size), "y": np.full(ratio.size, 0.9)}
    found = batch.run(Job(heavy_ball, names, 3000, 0.0), start, parameters)
    path, p = named_inputs.states(heavy_ball, 6000, **start, **parameters)
    last, later = path[3000][1], np.array([theta[1] for theta in path[3000:]])
    with np.errstate(invalid="ignore"):
        back = np.array([np.abs(later[::k] / last - 1).max(0) for k in range(1, 17)])
    right = np.where((back < 1e-8).any(0), (back < 1e-8).argmax(0) + 1, 0)
    clear = (found["outcome"] == 3) & (found["y_final"] == last) & ~((back > 1e-9) & (back < 1e-7)).any(0)
    np.testing.assert_array_equal(found["period"][clear], right[clear])
    assert clear.sum() > 80 and {0, 1, 2, 4} <= set(right[clear].tolist()), right[clear]


@pytest.mark.slow
def test_a_swing_about_a_minimum_is_not_at_rest():
    """With much momentum y swings through its minimum a hundred times, ever less far; at times it hardly moves."""
    values = {"a": 1.0, "eta": 0.01, "momentum": 0.99, "warmup": 1.0}
    start = {"x": np.zeros(1), "y": np.full(1, 1.01)}, {name: np.full(1, value) for name, value in values.items()}
    steps = np.arange(1500, 6000, 50)
    runs = [batch.run(Job(heavy_ball, ("period",), int(count), 0.0), *start)["period"][0] for count in steps]
    size, period = 0.01 * 0.99 ** (steps / 2), np.array(runs)
    assert (period[size > 1e-7] == 0).all() and (period[size < 1e-10] == 1).all()


def test_a_trace_has_the_edge_of_each_step(allowed):
    run = trajectory(
        heavy_ball, {"a": 40.0, "eta": 0.1, "momentum": 0.5, "warmup": 50}, {"x": 1e-3, "y": 0.9}, steps=200
    )
    rate = 0.1 * np.minimum((np.arange(201) + 1) / 50, 1)
    np.testing.assert_allclose(run.threshold, 2 * 1.5 / rate, rtol=1e-14)
    assert run.threshold.dims == ("step",) and heavy_ball.EDGE_WORDS in run.threshold.attrs["long_name"]
    ratio = (run.sharpness / run.threshold).values
    found = numpy_run.run(
        Job(heavy_ball, ("sharpness_ratio_max", "first_crossing", "sharpness_ratio_final"), 200, 0.0),
        {name: np.float64([run[name][0]]) for name in heavy_ball.STATE},
        {name: np.float64([run[name]]) for name in heavy_ball.PARAMETERS},
    )
    assert ratio.max() == pytest.approx(found["sharpness_ratio_max"][0], rel=1e-12)
    assert ratio[-1] == pytest.approx(found["sharpness_ratio_final"][0], rel=1e-12)
    assert int((ratio >= 1).argmax()) == found["first_crossing"][0] > 0


def test_a_trace_has_one_number_for_an_edge_that_stays(allowed):
    run = trajectory(heavy_slope, {"a": 2.0, "eta": 0.1, "momentum": 0.9}, {"x": 0.5}, steps=20)
    assert run.threshold == pytest.approx(38.0) and "threshold" not in run.data_vars
    assert run.attrs["threshold_long_name"] == "2 (1 + momentum)/eta, the edge of stability"


def test_words_name_the_edge_of_the_rule():
    words = {name: about.long_name for name, (_, about) in observables.variables(heavy_slope).items()}
    assert words["steps_above"] == "number of steps with sharpness at or above 2 (1 + momentum)/eta, the start included"
    assert words["tail_max"] == "largest sharpness in units of 2 (1 + momentum)/eta in the last tenth of the budget"
    plain = {name: about.long_name for name, (_, about) in observables.variables(bivariate).items()}
    assert plain["crossings"] == "number of steps from below 2/eta to a sharpness at or above it"
    assert plain["tail_mean"] == "mean of sharpness * eta / 2 over the last tenth of the budget"
    assert plain["sharpness_ratio_max"] == "largest sharpness * eta / 2, the start included"
    assert "sharpness_ratio_final" not in plain and "sharpness_ratio_final" in observables.variables(heavy_ball)


def test_the_line_of_the_start_is_at_the_edge():
    (line,) = lines_of(heavy_slope)
    values = {"a": 2.0, "x": 0.0, "momentum": np.array([0.0, 0.5, 0.9]), "eta": np.array([1.0, 1.5, 1.9])}
    np.testing.assert_allclose(line.ratio(values), 1.0, rtol=1e-15)
    assert line.label == r"$S(\theta_0) = S_{\mathrm{edge}}$" and "2 (1 + momentum)/eta" in line.meaning
    assert lines_of(bivariate)[0].label == r"$S(\theta_0) = 2/\eta$"


def test_the_ratio_at_the_end_decides_how_near_the_last_step_was_where_the_edge_moves():
    """The largest ratio came early; the last one is at the edge, and the label hangs on it."""
    limits = {name: one.default for name, one in trust.regimes.THRESHOLDS.items()}
    o = types.SimpleNamespace(
        steps_above=np.array([3, 3]), sharpness_ratio_max=np.array([1.5, 1.5]), sharpness_final=np.array([9.0, 9.0]),
        sharpness_max=np.array([10.0, 10.0]), sharpness_initial=np.array([1.0, 1.0]), outcome=np.array([3, 3]),
        loss_growth=np.array([1.0, 1.0]), lyapunov=np.array([np.nan, np.nan]), sign_flips=np.array([0, 0]),
        regime=np.full(2, trust.regimes.CODES["unsettled"]), sharpness_ratio_final=np.array([1.0001, np.nan]),
    )  # fmt: skip
    assert trust._near_threshold(o, types.SimpleNamespace(**limits)).tolist() == [True, False]


@pytest.mark.slow
def test_a_module_that_says_nothing_of_rules_runs_as_before(own_module):
    named = (
        "CARRIED, LIMIT, GUARD, LINES, LOSS_PARTS, OBSERVABLES, PRESETS, REFERENCE, THRESHOLDS, clipped, loss_parts, "
    )
    text = BY_HAND.replace("import *", f"import {named}remaining_loss, rescale")
    model, whole = own_module("well_without_defaults", text), own_module("well_with_defaults", BY_HAND)
    assert not hasattr(model, "MEMORY") and not hasattr(model, "edge") and hasattr(whole, "edge")
    start = {"x": np.linspace(-1.7, 1.9, 40)}, {"eta": np.geomspace(0.05, 1.5, 40)}
    found, right = (
        batch.run(Job(one, observables.expand(["default"], one), 300, 1e-12), *start) for one in (model, whole)
    )
    assert all(np.array_equal(found[name], right[name], equal_nan=True) for name in right)


@pytest.mark.slow
def test_a_stored_sweep_is_labelled_drawn_and_judged(allowed, tmp_path):
    axes = {"momentum": [0.0, 0.5, 0.9], "eta": {"log": [0.02, 0.4, 9]}}
    sweep = make(
        "helpers.heavy_ball", axes, {"a": 20.0, "warmup": 30.0}, {"x": 0.01, "y": 0.8}, steps=300,
        observables=["default", "doubled"],
    )  # fmt: skip
    eos_sweep.run(sweep, tmp_path / "s")
    dataset = eos_sweep.open_sweep(tmp_path / "s").load()
    assert len(np.unique(dataset.regime)) >= 3 and (dataset.settled > 0).all()
    assert {"sharpness_ratio_final", "period_doubled", "velocity_x"} & set(dataset) == {
        "sharpness_ratio_final", "period_doubled"
    }  # fmt: skip
    verdicts = judge(str(tmp_path / "s"), tuple(range(27)), 0)
    assert {one.verdict for one in verdicts} <= {"agree", "sensitive"}
    found, run = report(tmp_path / "s", {}, {"momentum": 2, "eta": 5})
    assert all(found["stored"].values()) and run.threshold.dims == ("step",)
    plot.save(plot.trajectory_plot(run), tmp_path / "run.png")

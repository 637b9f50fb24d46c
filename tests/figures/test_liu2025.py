"""The figures of Liu et al. 2025: their numbers, the curves that they compare runs with, and their pictures."""

import importlib
import tomllib
from pathlib import Path

import all as table
import liu2025
import liu2025_fig3
import liu2025_fig4
import liu2025_fig14
import matplotlib
import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Annotation
from scipy.integrate import solve_ivp

import eos_sweep
from eos_sweep.checks.exact import oracle
from eos_sweep.engine import batch
from eos_sweep.errors import InputError
from eos_sweep.models import bivariate
from helpers.kernel_and_numpy import COUNTS, simulate

ROOT = Path(liu2025.__file__).parent.parent
NAMES = [name for name in table.SCRIPTS["gallery"] if name.startswith("liu2025")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def runs(folder):
    return {name: liu2025.stored(name, folder) for name in NAMES}


@pytest.fixture
def run_a(runs):
    return runs["liu2025_fig1"].isel(eta=0)


# Stored runs


@pytest.mark.skipif((ROOT / "PKG-INFO").exists(), reason="an sdist leaves the pictures out")
def test_every_figure_has_its_spec_its_script_and_its_picture():
    assert len(NAMES) == 7
    for name in NAMES:
        assert (ROOT / "figures" / f"{name}.py").exists() and (ROOT / "figures" / f"{name}.png").exists()
        assert f"figures/{name}.py" in (ROOT / "sweeps" / f"{name}.toml").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(extras["figures"]) <= set(extras["dev"])


@pytest.mark.parametrize("name", NAMES)
def test_stored_runs_are_the_trajectories_of_the_spec(runs, name):
    sweep = eos_sweep.load_spec(ROOT / "sweeps" / f"{name}.toml")
    assert runs[name].attrs["spec_hash"] == sweep.hash
    for k, value in enumerate(sweep.axis("eta").values):
        run = eos_sweep.trajectory("bivariate", {**sweep.parameters, "eta": value}, sweep.initial, steps=sweep.steps)
        there = runs[name].isel(eta=k)
        assert float(there.threshold) == run.attrs["threshold"]
        xr.testing.assert_equal(there.drop_vars("threshold"), run)


@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_counts_the_same_crossings_and_flips(runs, name):
    sweep = eos_sweep.load_spec(ROOT / "sweeps" / f"{name}.toml")
    initial, parameters = sweep.inputs({"eta": sweep.axis("eta").values})
    found = simulate(initial, parameters, sweep.steps, COUNTS)
    for k in range(sweep.size):
        run = runs[name].isel(eta=k)
        up, flips = liu2025.crossings(run), liu2025_fig14.flips(run)
        assert up.size == found["crossings"][k] and flips.size == found["sign_flips"][k]
        above = (run.sharpness > run.threshold).values
        assert int(above.argmax()) == found["first_crossing"][k]


def test_stored_runs_are_taken_from_where_they_are(runs, folder):
    again = liu2025.stored("liu2025_fig1", folder)
    xr.testing.assert_identical(again, runs["liu2025_fig1"])
    assert again.attrs["created"] == runs["liu2025_fig1"].attrs["created"]


@pytest.mark.parametrize("key", ["spec_hash", "model_digest"])
def test_runs_of_another_spec_or_another_source_are_recorded_again(runs, tmp_path, key):
    stale = runs["liu2025_fig1"].assign(alpha=0 * runs["liu2025_fig1"].alpha).assign_attrs({key: "another"})
    stale.to_zarr(tmp_path / "liu2025_fig1_steps.zarr", consolidated=False)
    xr.testing.assert_equal(liu2025.stored("liu2025_fig1", tmp_path), runs["liu2025_fig1"])
    xr.testing.assert_equal(liu2025.stored("liu2025_fig1", tmp_path), runs["liu2025_fig1"])
    assert [path.name for path in tmp_path.iterdir()] == ["liu2025_fig1_steps.zarr"]


def test_what_is_not_a_store_of_runs_is_left_alone(tmp_path):
    other = xr.Dataset({"x": ("t", np.arange(3))})
    other.to_zarr(tmp_path / "liu2025_fig1_steps.zarr", consolidated=False)
    with pytest.raises(InputError, match="move it away"):
        liu2025.stored("liu2025_fig1", tmp_path)
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "liu2025_fig1_steps.zarr", consolidated=False), other)


def test_the_caption_has_all_inputs(runs):
    words = liu2025.caption(runs["liu2025_eta"])
    for part in ("λ₁ = 100", "λ₂ = 0.01", "η = 0.05, 0.08, 0.1, 0.12", "clip = ∞", "radius = 0.0527", "α(0) = 0.57",
                 "β₁(0) = 0.01", "β₂(0) = 0.5", "10 000 steps"):  # fmt: skip
        assert part in words


# Numbers


def test_figure_1_first_crosses_at_348_and_then_16_times_more(run_a):
    up = liu2025.crossings(run_a)
    assert up[0] == 348 and up.size == 17


@pytest.mark.parametrize("loss", ["whole", "relevant", "surrogate"])
def test_losses_of_figure_2_fall_at_the_law_s_rate(runs, loss):
    run = runs["liu2025_fig2"].isel(eta=0)
    losses = {"whole": run.loss, "relevant": run.loss_relevant, "surrogate": liu2025.surrogate_loss(run)}
    found = liu2025.slope(np.asarray(losses[loss]), liu2025.edge(run))
    assert liu2025.edge_slope(run) == pytest.approx(-4.0004e-4, rel=1e-6)
    assert found == pytest.approx(liu2025.edge_slope(run), rel=0.03)


@pytest.mark.parametrize("k", range(4))
def test_the_slope_hardly_depends_on_the_step_size(runs, k):
    """Within 3 % of the law on the edge, and in either half of it."""
    run = runs["liu2025_eta"].isel(eta=k)
    loss, stretch = liu2025.surrogate_loss(run), liu2025.edge(run)
    middle = (stretch.start + stretch.stop) // 2
    assert liu2025.slope(loss, stretch) == pytest.approx(liu2025.edge_slope(run), rel=0.03)
    for half in (slice(stretch.start, middle), slice(middle, stretch.stop)):
        assert liu2025.slope(loss, half) == pytest.approx(liu2025.edge_slope(run), rel=0.06)


def test_from_below_the_paper_s_set_the_slope_is_off():
    """A start with eta lambda1 alpha^2 < 1 overshoots 2/eta twofold before it comes to the edge."""
    given = {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"}
    run = eos_sweep.trajectory("bivariate", given, {"alpha": 0.4, "beta1": 0.01, "beta2": 0.5}, steps=10_000)
    run = run.assign(threshold=run.attrs["threshold"])
    found = liu2025.slope(liu2025.surrogate_loss(run), liu2025.edge(run))
    assert found == pytest.approx(0.95 * liu2025.edge_slope(run), rel=1e-3)


def test_the_flow_s_sharpness_stays_within_its_bounds(runs):
    """At every step, to 4 units in the last place; with |beta1| = radius the lower bound is met."""
    run = runs["liu2025_fig3"].isel(eta=0)
    lower, upper = liu2025_fig3.bounds(run)
    flow = run.flow_sharpness.values
    room = 4 * np.spacing(flow)
    assert (lower <= flow + room).all() and (flow <= upper + room).all()
    held = (abs(run.beta1) == run.radius).values
    assert 20 < held.sum() < 1000
    np.testing.assert_allclose(flow[held], lower[held], rtol=1e-15)
    assert (flow[~held] > lower[~held]).all()
    assert (np.diff(flow) <= 1e-7 * flow[:-1]).all(), "it falls"


# Gradient flow


@pytest.mark.parametrize("start", liu2025_fig4.STARTS)
def test_gradient_flow_keeps_its_invariant_and_ends_at_its_minimiser(runs, start):
    run = runs["liu2025_fig4"].isel(eta=0)
    flow = liu2025.gradient_flow(run, start, liu2025_fig4.STEPS)
    assert liu2025.drift(flow) < liu2025.ATOL
    assert liu2025.miss(flow) < liu2025.ATOL
    assert flow.sharpness[-1] == pytest.approx(float(run.flow_sharpness[start]), rel=1e-11)
    fallen = flow.loss > 1e-24
    assert (np.diff(flow.loss[fallen]) < 0).all()
    assert flow.step[0] == start and flow.step[-1] == pytest.approx(start + liu2025_fig4.STEPS)


@pytest.mark.parametrize("start", [0, 5450])  # at the latter beta1 is at its radius
def test_gradient_flow_is_that_of_an_explicit_method_on_the_model_s_own_step(runs, start):
    run = runs["liu2025_fig4"].isel(eta=0)
    theta = np.array([float(run[name][start]) for name in bivariate.STATE])
    p = (100.0, 0.01, 1.0, np.inf, np.inf)

    def descent(_, y):  # with eta = 1, to rounding
        return np.array(bivariate.step((*y, 0.0), p)[:3]) - y

    flow = liu2025.gradient_flow(run, start, 400)
    other = solve_ivp(descent, (0, 20), theta, "DOP853", rtol=1e-12, atol=1e-14, t_eval=0.05 * (flow.step - start))
    np.testing.assert_allclose([flow.alpha, flow.beta1, flow.beta2], other.y, rtol=0, atol=1e-9)


def test_gradient_flow_is_where_small_steps_go(run_a):
    """Gradient descent with a hundredth of the step size is within 1e-4 of it, and with half of that half as far."""
    flow = liu2025.gradient_flow(run_a, 0, 2000)
    misses = []
    for parts in (100, 200):
        small = eos_sweep.trajectory(
            "bivariate", {"lambda1": 100, "lambda2": 0.01, "eta": 0.05 / parts},
            {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}, steps=2000 * parts,
        )  # fmt: skip
        misses.append(float(small.alpha[-1]) - flow.alpha[-1])
    assert 0 < abs(misses[0]) < 1e-4 and misses[0] / misses[1] == pytest.approx(2, rel=0.02)


# The constrained trajectory


@pytest.mark.parametrize("k", range(4))
def test_the_constrained_trajectory_never_leaves_the_edge_again(runs, k):
    run = runs["liu2025_eta"].isel(eta=k)
    held, most = liu2025.constrained(run), liu2025.edge_alpha(run)
    assert most**2 * float(run.eta * run.lambda1) == pytest.approx(2, rel=1e-15)
    there = int((held.alpha[1:] == most).argmax()) + 1
    assert (held.alpha[there:] == most).all() and (held.alpha[1:] <= most).all()
    assert (np.diff(held.beta2) > 0).all() and (np.diff(held.alpha[1:]) >= 0).all() and (held.beta1 == 0).all()
    # 1 - alpha beta2 shrinks by 1 - eta lambda2 alpha^2 = 1 - 2 lambda2/lambda1 at each step
    left = (1 - most * held.beta2[there]) * (1 - 2e-4) ** np.arange(held.step.size - there)
    np.testing.assert_allclose(1 - most * held.beta2[there:], left, rtol=1e-10)
    assert liu2025.slope(held.loss, slice(there, None)) == pytest.approx(liu2025.edge_slope(run), rel=1e-9)


def test_below_the_edge_the_constrained_trajectory_is_gradient_descent_without_beta1(run_a):
    free = eos_sweep.trajectory(
        "bivariate",
        {"lambda1": 100, "lambda2": 0.01, "eta": 0.05},
        {"alpha": 0.57, "beta1": 0, "beta2": 0.5},
        steps=400,
    )
    held, most = liu2025.constrained(run_a), liu2025.edge_alpha(run_a)
    there = int((held.alpha == most).argmax())
    assert 300 < there < 400 and float(free.alpha[there]) > most > float(free.alpha[there - 1])
    for name in ("alpha", "beta2", "loss", "sharpness"):
        np.testing.assert_allclose(getattr(held, name)[:there], free[name][:there], rtol=1e-13)


# Without a bound


def test_without_a_bound_alpha_flips(runs):
    assert liu2025_fig14.flips(runs["liu2025_fig14"].isel(eta=0)).tolist() == [5830, 5831, 5832, 5833]


@pytest.mark.slow
def test_the_flips_are_those_of_exact_arithmetic(runs):
    run = runs["liu2025_fig14"].isel(eta=0)
    job = batch.Job(bivariate, ("first_sign_flip", "sign_flips"), 5900, 0.0)
    initial = {name: np.array([float(run[name][0])]) for name in bivariate.STATE}
    found, bits = oracle.run(job, initial, {name: np.array([float(run[name])]) for name in bivariate.PARAMETERS})
    assert bits[0] > 0 and found["first_sign_flip"][0] == 5830 and found["sign_flips"][0] == 4


def test_after_the_flips_the_loss_stays_on_its_plateau(runs):
    run = runs["liu2025_fig14"].isel(eta=0)
    rest = run.isel(step=slice(5840, None))
    assert abs(rest.alpha).max() < 1e-3
    np.testing.assert_allclose(rest.loss, float(run.lambda2 / 2), rtol=1e-3)
    moved = max(float(abs(rest[name][-1] - rest[name][0])) for name in bivariate.STATE)
    assert moved < 1e-2, "in 4000 steps"


# Pictures


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_no_text_lies_on_other_text_or_on_a_line(runs, name):
    with matplotlib.rc_context(liu2025.PRINT):
        figure = liu2025.picture(runs[name], importlib.import_module(name).draw)
        FigureCanvasAgg(figure).draw()
    boxes = [figure._suptitle.get_window_extent()]
    for ax in figure.axes:
        texts = [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]
        texts += [text for text in ax.texts if isinstance(text, Annotation)]
        boxes += [text.get_window_extent() for text in texts if text.get_text()]
        if ax.get_legend():
            inside = ax.get_legend().get_window_extent()
            boxes.append(inside)
            for line in ax.lines:
                points = line.get_transform().transform(np.column_stack(line.get_data()).astype(float))
                assert not inside.count_contains(points), (name, line.get_label())
    whole = figure.bbox.padded(1)
    for k, box in enumerate(boxes):
        assert whole.containsx(box.x0) and whole.containsx(box.x1) and whole.containsy(box.y0)
        assert not any(box.overlaps(other) for other in boxes[:k]), name

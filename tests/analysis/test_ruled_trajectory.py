"""A trajectory under an update rule: its edge, its title, its picture, and that a neutral rule changes nothing."""

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models, plot
from eos_sweep.analysis.predicted import lines_of

PARAMETERS = {"a": 1.0, "eta": 0.5}
WELL = eos_sweep.model("a*x**2/2", ["x"], name="well")
STEPS = 40


def run(rule, **parameters):
    return eos_sweep.trajectory(WELL, PARAMETERS | parameters, {"x": 1.0}, steps=STEPS, rule=rule)


@pytest.fixture(scope="module")
def heavy():
    return run(["heavy_ball"], momentum=0.5)


@pytest.fixture(scope="module")
def warm():
    return run("linear_warmup", warmup_steps=10)


def test_the_steps_are_those_of_the_rule(heavy):
    x, before = [1.0], 0.0
    for _ in range(STEPS):
        before = 0.5 * before + 0.5 * x[-1]
        x.append(x[-1] - before)
    np.testing.assert_allclose(heavy.x, x, rtol=1e-12, atol=1e-15)


def test_a_constant_edge_is_a_number_and_one_that_moves_a_series(heavy, warm):
    assert heavy.threshold == pytest.approx(2 * (1 + 0.5) / 0.5, rel=1e-15) and "threshold" not in heavy.variables
    step = np.arange(STEPS + 1)
    rates = 0.5 * np.minimum(1.0, (step + 1) / 10)
    np.testing.assert_allclose(warm["threshold"], 2 / rates, rtol=1e-14)
    assert "threshold" not in warm.attrs and warm["threshold"].attrs["long_name"]


def test_titles_and_attributes_name_the_rule(heavy, warm):
    assert heavy.title.startswith(f"Heavy ball momentum on {models.get(WELL).TITLE}\n") and "β = 0.5" in heavy.title
    assert warm.title.startswith("Gradient descent + linear warmup on ")
    assert (heavy.rule, heavy.edge) == ("heavy_ball", "2(1+β)/η")
    assert (warm.rule, warm.edge) == ("gd + linear_warmup", "2/ηₜ")
    plain = run(None)
    assert plain.title.startswith("Gradient descent on ") and not {"rule", "edge"} & set(plain.attrs)
    assert plain.step.attrs["long_name"] == "gradient descent step" and plain.threshold == 4.0


def test_a_neutral_rule_gives_the_bits_of_gradient_descent():
    plain, neutral = run("gd"), run("heavy_ball", momentum=0.0)
    for name in plain.data_vars:
        np.testing.assert_array_equal(plain[name], neutral[name])
    assert plain.threshold == neutral.threshold


def test_the_picture_draws_the_edge(heavy, warm):
    for dataset, label in ((heavy, "2(1+β)/η"), (warm, "2/ηₜ")):
        panel = plot.trajectory_plot(dataset).axes[0]
        (line,) = [line for line in panel.lines if line.get_label() == label]
        edge = np.broadcast_to(dataset.get("threshold", heavy.threshold), STEPS + 1)
        drawn = np.interp(np.arange(STEPS + 1), [0, STEPS], line.get_ydata()) if dataset is heavy else line.get_ydata()
        np.testing.assert_array_equal(drawn, edge)
    assert panel.get_ylim()[1] < 40.0 == warm["threshold"][0]  # the sharpness stays visible


def test_the_line_of_the_start_is_at_the_edge_of_the_rule():
    start = lines_of(models.get(WELL, "heavy_ball"))[0]
    assert start.label == r"$S(\theta_0) = 2(1+\beta)/\eta$"
    values = {"x": 1.0, "a": 3.0, "eta": 1.0, "momentum": 0.5}
    assert start.ratio({name: np.array(value) for name, value in values.items()}) == 1.0
    assert lines_of(models.get(WELL))[0].label == r"$S(\theta_0) = 2/\eta$"


@pytest.mark.slow
def test_parts_of_the_loss_and_a_network_under_a_rule():
    given = {"lambda1": 100, "lambda2": 0.01, "eta": 0.05}, {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
    found = eos_sweep.trajectory("bivariate", *given, steps=20, rule="sam")
    np.testing.assert_allclose(found.loss_irrelevant + found.loss_relevant, found.loss, rtol=1e-12)
    network = eos_sweep.trajectory("tanh_net", {"eta": 0.1, "momentum": 0.5}, {}, steps=3, rule="heavy_ball")
    assert network.threshold == pytest.approx(30.0, rel=1e-15)
    moving = eos_sweep.trajectory("tanh_net", {"eta": 0.1}, {}, steps=3, rule="linear_warmup")
    assert moving["threshold"][0] == pytest.approx(2000.0, rel=1e-12)
    plain = eos_sweep.trajectory("tanh_net", {"eta": 0.1}, {}, steps=3)
    assert plain.threshold == 2 / 0.1

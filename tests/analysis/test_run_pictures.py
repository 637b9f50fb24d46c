"""Several runs in one picture, and runs that diverge, of which something can be seen."""

import numpy as np
import pytest

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.compared import named_runs
from eos_sweep.errors import InputError

START = {"x": 0.5, "y": 0.1}


def run_of(eta, steps=60, **others):
    return eos_sweep.trajectory("quartic", {"eta": eta}, {**START, **others}, steps=steps)


@pytest.fixture(scope="module")
def runs():
    return [run_of(eta) for eta in (0.5, 1.0, 3.0)]


def labels_of(runs):
    return [label for label, _ in named_runs(runs)]


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_run_that_diverges_is_drawn_up_to_where_it_leaves(runs):
    run = runs[2]
    last = int(np.isfinite(run.loss).sum()) - 1
    assert float(run.sharpness.max()) > 1e3  # so that all else would be a line at zero
    sharpness, loss, state = plot.trajectory_plot(run).axes
    low, high = sharpness.get_ylim()
    ordinary = run.loss <= 100 * run.loss[0]
    assert low < run.sharpness.where(ordinary).min() and run.sharpness.where(ordinary).max() < high < 100
    assert low < 2 / 3.0 < high, "the edge is seen"
    assert loss.get_ylim()[1] < 1e5 and state.get_ylim()[1] < 3
    assert last < sharpness.get_xlim()[1] < last + 2
    assert f"diverges at step {last}" in legend_of(sharpness)
    assert all(list(ax.lines[-1].get_xdata()) == [last, last] for ax in (sharpness, loss, state))


def test_a_run_that_is_beyond_its_bound_from_the_start_is_drawn():
    run = eos_sweep.trajectory("quadratic", {"a1": 1e30, "eta": 0.1}, {"theta1": 1e10}, steps=5)
    assert np.isnan(run.loss).all()
    plot.trajectory_plot(run).draw_without_rendering()
    plot.trajectory_plot([run, run]).draw_without_rendering()


def test_several_runs_share_panels_and_are_called_by_what_differs(runs):
    figure = plot.trajectory_plot(runs)
    assert [ax.get_ylabel() for ax in figure.axes] == ["sharpness", "loss", "x: first weight", "y: second weight"]
    last = int(np.isfinite(runs[2].loss).sum()) - 1
    assert legend_of(figure.axes[0]) == ["η = 0.5", "η = 1", f"η = 3\ndiverges at step {last}", "2/η"]
    for line, run in zip(figure.axes[1].lines, runs, strict=False):
        np.testing.assert_array_equal(line.get_ydata(), run.loss)
    assert figure.axes[0].get_title(loc="left").endswith("x = 0.5, y = 0.1")
    edges = [line for line in figure.axes[0].lines if line.get_linestyle() == "--" and len(line.get_ydata())]
    assert [line.get_ydata()[0] for line in edges] == [4.0, 2.0, 2 / 3.0]
    assert all(ax.get_legend() is None for ax in figure.axes[1:])


def test_runs_side_by_side_have_the_same_vertical_axes(runs):
    figure = plot.trajectory_plot(runs, beside=True)
    axes = np.array(figure.axes).reshape(3, 3)
    assert [ax.get_title() for ax in axes[0]] == ["η = 0.5", "η = 1", "η = 3"]
    assert all(len({ax.get_ylim() for ax in row}) == 1 for row in axes)
    assert axes[0, 2].get_xlim()[1] < axes[0, 0].get_xlim()[1]
    figure.draw_without_rendering()
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1


def test_one_edge_of_all_runs_is_one_line():
    figure = plot.trajectory_plot([run_of(0.5), run_of(0.5, y=0.2)])
    assert legend_of(figure.axes[0]) == ["y = 0.1", "y = 0.2", "2/η"]
    assert sum(line.get_linestyle() == "--" for line in figure.axes[0].lines) == 1


def test_labels_and_variables_may_be_given(runs):
    figure = plot.trajectory_plot({"slow": runs[0], "$5": runs[1]}, variables=["loss"], title="", figsize="column")
    (ax,) = figure.axes
    assert legend_of(ax) == ["slow", r"\$5"] and ax.get_title(loc="left") == ""
    assert figure.get_size_inches()[0] == 3.37
    (ax,) = plot.trajectory_plot(runs[0], variables=["y"]).axes
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), runs[0].y)


@pytest.mark.parametrize("beside", [False, True])
def test_labels_that_are_the_same_when_shortened_have_numbers(runs, beside):
    given = {f"{'a long name ' * 20}{k}": run for k, run in enumerate(runs)}
    labels, drawn = zip(*named_runs(given | {"short": runs[0]}), strict=True)
    assert len(set(labels)) == 4 and labels[0].endswith("... (1)") and labels[3] == "short"
    assert all(one is run for one, run in zip(drawn, runs, strict=False))
    figure = plot.trajectory_plot(given, variables=["loss"], beside=beside)
    lines = [line for ax in figure.axes for line in ax.lines if len(line.get_ydata()) == runs[0].step.size]
    for line, run in zip(lines, runs, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), run.loss)


def test_variables_with_the_same_label_have_a_panel_each(runs):
    same = [run.assign(y=run.y.assign_attrs(run.x.attrs)) for run in runs[:2]]
    assert len(plot.trajectory_plot(same, variables=["x", "y"]).axes) == 2


def test_runs_that_differ_in_nothing_or_in_rule_and_budget_are_told_apart(runs):
    assert labels_of([runs[0], runs[0]]) == ["run 1", "run 2"]
    near = [run_of(0.1, 3), run_of(np.nextafter(0.1, 1), 3)]
    assert labels_of(near) == ["η = 0.10000000000000001", "η = 0.10000000000000002"]
    other = eos_sweep.trajectory("quartic", {"eta": 0.5, "weight_decay": 0.1}, START, steps=20, rule="gd + l2")
    labels = labels_of([runs[0], other])
    assert "rule = gd + l2" in labels[1] and "steps = 20" in labels[1] and "steps = 60" in labels[0]
    assert labels_of([run.drop_attrs() for run in runs[:2]]) == ["run 1", "run 2"]


@pytest.mark.parametrize(("given", "words"), [
    (lambda runs: plot.trajectory_plot([]), "runs: got 0 trajectories; give 1 to 12"),
    (lambda runs: plot.trajectory_plot(runs[:1] * 13), "got 13 trajectories"),
    (lambda runs: plot.trajectory_plot([3]), "no trajectory; give what eos_sweep.trajectory returns"),
    (lambda runs: plot.trajectory_plot(runs, variables=["los"]), "variables: no 'los' in a run; did you mean 'loss'"),
    (lambda runs: plot.trajectory_plot(runs, figsize="colum"), "did you mean 'column'"),
])  # fmt: skip
def test_what_is_no_run_is_refused(runs, given, words):
    with pytest.raises(InputError, match=words):
        given(runs)

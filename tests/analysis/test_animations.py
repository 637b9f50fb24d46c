"""Runs on the landscape of their loss, and maps that move."""

import numpy as np
import pytest
from matplotlib import animation as of_matplotlib

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.landscapes import landscape_of
from eos_sweep.errors import InputError


@pytest.fixture(scope="module")
def run():
    return eos_sweep.trajectory("quartic", {"eta": 1.0}, {"x": 0.5, "y": 0.1}, steps=30)


@pytest.fixture(scope="module")
def ds():
    axes = {"theta1": [1, 2, 3], "a1": [1, 2, 4], "eta": {"linear": [0.1, 3, 8]}}
    return eos_sweep.sweep("quadratic", axes, {}, {}, steps=50)


def gif(path):
    """Return the number of frames of a GIF, by its graphic control blocks."""
    content = path.read_bytes()
    assert content.startswith(b"GIF89a")
    return content.count(b"\x21\xf9\x04")


def test_the_landscape_is_that_of_the_model():
    given = {"lambda1": 100, "lambda2": 0.01, "eta": 0.05}, {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
    run = eos_sweep.trajectory("bivariate", *given, steps=20)
    land = landscape_of(run, "beta1", "alpha")
    b1, a = np.array([-0.02, 0.0, float(run.beta1[7])]), np.array([0.4, float(run.alpha[7])])
    loss, top = land.at(7, b1, a)
    b2 = float(run.beta2[7])
    expected = 50 * (a[:, None] * b1) ** 2 + 0.005 * (a[:, None] * b2 - 1) ** 2
    np.testing.assert_allclose(loss, np.broadcast_to(expected, (2, 3)), rtol=1e-13)
    assert loss[1, 2] == float(run.loss[7])
    assert top[1, 2] == pytest.approx(float(run.sharpness[7]), rel=1e-13)
    assert land.others == ("beta2",) and land.edge == 40.0
    assert (landscape_of(run).x, landscape_of(run).y) == ("beta1", "beta2"), "alpha moves least"
    assert landscape_of(run, y="beta2").x == "beta1"


def test_an_edge_that_moves_has_no_line(run):
    moving = eos_sweep.trajectory("quartic", {"eta": 0.1}, {"x": 0.5, "y": 0.1}, steps=5, rule="adam")
    assert landscape_of(moving).edge is None and landscape_of(run).edge == 2.0
    plot.descent(moving).draw_without_rendering()


def test_a_run_is_drawn_up_to_a_step(run):
    figure = plot.descent(run, step=9)
    ax, below = figure.axes[:2]
    np.testing.assert_array_equal(ax.lines[-2].get_xdata(), run.x[:10])
    assert float(ax.lines[-1].get_xdata()[0]) == float(run.x[9]) and "step 9" in ax.get_title(loc="left")
    assert below.lines[-1].get_xdata() == [9]
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert low < run.x.min() < run.x.max() < high and bottom < run.y.min() < run.y.max() < top
    assert plot.descent(run, xlim=(0, 2)).axes[0].get_xlim() == (0, 2)


def test_a_run_that_diverges_ends_its_animation_where_it_ends():
    run = eos_sweep.trajectory("quartic", {"eta": 3.0}, {"x": 0.5, "y": 0.1}, steps=60)
    moving = plot.animate_descent(run, frames=50)
    assert moving.count == int(np.isfinite(run.loss).sum())
    plot.descent(run).draw_without_rendering()


def test_whole_numbers_of_any_type_are_paces(run, ds):
    moving = plot.animate_descent(run, frames=1e1, fps=np.float64(5))
    assert moving.count == 10 and (moving.fps, type(moving.fps)) == (5, int)
    moving = plot.animate(ds, "theta1", fps=1e1, lines=False)
    assert (moving.fps, type(moving.fps)) == (10, int)


@pytest.mark.slow
def test_animations_are_written_as_a_whole(run, ds, tmp_path):
    moving = plot.animate_descent(run, frames=3, fps=10, figsize=(3, 3))
    assert isinstance(moving, of_matplotlib.Animation)
    plot.save(moving, tmp_path / "run.gif")
    assert gif(tmp_path / "run.gif") == 3
    plot.save(plot.animate(ds, "theta1", [1, 3], figsize=(4, 3), lines=False), tmp_path / "map.gif")
    assert gif(tmp_path / "map.gif") == 2
    assert sorted(file.name for file in tmp_path.iterdir()) == ["map.gif", "run.gif"]


def test_a_map_moves_along_an_axis_with_one_legend_and_one_scale(ds):
    moving = plot.animate(ds, "theta1", variable="loss_final")
    ax, norms = moving.figure.axes[0], []
    for frame in range(3):
        moving._func(frame)
        assert ax.get_title(loc="left") == f"θ₁ = {frame + 1}"
        norms.append(ax.collections[0].norm)
    assert len({(norm.vmin, norm.vmax) for norm in norms}) == 1
    moving = plot.animate(ds, "theta1")
    (legend,) = moving.figure.legends
    assert moving.figure._suptitle.get_window_extent().x1 < legend.get_window_extent().x0
    words = [text.get_text() for text in legend.get_texts()]
    assert words[:3] == ["divergence", "sign flip", "stable"] and moving.figure.axes[0].get_legend() is None


def test_points_and_what_could_be_labels_on_a_frame_have_one_scale(ds):
    rng = np.random.default_rng(0)
    points = {"a1": 10 ** rng.uniform(-1, 1, 30), "eta": 10 ** rng.uniform(-2, 1, 30)}
    given = {"axes": {"theta1": [1.0, 1e3]}, "points": points, "steps": 20}
    scatter = eos_sweep.sweep("quadratic", **given)
    share = ds.regime.copy(data=np.where(ds.theta1.values[:, None, None] > 1, 0.5, 1.0) * np.ones(ds.regime.shape))
    for dataset, name, ends in (
        (scatter, "loss_initial", (scatter.loss_initial.min(), scatter.loss_initial.max())),
        (ds.assign(share=share), "share", (0.5, 1.0)),
    ):
        moving = plot.animate(dataset, "theta1", variable=name)
        ax = moving.figure.axes[0]
        for frame in range(dataset.sizes["theta1"]):
            moving._func(frame)
            (norm,) = (one.norm for one in ax.collections if one.get_array() is not None)
            assert (norm.vmin, norm.vmax) == ends
        assert len(moving.figure.axes) == 2, "a bar"


def test_a_threshold_reads_only_what_labels_need_and_after_the_axes_are_known(ds):
    def fail(block):
        raise AssertionError("read")

    def broken(name):
        return ds[name].copy(data=ds[name].chunk().data.map_blocks(fail, dtype=float, meta=np.empty(0)))

    needless = ds.chunk().assign(loss_initial=broken("loss_initial"))
    assert plot.animate(needless, "growth", [1.1, 1.5], at={"theta1": 1}).count == 2
    with pytest.raises(InputError, match="axes not shown: theta1|axes not shown: a1"):
        plot.animate(ds.assign({name: broken(name) for name in ds.data_vars}), "growth", [1.1, 1.5])


def test_a_threshold_labels_anew(ds):
    moving = plot.animate(ds, "blowup", [1e3, 1e12], at={"theta1": 1}, lines=False)
    ax, seen = moving.figure.axes[0], []
    for frame in range(2):
        moving._func(frame)
        seen.append(ax.collections[0].get_array().copy())
    one = ds.sel(theta1=1)
    assert (seen[0] != seen[1]).any() == bool((eos_sweep.label(one, blowup=1e3) != one.regime).any())
    assert plot.animate(ds, "bits", [5, 9], at={"theta1": 1}, variable="settled").count == 2


@pytest.mark.parametrize(("make", "words"), [
    (lambda ds, run: plot.animate(ds, "thta1"), "no axis or threshold 'thta1'; did you mean 'theta1'"),
    (lambda ds, run: plot.animate(ds, "growth", at={"theta1": 1}), "values: missing; give some of the threshold"),
    (lambda ds, run: plot.animate(ds, "growth", ["x"]), "values: got"),
    (lambda ds, run: plot.animate(ds, "growth", [1, 2], variable="loss_final"), "no threshold changes 'loss_final'"),
    (lambda ds, run: plot.animate(ds, "theta1", at={"theta1": 1}), "at: theta1 moves"),
    (lambda ds, run: plot.animate(ds, "theta1", [1, 9]), "theta1 = 9 is not on the axis"),
    (lambda ds, run: plot.animate(ds, "theta1", [1]), "frames: got 1; give a whole number >= 2"),
    (lambda ds, run: plot.animate(ds, "theta1", fps=60), "fps: got 60; give 1 to 50 frames a second"),
    (lambda ds, run: plot.animate_descent(run, frames=2.5), "frames: got 2.5; give a whole number >= 2"),
    (lambda ds, run: plot.animate_descent(run, frames=1001), "frames: got 1001; give 2 to 1000"),
    (lambda ds, run: plot.animate(ds, "theta1", fps=0), "fps: got 0"),
    (lambda ds, run: plot.descent(ds), "run: this dataset is no trajectory"),
    (lambda ds, run: plot.descent(run, "z"), "x: no coordinate 'z' of quartic; there are: x, y"),
    (lambda ds, run: plot.descent(run, "x", "x"), "x, y: got x twice"),
    (lambda ds, run: plot.descent(run, step=99), "step: got 99; give one from 0 to 30"),
    (lambda ds, run: plot.descent(run, xlim=(1, 1)), "xlim: got"),
    (lambda ds, run: plot.descent(eos_sweep.trajectory("linear_net_full", {"eta": 0.05}, {}, steps=1)), "is a network"),
])  # fmt: skip
def test_what_cannot_move_is_refused(ds, run, make, words):
    with pytest.raises(InputError, match=words):
        make(ds, run)


def test_endings_of_other_kinds_are_refused_before_anything_is_drawn(ds, run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    moving = plot.animate_descent(run, frames=2)
    monkeypatch.setattr(moving, "save", None)
    with pytest.raises(InputError, match="not a file for an animation; end the name in .gif or .mp4"):
        plot.save(moving, tmp_path / "run.png")
    with pytest.raises(InputError, match="needs the program ffmpeg, which is not found; install it, or end"):
        plot.save(moving, tmp_path / "run.mp4")
    with pytest.raises(InputError, match="not a picture that can be drawn"):
        plot.save(plot.descent(run), tmp_path / "run.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("along", "given", "words"), [
    ("growth", {"values": [1.1, 2], "at": {"width": 1}}, "at: no axis 'width' in this sweep; there are: "),
    ("growth", {"values": 2}, "values: got 2; give a list, a frame for each"),
    ("theta1", {"values": 1}, "values: got 1; give a list, a frame for each"),
    ("theta1", {"values": ["a", "b"]}, "at: theta1 = 'a' is not on the axis; give a number"),
    (None, {}, "along: got None; give the name of an axis or of a threshold"),
])  # fmt: skip
def test_what_cannot_move_is_refused_in_one_line(ds, along, given, words):
    with pytest.raises(InputError) as caught:
        plot.animate(ds, along, **given)
    assert str(caught.value).startswith(words)


def test_a_path_is_no_dataset_to_animate():
    with pytest.raises(InputError, match="dataset: got 'a.zarr'; give what"):
        plot.animate("a.zarr", "eta")

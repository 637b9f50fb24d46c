"""Pictures: what is drawn is where it should be, and can be read."""

import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

import eos_sweep
from eos_sweep import models, plot, regimes
from eos_sweep.analysis import predicted
from eos_sweep.analysis.pictures import theory_lines
from eos_sweep.analysis.pictures.style import PALETTE, STROKES
from eos_sweep.analysis.slices import cell_edges
from eos_sweep.errors import InputError


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_legend_names_the_regimes_that_occur_with_their_shares(free):
    ax = plot.regime_map(free, "eta", "lambda1", lines=False)
    words = legend_of(ax)
    codes = eos_sweep.label(free).values
    occurring = [name.replace("_", " ") for name, code in regimes.CODES.items() if (codes == code).any()]
    assert [re.sub(r"  .*", "", text) for text in words] == occurring and len(occurring) > 4
    assert sum(float(text.split("  ")[1].split()[0]) for text in words) == pytest.approx(100, abs=0.05 * len(words))
    outcomes = legend_of(
        plot.observable_map(free, "outcome", "eta", "lambda1", lines=False)
    )  # flags that are no regimes
    assert [text.split("  ")[0] for text in outcomes] == ["diverged", "budget spent"]
    for handle, name in zip(ax.get_legend().get_patches(), occurring, strict=True):
        assert handle.get_facecolor()[:3] == to_rgb(PALETTE[name.replace(" ", "_")])


def test_cells_have_their_regimes_colour_and_uncomputed_ones_none(free):
    some = free.drop_vars("regime").copy(deep=True)
    some["outcome"][:3, :4] = 0
    ax = plot.regime_map(some, "eta", "lambda1")
    drawn = np.asarray(ax.collections[0].get_array()).reshape(24, 25, 4)
    names = {code: name for name, code in regimes.CODES.items()}
    for (i, j), code in np.ndenumerate(eos_sweep.label(some).values):
        assert tuple(drawn[i, j, :3]) == to_rgb(PALETTE[names[code]]) if code else drawn[i, j, 3] == 0
    assert legend_of(ax)[0] == "not computed  2.0 %"


def test_lines_are_drawn_where_theory_says_and_named(free):
    ax = plot.regime_map(free, lines="all")
    drawn = {line.get_label(): line.get_xydata()[:-1] for line in ax.lines}
    found = {line: curves for line, curves in theory_lines.critical_lines(free, "eta", "lambda1").items() if curves}
    assert len(found) == 7 and len(ax.lines) == 14  # each on a white line of its own
    looks = {(line.get_color(), line._unscaled_dash_pattern) for line in ax.lines if line.get_color() != "white"}
    assert len(looks) == 7 and len(predicted.lines_of(models.get("bivariate"))) <= len(set(STROKES))
    for line, curves in found.items():
        np.testing.assert_array_equal(drawn[line.label], np.concatenate(curves))
        assert line.label in legend_of(ax)
    assert not plot.regime_map(free, "eta", "lambda1", lines=False).lines


@pytest.mark.parametrize(("variable", "kind"), [
    ("regime", "free"), ("regime", "clipped"), ("sharpness_max", "free"),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("sharpness_max", "clipped"), ("tail_mean", "free"), ("tail_mean", "clipped"),
    )),
])  # fmt: skip
def test_nothing_lies_on_anything_else(request, variable, kind):
    dataset, facet = request.getfixturevalue(kind), {"free": None, "clipped": "clip"}[kind]
    figure = plot.draw(dataset, "eta", "lambda1", None, facet, variable)
    figure.draw_without_rendering()
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    boxes = [legend.get_window_extent() for legend in legends]
    texts = [figure._suptitle, figure._supxlabel, figure._supylabel]
    for ax in figure.axes:
        texts += [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]
        boxes.append(ax.bbox)
    boxes += [text.get_window_extent() for text in texts if text is not None and text.get_text()]
    entries = [text.get_window_extent() for legend in legends for text in legend.get_texts()]
    for group in (boxes, entries):
        assert not [pair for pair in itertools.combinations(group, 2) if pair[0].overlaps(pair[1])]
    inside = figure.bbox.padded(1)
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 and box.y1 <= inside.y1 for box in boxes)


def words_of(figure):
    """Return all that is written in a figure."""
    return {text.get_text() for text in figure.findobj(Text)}


@pytest.mark.parametrize(("title", "shown"), [
    ("$\\frac{1}{$ of all", "\\$\\frac{1}{\\$ of all"),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("\ud800", "\\ud800"),
        ("costs 5 $", "costs 5 \\$"), ("two\nlines", "two\nlines"), ("\x1b[31mred\0", "\\x1b[31mred\\x00"),
        ("x" * 10**6, "x" * 500), ("a\n" * 10**5, "a\n" * 11 + "a"),
    )),
])  # fmt: skip
def test_a_title_is_drawn_as_it_is_without_mathtext_and_cut(free, tmp_path, title, shown):
    renamed = free.assign_attrs(title=title)
    for variable in ("regime", "sharpness_max"):
        figure = plot.draw(renamed, variable=variable)
        assert any(text == shown or text.startswith(f"{shown}\n") for text in words_of(figure))
    for kind in ("png", "svg", "pdf"):
        plot.save(figure, tmp_path / f"p.{kind}")


@pytest.mark.slow
def test_words_of_a_dataset_may_be_anything(free, tmp_path):
    strange = free.copy()
    strange["sharpness_max"].attrs |= {"long_name": "$\\foo$ " * 1000, "symbol": 3}
    strange["eta"].attrs |= {"long_name": {"a": "$"}, "symbol": "\n\x00"}
    plot.save(plot.draw(strange, variable="sharpness_max"), tmp_path / "p.png")
    strange["outcome"].attrs["flag_meanings"] = "$a _b \x1b $ c"
    plot.save(plot.draw(strange, variable="outcome"), tmp_path / "p.svg")


@pytest.mark.slow
def test_a_picture_that_cannot_be_written_is_an_error_of_one_line(free, tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file").touch()
    for place in ("folder.png", "file/p.png", "x" * 300 + ".png"):
        with pytest.raises(InputError, match="choose another place for the picture"):
            plot.save(plot.draw(free), tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_infinity_is_a_category_with_a_tick_of_its_own(clipped):
    ax = plot.regime_map(clipped, "eta", "clip", {"lambda1": 100})
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["1", "10", "∞"]
    assert ax.get_xscale() == "log" and ax.get_yscale() == "linear" and ax.get_ylim() == (-0.5, 2.5)
    assert ax.get_xlabel() == "step size η" and ax.get_ylabel().startswith("clip: ")
    inputs = "α = 0.6, β₁ = 0.05, β₂ = 0.4, λ₂ = 0.01, radius = ∞"
    title, *fixed = ax.get_title(loc="left").split("\n")
    assert title == "A map" and sorted(", ".join(fixed).split(", ")) == sorted(f"λ₁ = 122.2, {inputs}".split(", "))


def test_inputs_that_are_expressions_have_their_symbols():
    axes = {"a1": [1, 2], "eta": [0.1, 0.5, 3], "seed": [0, 1]}
    ds = eos_sweep.sweep("quadratic", axes, {}, {"theta1": "normal(0, 1)"}, steps=5, progress=False)
    assert "θ₁ = normal(0, 1)" in plot.regime_map(ds, at={"seed": 0}).get_title(loc="left")


def test_numbers_are_drawn_with_a_bar_and_what_has_none_is_named(free):
    ax = plot.observable_map(free, "sharpness_max", "eta", "lambda1", lines=False)
    mesh = ax.collections[0]
    diverged = (free["outcome"] == 2).values
    assert isinstance(mesh.norm, LogNorm) and mesh.norm.vmax == free["sharpness_max"].values[~diverged].max()
    np.testing.assert_array_equal(mesh.get_array()[~diverged], free["sharpness_max"].values[~diverged])
    assert (mesh.get_array()[diverged] > mesh.norm.vmax).all()
    assert legend_of(ax) == [f"divergence  {100 * diverged.mean():.1f} %"]
    assert ax.figure.axes[1].get_xlabel() == free["sharpness_max"].attrs["long_name"]
    mesh = plot.observable_map(free, "first_sign_flip", "eta", "lambda1").collections[0]
    np.testing.assert_array_equal(np.ma.getmaskarray(mesh.get_array()), free["first_sign_flip"] < 0)
    with pytest.raises(ValueError, match="variable: no 'sharpnes' in this sweep; there are: regime, settled, "):
        plot.observable_map(free, "sharpnes", "eta", "lambda1")


def test_facets_share_one_legend_and_one_scale(clipped):
    figure = plot.facets(clipped, "eta", "lambda1", "clip")
    assert [ax.get_title() for ax in figure.axes] == ["clip = 10", "clip = 1", "clip = ∞"]
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert (
        len(words) == len(set(words))
        and "edge of stability" in words
        and not any(ax.get_legend() for ax in figure.axes)
    )
    figure = plot.facets(clipped, "eta", "lambda1", "clip", name="sharpness_max")
    assert len({(ax.collections[0].norm.vmin, ax.collections[0].norm.vmax) for ax in figure.axes[:3]}) == 1
    with pytest.raises(
        ValueError, match="facet: got 'eta'; name an axis of at most 36 values that is not in x, y or at"
    ):
        plot.facets(clipped, "eta", "lambda1", "eta")


def test_the_first_long_axis_points_up_and_the_last_to_the_right(free, clipped):
    ax = plot.draw(free).axes[0]
    assert (ax.get_xlabel()[:9], ax.get_ylabel()[:8]) == ("step size", "variance")
    assert plot.draw(clipped, facet="clip")._supxlabel.get_text() == "step size η"
    with pytest.raises(ValueError, match="axes not shown: "):
        plot.draw(clipped)
    left, right = Figure(figsize=(12, 4), layout="constrained").subplots(1, 2)  # one's own
    assert plot.regime_map(free, "eta", "lambda1", ax=right) is right and not left.collections and right.collections


def test_a_trajectory_shows_sharpness_losses_and_state():
    run = eos_sweep.trajectory(
        "bivariate",
        {"lambda1": 100, "lambda2": 0.01, "eta": 0.05},
        {"alpha": 0.6, "beta1": 0.05, "beta2": 0.4},
        steps=500,
    )
    figure = plot.trajectory_plot(run)
    assert [ax.get_ylabel() for ax in figure.axes] == ["sharpness", "loss", "state", run["log10_abs_beta1"].symbol]
    sharpness, flow, edge = figure.axes[0].lines
    np.testing.assert_array_equal(flow.get_ydata(), run["flow_sharpness"])
    np.testing.assert_array_equal(sharpness.get_ydata(), run["sharpness"])
    assert set(edge.get_ydata()) == {run.attrs["threshold"]} == {40.0}
    assert [len(ax.lines) for ax in figure.axes] == [3, 3, 2, 1]  # beta1 has a panel for its size
    np.testing.assert_array_equal(figure.axes[3].lines[0].get_ydata(), run["log10_abs_beta1"])


def test_a_network_has_named_readings_and_its_loss_fills_its_panel():
    run = eos_sweep.trajectory("linear_net_full", {"eta": 0.05, "width": 5, "points": 6}, {}, steps=40)
    figure = plot.trajectory_plot(run)
    loss, readings = figure.axes[1:]
    low, high = loss.get_ylim()
    assert readings.get_ylabel() == "readings"
    assert run.loss.min() / 2 < low < run.loss.min() and run.loss.max() < high < 2 * run.loss.max()
    words = [text.replace("\n", " ") for text in legend_of(readings)]
    assert words[0] == "squared norm of the outer weights |A|²" and len(words) == 3
    figure.draw_without_rendering()
    assert figure.axes[0]._left_title.get_window_extent().x1 <= figure.bbox.x1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF"), ("eps", b"%!PS")]
)
def test_pictures_are_whole_and_know_what_they_show(free, tmp_path, kind, start):
    path = tmp_path / "new" / f"map.{kind}"
    figure = plot.draw(free)
    plot.save(figure, path)
    content = path.read_bytes()
    assert content.startswith(start) and b"A map" in content
    assert free.attrs["spec_hash"].encode() in content
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    figure.savefig = None  # a failure half way
    with pytest.raises(TypeError):
        plot.save(figure, path)
    assert path.read_bytes() == content and len(list(path.parent.iterdir())) == 1
    for name in ("map.jpg", "map", f"map.{kind}.zip"):
        with pytest.raises(
            ValueError, match=r"not a picture that can be drawn; end the name in .png, .svg, .pdf or .eps"
        ):
            plot.save(figure, tmp_path / name)


def big(size):
    """Labels of noise, which no compression makes small, and a variable of numbers."""
    codes = np.random.default_rng(0).integers(0, 8, (size, size), np.int8)
    about = regimes.attributes(regimes.thresholds())
    axes = {"y": np.geomspace(1, 1e4, size), "x": np.geomspace(1e-3, 1, size)}
    return xr.Dataset({"regime": (("y", "x"), codes, about), "loss": (("y", "x"), codes + 0.5)}, axes)


@pytest.mark.slow
def test_a_mesh_of_four_million_cells_makes_a_small_pdf(tmp_path):
    plot.save(plot.draw(big(2000)), tmp_path / "map.pdf")
    assert (tmp_path / "map.pdf").stat().st_size < 2e6


@pytest.mark.slow
@pytest.mark.parametrize("size", [1999, 2500, 3001])
def test_large_maps_are_pooled_to_about_the_pixels(size):
    for variable in ("regime", "loss"):
        mesh = plot.draw(big(size), variable=variable).axes[0].collections[0]
        rows, columns = mesh.get_coordinates().shape[:2]
        assert 400 < rows < 1600 and 400 < columns < 1800
        corners = mesh.get_coordinates()[[0, -1], [0, -1]].T
        np.testing.assert_allclose(corners[0], cell_edges(np.geomspace(1e-3, 1, size))[[0, -1]], rtol=1e-9)


@pytest.mark.slow
def test_drawing_needs_no_pyplot_and_importing_no_matplotlib():
    code = (
        "import sys, numpy, xarray; from eos_sweep import plot; assert 'matplotlib' not in sys.modules;"
        "values = xarray.DataArray(numpy.ones((3, 4)), dims=('y', 'x'), coords={'x': range(4), 'y': range(3)});"
        "plot.draw(xarray.Dataset({'a': values}), variable='a').savefig('/dev/null', format='png');"
        "assert 'matplotlib.figure' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
def test_threads_draw_the_same_picture(free, tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(6)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda path: plot.save(plot.draw(free), path), paths))
    assert len({path.read_bytes() for path in paths}) == 1

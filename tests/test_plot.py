"""Pictures: what is drawn is where it should be, can be told apart, and can be read."""

import itertools
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.patches import Patch

from eos_sweep import batch, observables, plot, regimes, theory, trajectory
from eos_sweep.spec import make

AXES = {"lambda1": {"log": [1, 1e4, 24]}, "eta": {"log": [1e-3, 10, 25]}}


def dataset(axes=AXES, steps=500, parameters=None, initial=None, title="A map"):
    """A sweep as a store would give it."""
    parameters = {"lambda2": 0.01} | (parameters or {})
    sweep = make("bivariate", axes, parameters, initial or {"alpha": 0.6, "beta1": 0.05, "beta2": 0.4}, steps=steps)
    tables = sweep.inputs(dict(zip(sweep.dims, np.ix_(*(axis.values for axis in sweep.axes)), strict=True)))
    flat = [{name: values.ravel() for name, values in table.items()} for table in tables]
    found = batch.run(batch.Job(sweep.module, sweep.variables, steps, 1e-20), *flat)
    variables = {}
    for name in sweep.variables:
        about = observables.variables(sweep.module)[name][1]
        attributes = {"long_name": about.long_name, "units": "1"}
        if about.flags:
            attributes |= {"flag_values": [*about.flags.values()], "flag_meanings": " ".join(about.flags)}
        variables[name] = sweep.dims, found[name].reshape(sweep.shape).astype(about.dtype), attributes
    quantities = sweep.quantities
    coordinates = {
        axis.name: (axis.name, axis.values, {k: getattr(quantities[axis.name], k) for k in ("long_name", "symbol")})
        for axis in sweep.axes
    }
    attributes = {"title": title, "spec": json.dumps(sweep.to_dict()), "spec_hash": sweep.hash}
    return xr.Dataset(variables, coordinates, attributes)


@pytest.fixture(scope="module")
def free():
    return dataset()


@pytest.fixture(scope="module")
def clipped():
    return dataset({"clip": [10, 1, np.inf], **AXES}, steps=300)


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


increasing = arrays.arrays(float, st.integers(1, 40), elements=st.floats(0.01, 1e3)).map(np.cumsum)


@given(increasing, st.floats(-1e3, 1e3))
def test_each_cell_holds_its_value_and_the_next_begins_where_it_ends(values, shift):
    for axis in (values, values + shift):
        edges = plot.cell_edges(axis)
        assert edges.size == axis.size + 1 and (np.diff(edges) > 0).all()
        assert (edges[:-1] < axis).all() and (axis < edges[1:]).all()


@given(st.floats(1e-8, 1e8), st.floats(1.01, 100), st.integers(3, 60))
def test_log_axes_have_geometric_edges_and_linear_ones_arithmetic(start, ratio, count):
    values = start * ratio ** np.arange(count)
    assert theory.scale_of(values) == ("log", True)
    np.testing.assert_allclose(plot.cell_edges(values), start * ratio ** (np.arange(count + 1) - 0.5), rtol=1e-9)
    values = start + ratio * np.arange(count)
    assert theory.scale_of(values) == ("linear", True)
    np.testing.assert_allclose(plot.cell_edges(values), start + ratio * (np.arange(count + 1) - 0.5), rtol=1e-9)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1, 2, 10, 500], ("log", False)),
        ([1, 2, 5], ("linear", False)),
        ([0, 1, 1000], ("linear", False)),
        ([1, np.inf], ("category", False)),
        ([3], ("linear", False)),
    ],
)
def test_uneven_axes_are_logarithmic_from_two_decades_on(values, scale):
    assert theory.scale_of(np.array(values, float)) == scale


@given(
    arrays.arrays(np.int8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 4)),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_pooling_takes_the_most_frequent_label(codes, fy, fx):
    pooled = plot.mode_pool(codes, fy, fx)
    assert pooled.dtype == codes.dtype
    for i, j in np.ndindex(pooled.shape):
        block = codes[i * fy : (i + 1) * fy, j * fx : (j + 1) * fx]
        assert pooled[i, j] == np.bincount(block.ravel()).argmax()  # of equals the smallest
    assert pooled.shape == (-(-codes.shape[0] // fy), -(-codes.shape[1] // fx))


def test_a_slice_is_increasing_and_keeps_what_belongs_together(clipped):
    mixed = clipped.isel(eta=np.random.default_rng(0).permutation(25))
    piece = plot.select(mixed, "clip", "eta", {"lambda1": 1.0})
    assert piece["outcome"].dims == ("eta", "clip") and piece["clip"].values.tolist() == [1, 10, np.inf]
    xr.testing.assert_identical(piece, clipped.sortby("eta").sortby("clip").isel(lambda1=0).transpose("eta", "clip"))


def test_a_value_is_the_nearest_on_an_even_axis_and_has_to_be_met_on_others(clipped):
    eta = clipped["eta"].values
    between = np.sqrt(eta[7] * eta[8])
    for wanted, found in ((between * 0.999, 7), (between * 1.001, 8), (eta[0] / 1.2, 0)):
        assert plot.select(clipped, "lambda1", "clip", {"eta": wanted})["eta"] == eta[found]
    for wanted in (1, 10 * (1 + 1e-12), np.inf):
        assert plot.select(clipped, "lambda1", "eta", {"clip": wanted})["clip"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("x", "y", "at", "message"),
    [
        ("eta", "lambda1", {}, "axes not shown: clip; pick one value of each, such as --at clip=inf"),
        ("eta", "lambda1", {"clip": 11}, "at: clip = 11 is not on the axis; the nearest values are 1, 10"),
        ("eta", "clip", {"lambda1": 1e6}, "at: lambda1 = 1e+06 is not on the axis"),
        ("eta", "clip", {"lambda1": -1}, "at: lambda1 = -1 is not on the axis"),
        ("eta", "clip", {"lambda1": np.nan}, "at: lambda1 = nan is not on the axis"),
        ("beta", "clip", {"lambda1": 1}, "x: no axis 'beta' in this sweep; there are: clip, lambda1, eta"),
        ("eta", "eta", {"lambda1": 1}, "axis 'eta': named more than once"),
        ("eta", "clip", {"lambda1": 1, "clip": 1}, "axis 'clip': named more than once"),
        ("eta", "clip", {"lambda1": 1, "beta1": 1}, "at: no axis 'beta1'"),
    ],
)
def test_a_slice_that_is_not_one_is_an_error_of_one_line(clipped, x, y, at, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        plot.select(clipped, x, y, at)
    assert "\n" not in str(caught.value)


def test_only_the_slice_is_loaded(clipped):
    loaded = []

    def load(block, block_info=None):
        loaded.append(block_info[0]["chunk-location"])
        return block

    lazy = clipped.chunk(clip=1)
    lazy["outcome"].data = lazy["outcome"].data.map_blocks(load, dtype=np.int8, meta=np.empty((0, 0, 0), np.int8))
    plot.observable_map(lazy, "outcome", "eta", "lambda1", {"clip": 1})
    assert set(loaded) == {(1, 0, 0)}


def test_the_legend_names_the_regimes_that_occur_with_their_shares(free):
    ax = plot.regime_map(free, "eta", "lambda1", lines=False)
    words = legend_of(ax)
    codes = regimes.label(free).values
    occurring = [name.replace("_", " ") for name, code in regimes.CODES.items() if (codes == code).any()]
    assert [re.sub(r"  .*", "", text) for text in words] == occurring and len(occurring) > 4
    assert sum(float(text.split("  ")[1].split()[0]) for text in words) == pytest.approx(100, abs=0.05 * len(words))
    for handle, name in zip(ax.get_legend().get_patches(), occurring, strict=True):
        assert handle.get_facecolor()[:3] == to_rgb(plot.PALETTE[name.replace(" ", "_")])


def test_cells_have_their_regimes_colour_and_uncomputed_ones_none(free):
    some = free.copy(deep=True)
    some["outcome"][:3, :4] = 0
    ax = plot.regime_map(some, "eta", "lambda1")
    drawn = np.asarray(ax.collections[0].get_array()).reshape(24, 25, 4)
    names = {code: name for name, code in regimes.CODES.items()}
    for (i, j), code in np.ndenumerate(regimes.label(some).values):
        assert tuple(drawn[i, j, :3]) == to_rgb(plot.PALETTE[names[code]]) if code else drawn[i, j, 3] == 0
    assert legend_of(ax)[0] == "not computed  2.0 %"


def test_lines_lie_where_theory_says(free):
    found = {line.name: curves for line, curves in theory.critical_lines(free, "eta", "lambda1").items()}
    assert set(found) == {"start_at_edge", "onset", "two_over_lambda1", "lambda_product", "unclipped_divergence"}
    for (curve,), level in (
        (found["two_over_lambda1"], lambda eta, lambda1: eta * lambda1 / 2),
        (found["lambda_product"], lambda eta, lambda1: lambda1 / 100),
        (found["onset"], lambda eta, lambda1: eta / theory.onset_step_size(lambda1, 0.6, 0.05, 0.4)),
        (found["unclipped_divergence"], lambda eta, lambda1: eta * lambda1 * (0.6**2 + 0.05**2) / 4),
    ):
        np.testing.assert_allclose(level(*curve.T), 1, rtol=1e-9)
    eta, lambda1 = found["start_at_edge"][0].T
    values = {"eta": eta, "lambda1": lambda1, "lambda2": 0.01, "clip": np.inf, "radius": np.inf}
    exact = theory.initial_edge("bivariate", values | {"alpha": 0.6, "beta1": 0.05, "beta2": 0.4})
    np.testing.assert_allclose(exact, 1, rtol=1e-4)
    ax = plot.regime_map(free, "eta", "lambda1")
    drawn = {line.get_label(): line.get_xydata()[:-1] for line in ax.lines}
    for line, curves in theory.critical_lines(free, "eta", "lambda1").items():
        np.testing.assert_array_equal(drawn[line.label], np.concatenate(curves))
        assert line.label in legend_of(ax)
        assert tuple(line) in map(tuple, theory.LINES["bivariate"])


def test_lines_that_do_not_cross_or_do_not_hold_are_left_out(free, clipped):
    corner = free.isel(eta=slice(0, 5), lambda1=slice(0, 5))
    assert theory.critical_lines(corner, "eta", "lambda1") == {}
    labels = [
        {
            line.name
            for line in theory.critical_lines(plot.select(clipped, "eta", "lambda1", {"clip": c}), "eta", "lambda1")
        }
        for c in (1, np.inf)
    ]
    assert labels[1] - labels[0] == {"unclipped_divergence"}
    assert theory.critical_lines(plot.select(clipped, "clip", "lambda1", {"eta": 0.1}), "clip", "lambda1") == {}
    assert theory.critical_lines(free.assign_attrs(spec="").drop_attrs(), "eta", "lambda1") == {}
    assert all(len(table) <= len(plot.STROKES) for table in theory.LINES.values())


def test_nothing_lies_on_anything_else(free, clipped):
    for figure in (
        plot.draw(free),
        plot.draw(free, variable="sharpness_max"),
        plot.draw(clipped, "eta", "lambda1", facet="clip"),
        plot.draw(clipped, "eta", "lambda1", facet="clip", variable="tail_mean"),
    ):
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
        boxes = [legend.get_window_extent(renderer) for legend in legends]
        for ax in figure.axes:
            parts = [ax.bbox, ax.title.get_window_extent(renderer), ax._left_title.get_window_extent(renderer)]
            parts += [side.label.get_window_extent(renderer) for side in (ax.xaxis, ax.yaxis)]
            boxes += [box for box in parts if box.width and box.height]
        texts = [figure._suptitle, figure._supxlabel, figure._supylabel]
        boxes += [text.get_window_extent(renderer) for text in texts if text is not None]
        entries = [text.get_window_extent(renderer) for legend in legends for text in legend.get_texts()]
        for group in (boxes, entries):
            assert not [pair for pair in itertools.combinations(group, 2) if pair[0].overlaps(pair[1])]
        inside = figure.bbox.padded(1)
        assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 and box.y1 <= inside.y1 for box in boxes)


def test_infinity_is_a_category_with_a_tick_of_its_own(clipped):
    ax = plot.regime_map(clipped, "eta", "clip", {"lambda1": 100})
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["1", "10", "∞"]
    assert ax.get_xscale() == "log" and ax.get_yscale() == "linear" and ax.get_ylim() == (-0.5, 2.5)
    assert ax.get_xlabel() == "step size η" and ax.get_ylabel().startswith("clip: ")
    assert ax.get_title(loc="left") == "A map\nλ₁ = 111.7"


def test_numbers_are_drawn_with_a_bar_and_what_has_none_is_named(free):
    ax = plot.observable_map(free, "sharpness_max", "eta", "lambda1")
    mesh = ax.collections[0]
    diverged = (free["outcome"] == 2).values
    assert isinstance(mesh.norm, LogNorm) and mesh.norm.vmax == free["sharpness_max"].values[~diverged].max()
    np.testing.assert_array_equal(mesh.get_array()[~diverged], free["sharpness_max"].values[~diverged])
    assert (mesh.get_array()[diverged] > mesh.norm.vmax).all()
    assert legend_of(ax) == [f"divergence  {100 * diverged.mean():.1f} %"]
    assert ax.figure.axes[1].get_xlabel() == free["sharpness_max"].attrs["long_name"]
    never = (free["first_sign_flip"] < 0).values
    ax = plot.observable_map(free, "first_sign_flip", "eta", "lambda1")
    np.testing.assert_array_equal(np.ma.getmaskarray(ax.collections[0].get_array()), never)
    with pytest.raises(ValueError, match="variable: no 'sharpnes' in this sweep; there are: steps_taken, "):
        plot.observable_map(free, "sharpnes", "eta", "lambda1")


def test_flags_that_are_no_regimes_are_categories_too(free):
    ax = plot.observable_map(free, "outcome", "eta", "lambda1")
    assert [text.split("  ")[0] for text in legend_of(ax)] == ["converged", "diverged", "budget spent"]
    assert len({patch.get_facecolor() for patch in ax.get_legend().get_patches()}) == 3


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
    with pytest.raises(ValueError, match="axes not shown: lambda1"):
        plot.draw(clipped)


def test_own_axes_are_drawn_into(free):
    from matplotlib.figure import Figure

    left, right = Figure(figsize=(12, 4), layout="constrained").subplots(1, 2)
    assert plot.regime_map(free, "eta", "lambda1", ax=right) is right and not left.collections and right.collections


def test_a_trajectory_shows_sharpness_losses_and_state():
    run = trajectory(
        "bivariate",
        {"lambda1": 100, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"},
        {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5},
        steps=1500,
    )
    figure = plot.trajectory_plot(run)
    assert [ax.get_ylabel() for ax in figure.axes] == ["sharpness", "loss", "state", run["log10_abs_beta1"].long_name]
    sharpness, edge = figure.axes[0].lines
    np.testing.assert_array_equal(sharpness.get_ydata(), run["sharpness"])
    assert set(edge.get_ydata()) == {run.attrs["threshold"]} == {40.0}
    assert figure.axes[1].get_yscale() == "log" and len(figure.axes[1].lines) == 3
    assert len(figure.axes[2].lines) == 2  # beta1 has a panel for its size
    np.testing.assert_array_equal(figure.axes[3].lines[0].get_ydata(), run["log10_abs_beta1"])


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_pictures_are_whole_and_know_what_they_show(free, tmp_path, kind, start):
    path = tmp_path / "new" / f"map.{kind}"
    figure = plot.draw(free)
    plot.save(figure, path)
    content = path.read_bytes()
    assert content.startswith(start) and b"A map" in content
    assert free.attrs["spec_hash"].encode() in content
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    before, figure.savefig = content, lambda *args, **named: (_ for _ in ()).throw(OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        plot.save(figure, path)
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


@pytest.mark.parametrize("name", ["map.jpg", "map", "map.png.zip"])
def test_other_formats_are_refused(free, tmp_path, name):
    with pytest.raises(ValueError, match=r"not a picture that can be drawn; end the name in .png, .svg or .pdf"):
        plot.save(plot.draw(free), tmp_path / name)
    assert not list(tmp_path.iterdir())


def big(size):
    """Labels of noise, which no compression makes small, and a variable of numbers."""
    codes = np.random.default_rng(0).integers(0, 8, (size, size), np.int8)
    about = regimes.attributes(regimes.thresholds())
    axes = {"y": np.geomspace(1, 1e4, size), "x": np.geomspace(1e-3, 1, size)}
    return xr.Dataset({"regime": (("y", "x"), codes, about), "loss": (("y", "x"), codes + 0.5)}, axes)


def test_a_mesh_of_four_million_cells_makes_a_small_pdf(tmp_path):
    plot.save(plot.draw(big(2000)), tmp_path / "map.pdf")
    assert (tmp_path / "map.pdf").stat().st_size < 2e6


@pytest.mark.parametrize("size", [1999, 2500, 3001])
def test_large_maps_are_pooled_to_about_the_pixels(size):
    for variable in ("regime", "loss"):
        mesh = plot.draw(big(size), variable=variable).axes[0].collections[0]
        rows, columns = mesh.get_coordinates().shape[:2]
        assert 400 < rows < 1600 and 400 < columns < 1800
        corners = mesh.get_coordinates()[[0, -1], [0, -1]].T
        np.testing.assert_allclose(corners[0], plot.cell_edges(np.geomspace(1e-3, 1, size))[[0, -1]], rtol=1e-9)


def test_drawing_needs_no_pyplot_and_importing_no_matplotlib():
    code = (
        "import sys, numpy, xarray; from eos_sweep import plot; assert 'matplotlib' not in sys.modules;"
        "values = xarray.DataArray(numpy.ones((3, 4)), dims=('y', 'x'), coords={'x': range(4), 'y': range(3)});"
        "plot.draw(xarray.Dataset({'a': values}), variable='a').savefig('/dev/null', format='png');"
        "assert 'matplotlib.figure' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_draw_the_same_picture(free, tmp_path):
    paths = [tmp_path / f"{k}.png" for k in range(6)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda path: plot.save(plot.draw(free), path), paths))
    assert len({path.read_bytes() for path in paths}) == 1


# Machado, Oliveira, Fernandes 2009, severity 1, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


def lab(colour, sight="normal"):
    """CIE L*a*b* (D65) of an sRGB colour, as seen with a deficiency."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(SIGHT[sight]) @ linear, 0, 1)
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    xyz = np.array(matrix) @ seen / [0.95047, 1, 1.08883]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(("sight", "least"), [("normal", 40), ("deuteranopia", 30), ("protanopia", 30)])
def test_colours_of_regimes_can_be_told_apart(sight, least):
    distances = [
        np.linalg.norm(lab(one, sight) - lab(other, sight))
        for one, other in itertools.combinations(plot.PALETTE.values(), 2)
    ]
    assert min(distances) > least  # 2.3 is a just noticeable difference


def test_colours_of_regimes_can_be_told_apart_in_grey():
    lightness = sorted(lab(colour)[0] for colour in plot.PALETTE.values())
    assert np.diff(lightness).min() > 10
    assert set(plot.PALETTE) == set(regimes.CODES) - {"not_computed"}
    assert isinstance(Patch(**plot.NOTHING).get_hatch(), str)  # what was not computed has no colour of its own

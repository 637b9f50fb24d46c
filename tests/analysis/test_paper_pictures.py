"""Pictures for papers: in any figure, of any width, with one's own words and colours, and with more on a map."""

import itertools
import warnings

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import LogNorm, Normalize, to_rgb
from matplotlib.figure import Figure

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures import captions, separating
from eos_sweep.analysis.pictures.legends import without_share
from eos_sweep.analysis.pictures.pixels import Pixels
from eos_sweep.analysis.slices import within
from eos_sweep.contract import CriticalLine
from eos_sweep.errors import InputError

CELLS = 50
EDGES = [np.linspace(0.0, 1.0, CELLS + 1)] * 2


def line(name):
    return CriticalLine(name, name, name, np.ones_like)


def upright(place):
    return [np.array([[place, 0.0], [place, 0.3], [place, 1.0]])]


@given(st.integers(5, CELLS - 5), st.floats(0.05, 0.95))
def test_a_line_is_drawn_where_the_two_sides_of_it_differ(column, place):
    codes = np.where(np.arange(CELLS) < column, 1, 2) * np.ones((CELLS, 1), int)
    pixels = Pixels(codes, {}, {}, {"one": 1, "two": 2})
    found = separating.chosen({line("a"): upright(place)}, True, EDGES, pixels, None)
    far = abs(place - column / CELLS)
    assert bool(found) == (far < separating.REACH) or abs(far - separating.REACH) < 1e-9


def test_a_line_that_lies_on_another_is_drawn_once_and_names_choose():
    numbers = np.where(np.arange(CELLS) < 25, 1.0, 9.0) * np.ones((CELLS, 1))
    pixels, norm = Pixels(numbers, {}, {}), Normalize(0.0, 10.0)
    theory = {line("a"): upright(0.5), line("b"): upright(0.503), line("c"): upright(0.8), line("d"): []}

    def names(wanted):
        return [one.name for one in separating.chosen(theory, wanted, EDGES, pixels, norm)]

    assert names(True) == ["a"] and names("all") == ["a", "b", "c"] and names(False) == []
    assert names("c") == ["c"] and names(["d", "b"]) == ["b"]
    with pytest.raises(InputError, match="lines: no 'e'; there are: a, b, c, d, all"):
        names(["e"])


@pytest.mark.parametrize(
    "layout", ["constrained", *(pytest.param(one, marks=pytest.mark.slow) for one in ("tight", None))]
)
def test_maps_fit_into_any_figure(free, clipped, layout):
    figure = Figure(figsize=(7, 5), layout=layout)
    axes = figure.subplots(2, 2)
    plot.regime_map(free, ax=axes[0, 0])
    plot.regime_map(clipped, at={"clip": 10}, ax=axes[0, 1])
    plot.observable_map(free, "sharpness_max", ax=axes[1, 0], title="a title of many words that is longer than the map")
    plot.draw(free, variable="tail_mean", ax=axes[1, 1], colorbar=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as matplotlib warns of maps without room
        figure.draw_without_rendering()
    assert axes[0, 1].get_title(loc="left") == "clip = 10"
    for ax in axes.flat:
        assert ax.bbox.width > 0.25 * figure.bbox.width and ax.bbox.height > 0.2 * figure.bbox.height
        assert ax._left_title.get_window_extent().width < 1.1 * ax.bbox.width
        legend = ax.get_legend()
        assert legend is None or ax.bbox.padded(1).containsx(legend.get_window_extent().x0)
    with pytest.raises(InputError, match="ax: facets have a figure of their own"):
        plot.draw(clipped, facet="clip", ax=axes[0, 0])
    with pytest.raises(InputError, match="'below' needs a figure of its own"):
        plot.regime_map(free, ax=axes[0, 0], legend="below")


def test_one_legend_names_everything_in_all_maps_once(clipped):
    figure = Figure(figsize=(7, 3), layout="constrained")
    for ax, clip in zip(figure.subplots(1, 3), clipped["clip"].values, strict=True):
        plot.regime_map(clipped, at={"clip": clip}, ax=ax, legend=False, lines=["start_at_edge"])
        assert ax.get_legend() is None
    words = [text.get_text() for text in plot.legend(figure, "below").get_texts()]
    met = {name for name, code in regimes.CODES.items() if (clipped.regime == code).any()}
    assert {word.replace(" ", "_") for word in words[:-1]} == met and words[-1].startswith("$S(")
    assert len(words) == len(set(words))
    with pytest.raises(InputError, match="place: got 'left'; give 'right', 'below', 'above'"):
        plot.legend(figure, "left")
    with pytest.raises(InputError, match="figure: has no map with labels"):
        plot.legend(Figure())


@pytest.mark.slow
@pytest.mark.parametrize(("size", "width"), [("column", 3.37), ("text", 5.5), ("page", 7.0), ((4.0, 5.0), 4.0)])
@pytest.mark.parametrize("facet", [None, "clip"])
def test_nothing_is_cut_off_at_any_width(free, clipped, size, width, facet):
    figure = plot.draw(clipped if facet else free, facet=facet, figsize=size, lines="all")
    figure.draw_without_rendering()
    assert figure.get_figwidth() == width
    inside = figure.bbox.padded(1)
    legends = [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]
    boxes = [one.get_window_extent() for one in (*legends, *figure.axes)]
    assert all(inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 for box in boxes)
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_margins_are_the_shares_of_rows_and_columns(free):
    ax = plot.regime_map(free, margins=True, lines=False)
    above, beside = ax.child_axes
    for inset, axis, side in ((above, "eta", 1), (beside, "lambda1", 0)):
        shares = eos_sweep.shares(free.regime, axis).max(axis)
        shown = [name for name, code in regimes.CODES.items() if (free.regime == code).any()]
        assert len(inset.collections) == len(shown)
        least = min(shown, key=regimes.CODES.__getitem__)
        tops = inset.collections[0].get_paths()[0].vertices[:, side]
        assert tops.max() == pytest.approx(float(shares.sel(regime=least)), abs=1e-12)
    with pytest.raises(InputError, match="margins: 'tail_mean' holds numbers, which have no shares"):
        plot.observable_map(free, "tail_mean", margins=True)


def test_margins_of_a_small_map_have_no_scale_that_would_run_into_its_own(free):
    figure = Figure(figsize=(3.4, 2.4), layout="constrained")
    small = plot.regime_map(free, ax=figure.subplots(1, 2)[0], margins=True, legend=False, lines=False)
    above, beside = small.child_axes
    assert not (above.get_ylabel() or beside.get_xlabel() or above.get_yticks().size or beside.get_xticks().size)
    assert small.get_xticks().size and small.get_yticks().size
    large = plot.regime_map(free, margins=True, lines=False)
    assert [(inset.get_ylabel(), inset.get_xlabel()) for inset in large.child_axes] == [("share", ""), ("", "share")]


@pytest.mark.parametrize("facet", [None, "clip"])
def test_a_legend_beside_margins_is_not_cut_off(free, clipped, facet):
    figure = plot.draw(clipped if facet else free, facet=facet, figsize="page", margins=True, legend="right")
    figure.draw_without_rendering()
    insets = [inset for ax in figure.axes for inset in ax.child_axes]
    found = figure.legends or [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    assert max(one.get_window_extent().x1 for one in (*found, *insets)) <= figure.bbox.x1 + 1


def test_each_facet_has_the_margins_that_its_map_has_alone(clipped):
    figure = plot.draw(clipped, facet="clip", margins=True, lines=False)
    for ax, clip in zip(figure.axes, clipped["clip"].values, strict=True):
        alone = plot.regime_map(clipped, at={"clip": clip}, margins=True, lines=False)
        for inset, expected in zip(ax.child_axes, alone.child_axes, strict=True):
            for here, there in zip(inset.collections, expected.collections, strict=True):
                np.testing.assert_array_equal(here.get_paths()[0].vertices, there.get_paths()[0].vertices)
    assert [ax.child_axes[0].get_ylabel() for ax in figure.axes] == ["share", "", ""]
    with pytest.raises(InputError, match="margins: 'tail_mean' holds numbers, which have no shares"):
        plot.facets(clipped, by="clip", name="tail_mean", margins=True)


def test_long_words_are_wrapped_before_the_edge_and_before_the_legend(clipped):
    long = clipped.assign_attrs(title="every word that its author knows about this one sweep, " * 3)
    long["tail_mean"] = long.tail_mean.assign_attrs(long_name="mean of the sharpness over that of the edge, " * 2)
    facets = plot.draw(long, facet="clip", lines="all")
    facets.draw_without_rendering()
    assert not facets._suptitle.get_window_extent().overlaps(facets.legends[0].get_window_extent())
    for keywords in ({}, {"colorbar": "right"}, {"figsize": "column"}):
        figure = plot.draw(long, at={"clip": 10}, variable="tail_mean", lines="all", **keywords)
        figure.draw_without_rendering()
        box, inside = figure.axes[1].get_tightbbox(), figure.bbox.padded(1)
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1


def test_divergence_is_not_white_where_the_centre_is(free):
    for variable, white in (("tail_mean", False), ("sharpness_max", True)):
        (mesh, *_), legend = (ax := plot.observable_map(free, variable, lines=False)).collections, ax.get_legend()
        assert legend.get_texts()[0].get_text().startswith("divergence")
        shown = legend.get_patches()[0].get_facecolor()[:3]
        assert tuple(mesh.cmap.get_over()[:3]) == shown and (shown == (1.0, 1.0, 1.0)) is white


def plane(size=60):
    """A map of one label, and a variable that is the axis x."""
    axes = {"y": np.geomspace(1, 100, size), "x": np.geomspace(1e-3, 1e3, size)}
    codes = np.full((size, size), 6, np.int8)
    values = np.broadcast_to(axes["x"], (size, size))
    about = regimes.attributes(regimes.thresholds())
    return xr.Dataset({"regime": (("y", "x"), codes, about), "height": (("y", "x"), values)}, axes)


def test_contours_are_where_the_variable_has_their_values():
    ax = plot.regime_map(plane(), "x", "y", contours="height")
    (drawn,) = [one for one in ax.collections if hasattr(one, "levels")]
    assert len(drawn.levels) >= 3
    for level, path in zip(drawn.levels, drawn.get_paths(), strict=True):
        places = path.vertices[:, 0]
        np.testing.assert_allclose(places, level, rtol=0.15)  # of a cell: contours are straight between centres
        assert np.log10(level) == pytest.approx(round(np.log10(level)))
    assert ax.get_legend().get_texts()[-1].get_text() == "contours: height"
    figure = Figure(layout="constrained")
    plot.regime_map(plane(), "x", "y", contours="height", ax=figure.subplots(), legend=False)
    figure.axes[0].xaxis.label.set_fontsize(8)
    last = plot.legend(figure, "right").get_texts()[-1]
    assert (last.get_text(), last.get_fontsize()) == ("contours: height", 8)
    with pytest.raises(InputError, match="contours: no 'hight' in this sweep; there are: regime, height"):
        plot.regime_map(plane(), "x", "y", contours="hight")
    with pytest.raises(InputError, match="contours: regime is no variable of numbers"):
        plot.observable_map(plane(), "height", "x", "y", contours="regime")


def test_colours_and_scales_of_ones_own(free):
    ax = plot.regime_map(free, palette={"stable": "tab:pink"}, legend="inside", title="")
    handles = {without_share(handle.get_label()): handle for handle in ax.get_legend().get_patches()}
    assert handles["stable"].get_facecolor()[:3] == to_rgb("tab:pink") and ax.get_title(loc="left") == ""
    given_norm = Normalize(0.5)
    for norm, kind, low, high in (
        ("log", LogNorm, None, None),
        ((0.1, 2), Normalize, 0.1, 2),
        (given_norm, Normalize, 0.5, None),
    ):
        mesh = plot.observable_map(free, "tail_mean", norm=norm, cmap="magma", lines=False).collections[0]
        assert type(mesh.norm) is kind and mesh.cmap.name == "magma"
        assert low in (None, mesh.norm.vmin) and high in (None, mesh.norm.vmax)
    assert given_norm.vmax is None


@pytest.mark.parametrize(("keywords", "words"), [
    ({"figsize": "colum"}, "figsize: got 'colum'; did you mean 'column'[?]"),
    ({"figsize": (0, 3)}, "figsize: got .*; give width and height in inches"),
    ({"legend": "left"}, "legend: got 'left'; give True, False, 'right', 'below', 'inside'"),
    ({"colorbar": "top"}, "colorbar: got 'top'; give True, False, 'bottom', 'right'"),
    ({"palette": {"stabel": "red"}}, "palette: no 'stabel' in regime; did you mean 'stable'[?]"),
    ({"palette": {"stable": "rot"}}, "palette: 'stable' has 'rot', no colour of matplotlib"),
    ({"cmap": "viridis"}, "cmap: regime holds labels; give a palette"),
    ({"variable": "tail_mean", "cmap": "viriids"}, "cmap: no 'viriids'; did you mean 'viridis'[?]"),
    ({"variable": "tail_mean", "palette": {"stable": "red"}}, "palette: tail_mean holds numbers; give cmap and norm"),
    ({"variable": "tail_mean", "norm": (2, 1)}, "norm: got .*; give 'linear', 'log', the least and the largest"),
    ({"variable": "loss_rises", "norm": "log"}, "norm: log needs numbers above 0, loss_rises goes down to 0"),
    ({"xlim": (1, 1)}, "xlim: got .*; give two numbers"),
    ({"ylim": (1e6, 1e7)}, "limits of lambda1: no cell from 1e.06 to 1e.07; its values are 1 to 10000"),
    ({"title": r"$\frac{$"}, "title: no formula of mathtext"),
    ({"variable": ["regime", "tail_mean"]}, "variable: got regime, tail_mean; a map shows one"),
])  # fmt: skip
def test_a_keyword_without_a_meaning_is_refused_in_a_line(free, keywords, words):
    with pytest.raises(InputError, match=words) as told:
        plot.draw(free, **keywords)
    assert "\n" not in str(told.value)


@given(st.floats(1e-3, 10), st.floats(1e-3, 10))
def test_a_window_holds_every_cell_that_reaches_into_it(one, other):
    values = np.geomspace(1e-3, 10, 25)
    piece = xr.Dataset(coords={"eta": values})
    some = within(piece, "eta", (one, other)).eta.values
    inside = values[(values >= min(one, other)) & (values <= max(one, other))]
    assert set(inside) <= set(some) and len(some) <= max(3, len(inside) + 2)
    assert (np.diff(some) > 0).all()


def test_shares_are_those_of_the_window(free):
    ax = plot.regime_map(free, xlim=(0.1, 1.0), ylim=(1e3, 10.0), lines=False)
    assert ax.get_xlim() == (0.1, 1.0) and ax.get_ylim() == (1e3, 10.0)
    some = within(within(free, "eta", (0.1, 1.0)), "lambda1", (10.0, 1e3))
    first = float((some.regime == regimes.CODES["divergence"]).mean())
    assert ax.get_legend().get_texts()[0].get_text() == f"divergence  {100 * first:.1f} %"


def test_an_eps_of_a_sweep_with_a_greek_title_is_written(free, tmp_path):
    greek = free.assign_attrs(title="αβ₁x₁ over η", spec_hash="0123abcd")
    plot.save(plot.draw(greek, lines=False), tmp_path / "map.eps")
    creator = b"%%Creator: ???x? over ? spec-0123abcd\n"
    assert creator in (tmp_path / "map.eps").read_bytes()


@given(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=9).map(" ".join), st.floats(0.5, 4.0))
def test_an_even_label_has_the_words_and_lines_of_a_fitted_one_and_none_is_longer(text, inches):
    even, fitted = (broken(text, inches).splitlines() for broken in (captions.even, captions.fitted))
    assert " ".join(even) == text and len(even) == len(fitted)
    assert max(map(len, even)) <= max(map(len, fitted))

"""Points are drawn as dots over two of their coordinates, each in the colour of its label or number."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures import style
from eos_sweep.analysis.pictures.style import PALETTE
from eos_sweep.errors import InputError
from helpers.specs import MAP

NAMES = {code: name for name, code in regimes.CODES.items()}


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    columns = {"lambda1": 10 ** rng.uniform(0, 4, 40), "eta": 10 ** rng.uniform(-3, 1, 40), "alpha": rng.random(40)}
    given = {key: MAP[key] for key in ("model", "steps")} | {"parameters": {"lambda2": 0.05}, "points": columns}
    return eos_sweep.sweep(axes={"clip": [1, 10]}, initial={"beta1": 0.05, "beta2": 0.5}, **given)


def dots(ax):
    (found,) = (one for one in ax.collections if len(one.get_offsets()))
    return np.asarray(found.get_offsets()), found


def test_each_point_has_the_colour_of_its_regime(points):
    figure = plot.draw(points, at={"clip": 10})
    (ax,) = figure.axes
    places, drawn = dots(ax)
    one = points.sel(clip=10)
    np.testing.assert_array_equal(places, np.column_stack([one.eta, one.lambda1]))
    assert [tuple(colour[:3]) for colour in drawn.get_facecolors()] == [
        to_rgb(PALETTE[NAMES[code]]) for code in one.regime.values
    ]
    assert (ax.get_xlabel(), ax.get_xscale(), ax.get_yscale()) == ("step size η", "log", "log")
    entries = [text.get_text().partition("  ")[0] for text in ax.get_legend().get_texts()]
    assert entries == [name.replace("_", " ") for code, name in NAMES.items() if (one.regime == code).any()]
    assert "clip = 10" in ax.get_title(loc="left")


@pytest.mark.parametrize(("variable", "cmap", "colour"), [
    ("sharpness_max", "magma", "white"), ("tail_mean", None, style.DIVERGED_ABOUT_CENTRE["facecolor"]),
])  # fmt: skip
def test_numbers_have_a_bar_and_runs_that_diverged_a_colour_beyond_it(points, variable, cmap, colour):
    one = points.sel(clip=1)
    figure = plot.draw(one, x="alpha", y="eta", variable=variable, cmap=cmap, xlim=(0.2, 0.8))
    ax, bar = figure.axes
    places, drawn = dots(ax)
    diverged = (one.outcome == 2).values
    assert len(places) == 40 and diverged.any() and ax.get_xlim() == (0.2, 0.8) and bar.get_xlabel()
    figure.draw_without_rendering()
    beyond = [tuple(found[:3]) == to_rgb(colour) for found in drawn.get_facecolors()]
    np.testing.assert_array_equal(beyond, diverged)
    (entry,) = (one for one in ax.get_legend().get_patches() if one.get_label().startswith("divergence"))
    assert entry.get_facecolor()[:3] == to_rgb(colour)


def test_a_side_may_be_an_axis_or_an_observable(points):
    places, _ = dots(plot.draw(points, x="lambda1", y="clip").axes[0])
    assert len(places) == 80 and set(places[:, 1]) == {1, 10}
    one = points.sel(clip=1)
    places, _ = dots(plot.draw(one, x="eta", y="tail_mean").axes[0])
    assert len(places) == np.isfinite(one.tail_mean).sum()
    alone = plot.draw(one.drop_vars(["lambda1", "eta"])).axes[0]
    assert alone.get_ylabel().replace("\n", " ") == points.tail_mean.attrs["long_name"]
    assert alone.get_xlabel() == "outer weight α"


def test_facets_and_axes_of_ones_own(points):
    figure = plot.draw(points, facet="clip")
    assert [ax.get_title() for ax in figure.axes] == ["clip = 1", "clip = 10"]
    assert plot.regime_map(points, at={"clip": 1}).get_xlabel() == "step size η"
    own = plot.draw(points, at={"clip": 1}).axes[0]
    assert plot.regime_map(points, at={"clip": 10}, ax=own, legend=False) is own


def test_without_points_a_map_of_the_axes_remains(points):
    shares = plot.draw(points, over="point", share="divergence").axes[0]
    found = eos_sweep.shares(points, over="point").share.sel(regime="divergence")
    np.testing.assert_array_equal(shares.lines[0].get_ydata(), found)
    assert plot.draw(points, at={"point": 3}).axes[-1].get_xlabel().startswith("clip")


@pytest.mark.parametrize(("options", "words"), [
    ({}, "axes not shown: clip; pick one value of each, such as --at clip=10"),
    ({"x": "eat"}, "x: no coordinate 'eat' of the points; did you mean 'eta'?"),
    ({"x": "point"}, "x: point is only the number of a point; name a coordinate: lambda1, eta, alpha"),
    ({"x": "eta", "y": "eta"}, "x, y: got eta twice"),
    ({"at": {"eta": 1}}, "at: no axis 'eta' in this sweep; name an axis: point, clip"),
    ({"lines": "all"}, "lines: got 'all', but points are no map that a line could cross"),
    ({"contours": "tail_mean"}, "contours: points are drawn as a scatter, which has none; leave it out"),
    ({"margins": True}, "margins: points are drawn as a scatter"),
    ({"facet": "alpha"}, "facet: got 'alpha'; name an axis of at most 36 values beside the points"),
    ({"palette": {"nothing": "red"}, "at": {"clip": 1}}, "palette: no 'nothing' in regime"),
])  # fmt: skip
def test_what_only_a_grid_has_is_refused_with_the_remedy(points, options, words):
    with pytest.raises(InputError) as caught:
        plot.draw(points, **options)
    assert words in str(caught.value)


def test_a_regime_of_ones_own_has_another_shape_and_disagreement_a_spot(points):
    own = points.sel(clip=1).assign(regime=eos_sweep.label(points, {"mine": "crossings > 1"}).sel(clip=1))
    ax = plot.draw(own, x="eta", y="lambda1").axes[0]
    drawn = [len(one.get_offsets()) for one in ax.collections if len(one.get_offsets())]
    code = dict(zip(own.regime.attrs["flag_meanings"].split(), own.regime.attrs["flag_values"], strict=True))["mine"]
    assert drawn == [int((own.regime != code).sum()), int((own.regime == code).sum())] and 0 < drawn[1] < 40
    shared = plot.draw(points, over="clip").axes[0]
    _, spots = (one for one in shared.collections if len(one.get_offsets()))
    assert len(spots.get_offsets()) == (eos_sweep.modal(points, over="clip").agreement < 0.9).sum() > 0
    assert "fewer than 90 % agree" in [text.get_text() for text in shared.get_legend().get_texts()]

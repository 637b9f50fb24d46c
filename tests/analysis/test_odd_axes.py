"""Axes of one value, of values that are as good as equal, and names of any length: a right map, or the cause."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures.style import PALETTE
from eos_sweep.errors import InputError

ULPS = 1.0 + 2.0**-52 * np.arange(6)
ETA = [0.1, 1.0, 3.0]


def swept(**axes):
    start = {} if "theta1" in axes else {"theta1": 1}
    parameters = {} if "a1" in axes else {"a1": 1}
    return eos_sweep.sweep("quadratic", axes, parameters, start, steps=50)


@pytest.mark.slow
@pytest.mark.parametrize("axes", [
    {"a1": [1, 2, 4], "eta": ULPS}, {"a1": ULPS, "eta": [0.5, 1.0, 1.5]}, {"a1": [3], "eta": [0.1, 1.1, 2.1]},
    {"a1": [1, 2, 3], "eta": [1.0]}, {"a1": [1e20], "eta": [1.0]}, {"theta1": [1e-60, 1.1e-60], "eta": ETA},
])  # fmt: skip
def test_each_cell_is_seen_in_its_colour(axes):
    found = swept(**axes)
    ax = plot.draw(found, lines=False).axes[0]
    ax.figure.draw_without_rendering()
    mesh, regime = ax.collections[0], found.regime.transpose(*axes).values
    names = {code: name for name, code in regimes.CODES.items()}
    np.testing.assert_array_equal(
        np.asarray(mesh.get_array()).reshape(*regime.shape, 4)[..., :3],
        [[to_rgb(PALETTE[names[code]]) for code in row] for row in regime],
    )
    corners = ax.transData.transform(mesh.get_coordinates().reshape(-1, 2)).reshape(mesh.get_coordinates().shape)
    room = min(ax.bbox.width / regime.shape[1], ax.bbox.height / regime.shape[0])
    sides = [*np.diff(corners[..., 0], axis=1).ravel(), *np.diff(corners[..., 1], axis=0).ravel()]
    assert min(sides) > 0.5 * room
    np.testing.assert_allclose(corners[[0, -1], [0, -1]], ax.bbox.get_points(), atol=1e-6)


@pytest.mark.slow
def test_ticks_and_titles_tell_values_apart_that_differ_in_the_last_digit():
    ax = plot.draw(swept(a1=ULPS, eta=ETA)).axes[0]
    ticks = [float(tick.get_text()) for tick in ax.get_yticklabels()]
    assert len(ticks) >= 2 and set(ticks) <= set(ULPS)
    panels = plot.facets(swept(a1=ULPS[:3], theta1=[1, 2], eta=ETA), "eta", "theta1", "a1").axes
    assert [float(ax.get_title().split(" = ")[1]) for ax in panels] == ULPS[:3].tolist()


def test_an_axis_of_one_value_is_drawn_where_there_is_no_other():
    ax = plot.draw(swept(a1=[3], eta=np.linspace(0.1, 3, 20))).axes[0]
    assert ax.get_xlabel() == "step size η" and [tick.get_text() for tick in ax.get_yticklabels()] == ["3"]


@pytest.mark.slow
def test_a_single_axis_is_an_error_for_a_map_that_names_it():
    found = swept(eta=np.linspace(0.1, 3, 2000))
    with pytest.raises(InputError, match="^x, y: 'regime' has 1 axes, eta; a map needs two of them that are not in at"):
        plot.regime_map(found)
    with pytest.raises(InputError, match="^x, y: 'regime' has 1 axes, eta"):
        plot.draw(found, y="eta")


@pytest.mark.parametrize("where", ["x", "facet", "variable", "at"])
def test_a_name_of_any_length_makes_an_error_of_one_short_line(where):
    name = "e" * 10**5
    with pytest.raises(InputError) as caught:
        plot.draw(swept(a1=[1, 2], eta=ETA), **{where: {name: 1} if where == "at" else name})
    assert len(str(caught.value)) < 1300 and "\n" not in str(caught.value) and "eee..." in str(caught.value)


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("long", [
    lambda ds: ds.rename(eta="e" * 3000).drop_attrs(deep=False), lambda ds: ds.rename({"loss_max": "v" * 3000}),
    lambda ds: ds.assign(eta=ds.eta.assign_attrs(long_name="w" * 3000, symbol="s" * 3000)),
    lambda ds: ds.assign(regime=ds.regime.assign_attrs(flag_values=list(range(20)), flag_meanings=" ".join(
        letter * 3000 for letter in "abcdefghijklmnopqrst"
    ))),
])  # fmt: skip
def test_a_long_name_leaves_room_for_the_map(long):
    found = long(swept(a1=[1, 2], eta=ETA))
    for variable in {"regime", *[name for name in found.data_vars if len(name) > 1000]}:
        ax = plot.draw(found, variable=variable).axes[0]
        ax.figure.draw_without_rendering()
        assert ax.bbox.width > 0.4 * ax.figure.bbox.width and ax.bbox.height > 0.4 * ax.figure.bbox.height


@pytest.mark.slow
def test_dots_lie_on_the_cells_of_an_axis_of_categories():
    found = swept(a1=[4, np.nextafter(4, 5), np.nextafter(4, 0)], eta=np.linspace(0.1, 3, 8))
    edges = eos_sweep.boundary(found, "eta", "divergence", rtol=1e-3)
    ax = plot.regime_map(found, "eta", "a1", lines=False)
    dots = plot.boundary_dots(edges, "eta", "a1", ax).lines[0]
    assert sorted(dots.get_ydata()) == [0, 1, 2]

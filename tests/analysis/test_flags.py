"""What is drawn, counted and pooled is what the numbers are, whatever attributes they have inherited."""

import re

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.flags import codes_of
from eos_sweep.errors import InputError

FLAGS = {"flag_values": [0, 1, 3], "flag_meanings": "not_computed a b", "long_name": "kind of cell"}
ROWS, COLUMNS = 3, 4


def dataset(values, attributes=FLAGS, lazy=False):
    axes = {"y": np.arange(1.0, ROWS + 1), "x": np.arange(1.0, COLUMNS + 1)}
    found = xr.Dataset({"v": (("y", "x"), values, attributes)}, axes)
    return found.chunk(x=2) if lazy else found


def drawn(found, name="v"):
    """Return the numbers of a map, None where labels are drawn, and the words of its legend."""
    figure = plot.draw(found, "x", "y", variable=name)
    ax, *bars = figure.axes
    legend = ax.get_legend()
    words = [text.get_text() for text in legend.get_texts()] if legend else []
    return (ax.collections[0].get_array() if bars else None), words


kinds = st.sampled_from([np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.float32, np.float64, np.bool_])
cells = st.lists(st.sampled_from([0, 1, 2, 3, 7, 257, 259, -1, -253]), min_size=12, max_size=12)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(kinds, cells, st.booleans())
def test_labels_are_drawn_only_where_every_number_is_a_whole_one_with_a_meaning(kind, numbers, lazy):
    values = np.array(numbers).astype(kind).reshape(ROWS, COLUMNS)
    labels = values.dtype.kind in "iu" and set(values.ravel().tolist()) <= {0, 1, 3}
    found, words = drawn(dataset(values, lazy=lazy))
    if labels:
        assert found is None and {word.split("  ")[0] for word in words} <= {"not computed", "a", "b"}
    else:
        np.testing.assert_array_equal(found, values.astype(float))
        assert not words
    if labels:
        counts = [float((values == code).sum()) for code in (1, 3)]
        total = sum(counts) or np.nan
        shares = eos_sweep.shares(dataset(values, lazy=lazy).v)
        np.testing.assert_array_equal(shares, np.array(counts) / total)
    else:
        with pytest.raises(InputError, match="no labels|is no flag"):
            eos_sweep.shares(dataset(values, lazy=lazy).v).compute()
        with pytest.raises(InputError, match="no labels|is no flag"):
            eos_sweep.coarsen(dataset(values, lazy=lazy).v, {"x": 2}).compute()


@pytest.mark.parametrize("attributes", [
    {}, {"flag_values": [0, 1, 3]}, {"flag_meanings": "a b c"}, FLAGS | {"flag_meanings": "a b"},
    FLAGS | {"flag_values": [0, 1, 1]}, FLAGS | {"flag_meanings": "a a b"}, FLAGS | {"flag_values": "0 1 3"},
    FLAGS | {"flag_values": [0.0, 1.0, 3.0]}, FLAGS | {"flag_values": [0, 1, 300]}, FLAGS | {"flag_meanings": 3},
    {"flag_values": [], "flag_meanings": ""},
])  # fmt: skip
def test_flags_that_are_none_make_no_labels(attributes):
    values = np.zeros((ROWS, COLUMNS), np.int8)
    assert codes_of(dataset(values, attributes).v) == {}
    np.testing.assert_array_equal(drawn(dataset(values, attributes))[0], values)


@pytest.fixture(scope="module", name="seeds")
def _seeds():
    axes = {"seed": range(4), "lambda1": np.geomspace(1, 1e4, 8), "eta": np.geomspace(1e-3, 10, 9)}
    start = {"alpha": "uniform(0.4, 0.8)", "beta1": 0.05, "beta2": 0.4}
    return eos_sweep.sweep("bivariate", axes, {"lambda2": 0.01}, start, steps=300)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("lazy", [True, False])
def test_a_share_of_labels_is_drawn_as_numbers(seeds, keep, lazy):
    with xr.set_options(keep_attrs=keep):
        regime = seeds.regime.chunk(seed=1) if lazy else seeds.regime
        share, one = (regime == regimes.CODES["divergence"]).mean("seed"), regime.isel(seed=0)
        for values in (share, regime.mean("seed"), one == 1, one + 20, -one, one.astype(float), 1.5 * one):
            assert not keep or "flag_values" in values.attrs
            found = seeds.drop_vars("regime").assign(p=values)
            figure = plot.draw(found, "eta", "lambda1", variable="p", lines=False)
            np.testing.assert_array_equal(figure.axes[0].collections[0].get_array(), values.astype(float))
            assert len(figure.axes) == 2 and figure.axes[0].get_legend() is None
            assert not keep or figure.axes[1].get_xlabel() == "p", "these are no regimes of training"
        replaced = seeds.drop_vars("regime").assign(regime=share)
        figure = plot.draw(replaced, "eta", "lambda1")
        np.testing.assert_array_equal(figure.axes[0].collections[0].get_array(), share)


def test_facets_are_all_numbers_if_one_of_them_holds_no_labels(seeds):
    changed = seeds.copy(deep=True)
    changed.regime[2, 0, 0] = 99
    figure = plot.facets(changed, "eta", "lambda1", "seed", lines=False)
    for place, ax in enumerate(figure.axes[:4]):
        np.testing.assert_array_equal(ax.collections[0].get_array(), changed.regime[place])
    assert len(figure.axes) == 5


def test_whole_numbers_of_ones_own_may_be_negative(seeds):
    one = seeds.isel(seed=0)
    change = one.crossings - one.loss_rises
    assert change.min() < 0 and "flag_values" in change.attrs
    mesh = plot.draw(one.assign(change=change), "eta", "lambda1", variable="change").axes[0].collections[0]
    np.testing.assert_array_equal(mesh.get_array(), change)
    never = plot.draw(one, "eta", "lambda1", variable="first_crossing").axes[0].collections[0].get_array()
    np.testing.assert_array_equal(np.ma.getmaskarray(never), one.first_crossing < 0)


def test_a_scale_that_ends_before_the_numbers_says_so_and_a_centre_of_zero_spans_them_all(seeds):
    one = seeds.isel(seed=0)
    rises = one.tail_max.assign_attrs(centre=1.0) * 0 + one.eta
    high = plot.draw(one.assign(tail_max=rises), "eta", "lambda1", variable="tail_max").axes[1].get_xlabel()
    assert re.search(r"\(last colour: ≥ 2\)$", high)
    both = (one.tail_mean * 0 + np.log(one.eta)).assign_attrs(centre=0.0)
    norm = plot.draw(one.assign(both=both), "eta", "lambda1", variable="both").axes[0].collections[0].norm
    assert -norm.vmin == norm.vmax == abs(both).max()

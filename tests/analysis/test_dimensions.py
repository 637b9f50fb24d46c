"""Dimensions of edges: against sets whose dimension is known, a plain count, and each other."""

import itertools

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.edge_counts import scales_of
from eos_sweep.errors import InputError
from helpers.fractals import (
    CANTOR,
    KOCH,
    PERCOLATED,
    cantor_gaps,
    half_plane,
    koch_island,
    percolation,
)

AXES = {"lambda1": {"log": [10, 1e4, 129]}, "eta": {"log": [1e-3, 1, 129]}}
START = {"alpha": 0.2, "beta1": 1e-3, "beta2": 0.2}


def measured(labels, **options):
    labels = np.asarray(labels)
    return eos_sweep.dimension(xr.DataArray(labels, dims=list("zyx")[-labels.ndim :]), **options)


def middle_of(labels):
    """The dimensions by uncertainty and by boxes."""
    return measured(labels).dimension.values


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A lazy map without a clip."""
    path = tmp_path_factory.mktemp("dimension") / "s.zarr"
    given = {"steps": 3000, "title": "No clip", "chunks": {"lambda1": 64, "eta": 64}}
    return eos_sweep.sweep("bivariate", AXES, {"lambda2": 0.01}, START, out=path, **given)


# Known dimensions


@pytest.mark.parametrize("size", [512, 513])
def test_a_straight_edge_has_dimension_one_at_any_angle(size):
    for angle in np.linspace(0, np.pi, 9):
        pairs, boxes = middle_of(half_plane((size, size), [np.sin(angle), np.cos(angle)], 0.03))
        assert pairs == pytest.approx(1, abs=0.003) and boxes == pytest.approx(1, abs=0.02)


def test_a_plane_in_three_axes_has_dimension_two_and_one_point_on_a_line_zero():
    assert middle_of(half_plane((97, 97, 97), [0.2, 0.3, 1.0], 0.02)) == pytest.approx([2, 2], abs=0.02)
    assert middle_of(np.arange(257) > 100) == pytest.approx([0, 0], abs=0.003)


def test_cantor_sets_have_theirs():
    assert middle_of(cantor_gaps(2**16 + 1)) == pytest.approx([CANTOR, CANTOR], abs=0.02)
    across = np.broadcast_to(cantor_gaps(4097), (1025, 4097))
    assert middle_of(across) == pytest.approx([1 + CANTOR, 1 + CANTOR], abs=0.02)


def test_a_koch_curve_has_its_dimension():
    pairs, boxes = middle_of(koch_island(257))
    assert pairs == pytest.approx(KOCH, abs=0.02)
    assert boxes == pytest.approx(KOCH, abs=0.1)  # it turns within a cell, which a box of one cell does not see


def test_labels_by_chance_fill_the_map():
    found = measured(np.random.default_rng(1).integers(0, 2, (257, 200)))
    assert float(found.dimension[0]) == pytest.approx(2, abs=0.01)
    assert found.slope.values[1, 1:-1] == pytest.approx(2, abs=0.01)
    assert found.share.values[:, 0] == pytest.approx([1 / 2, 1 - 2 / 2**4], abs=0.01)


# Counts


@pytest.mark.parametrize("shape", [(70,), (32, 45), (65, 64), (33, 34, 33)])
def test_counts_are_those_of_each_pair_and_each_box(shape):
    labels = np.random.default_rng(0).integers(0, 12, shape) // 11
    found, scales = measured(labels), scales_of(shape)
    assert found.scale.values.tolist() == scales
    for place, scale in enumerate(scales):
        differ = total = 0
        for axis, size in enumerate(shape):
            for start in range(size - scale):
                if scales[-1] <= 2 * start + scale <= 2 * (size - 1) - scales[-1]:  # twice the middle of the pair
                    unlike = labels.take(start, axis) != labels.take(start + scale, axis)
                    differ, total = differ + unlike.sum(), total + unlike.size
        assert found["count"].values[0, place] == differ
        assert found.share.values[0, place] == pytest.approx(differ / total, rel=1e-14)
        mixed = every = 0
        rests = [(size - 1) % scales[-1] for size in shape]
        for corner in itertools.product(*(sorted({0, rest}) for rest in rests)):
            whole = [range(0, size - 1 - rest, scale) for size, rest in zip(shape, rests, strict=True)]
            for box in itertools.product(*whole):
                inside = labels[tuple(slice(c + b, c + b + scale + 1) for c, b in zip(corner, box, strict=True))]
                mixed, every = mixed + (np.ptp(inside) > 0), every + 1
        assert found["count"].values[1, place] == mixed
        assert found.share.values[1, place] == pytest.approx(mixed / every, rel=1e-14)


def test_slopes_and_fits_are_those_of_the_shares():
    found = measured(percolation(np.random.default_rng(3)), within=(2, 16))
    x, y = np.log(found.scale.values), np.log(found.share.values)
    np.testing.assert_allclose(found.slope.values[:, :-1], 2 - np.diff(y) / np.diff(x), rtol=1e-12)
    np.testing.assert_allclose(found.dimension, [2 - stats.linregress(x[1:5], one[1:5]).slope for one in y], rtol=1e-12)
    assert found.attrs["fitted"] == [2, 4, 8, 16] and np.isnan(found.slope.values[:, -1]).all()


def test_flips_and_transposes_change_nothing():
    labels = percolation(np.random.default_rng(5))[:200]
    wanted = measured(labels)[["dimension", "slope", "share", "count"]]
    for other in (labels[::-1], labels[:, ::-1], labels.T, 7 - labels):
        xr.testing.assert_allclose(measured(other)[[*wanted]], wanted, rtol=1e-12)
        np.testing.assert_array_equal(measured(other)["count"], wanted["count"])


# Intervals


@pytest.mark.parametrize("maps", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_intervals_cover_more_than_those_of_regressions(maps):
    """Of maps of one random family; their squares are divided further by chance, so dimensions scatter by 0.03."""
    hits, regressions, widths = [], [], []
    for seed in range(100, 100 + maps):
        found = measured(percolation(np.random.default_rng(seed)))
        hits.append(((found.dimension_low < PERCOLATED) & (PERCOLATED < found.dimension_high)).values)
        widths.append((found.dimension_high - found.dimension_low).values)
        fits = [stats.linregress(np.log(found.scale), np.log(one)) for one in found.share]
        reach = stats.t.ppf(0.975, found.scale.size - 2)
        regressions.append([abs(2 - fit.slope - PERCOLATED) < reach * fit.stderr for fit in fits])
    (pairs, boxes), others = np.mean(hits, axis=0), np.mean(regressions, axis=0)
    print(f"{maps} maps: {pairs:.2f} and {boxes:.2f}; by regression {others[0]:.2f} and {others[1]:.2f}")
    assert 0.99 > pairs >= 0.85 > 0.4 > others[0] and 0.99 > boxes >= max(0.8, others[1] + 0.1)
    assert np.max(np.mean(widths, axis=0)) < 0.15


def test_edges_that_run_through_all_blocks_are_counted_once():
    """A map of equal rows tells no more than one of its rows does."""
    row = percolation(np.random.default_rng(2), levels=9, axes=1)
    one, many = measured(row), measured(np.broadcast_to(row, (row.size, row.size)))
    np.testing.assert_allclose(many.dimension[0], 1 + one.dimension[0], rtol=1e-12)
    half = [float((found.dimension_high - found.dimension)[0]) for found in (one, many)]
    assert half[1] == pytest.approx(half[0], rel=0.2)


def test_intervals_are_the_same_each_time_and_follow_the_seed():
    labels = percolation(np.random.default_rng(0))
    xr.testing.assert_identical(measured(labels), measured(labels, seed=0))
    assert (measured(labels).dimension_low != measured(labels, seed=1).dimension_low).all()


def test_without_an_edge_there_is_no_number_and_without_blocks_no_interval():
    none = measured(np.zeros((64, 64), int))
    assert none.dimension.isnull().all() and none.slope.isnull().all() and not none.share.any()
    island = np.zeros((256, 256), bool)
    island[100:110, 100:110] = True
    found = measured(island)
    assert found.dimension.notnull().all() and found.dimension_low.isnull().all() and found.slope_high.isnull().all()


# Sweeps


def test_a_real_map_is_fractal_at_each_scale(real):
    found = eos_sweep.dimension(real)
    assert (found.slope.values[0, :-1] > 1.2).all() and (found.dimension_low > 1.1).all()
    assert found.attrs["title"].startswith("No clip\ndimension") and found.attrs["axis_scales"] == "log log"
    figure = plot.dimension_plot(found)
    upper, lower = figure.axes
    ends = [f"{float(found[name][0]):.2f}" for name in ("dimension", "dimension_low", "dimension_high")]
    assert figure.legends[0].get_texts()[0].get_text() == "pairs of cells that differ: {} ({} to {})".format(*ends)
    np.testing.assert_array_equal(upper.lines[0].get_xdata(), found.scale)
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), found.share[0])
    np.testing.assert_array_equal(lower.containers[0].lines[0].get_ydata(), found.slope[0, :-1])


def test_a_condition_is_told_in_several_ways(real):
    ds = real.compute()
    code = dict(zip(ds.regime.flag_meanings.split(), ds.regime.flag_values, strict=True))["sign_flip"]
    for ways in (
        [
            (real, "sign_flip"),
            (ds, np.array(["sign_flip"])),
            (ds.regime, "sign_flip"),
            (ds.regime == code, None),
            (ds, lambda o: o.regime == code),
            (ds.drop_vars("regime"), "sign_flip"),
            (ds.isel(eta=slice(None, None, -1)), "sign_flip"),
            (ds.transpose(), "sign_flip"),
        ],
        [(real, "crossings > 0"), (ds, "crossings > 0"), (ds, lambda o: o.crossings > 0), (ds.crossings > 0, None)],
        [(ds, None), (ds.regime, None), (real.regime, None), (ds.expand_dims("seed"), None)],
    ):
        first, *others = [eos_sweep.dimension(*way).drop_attrs() for way in ways]
        for other in others:
            np.testing.assert_array_equal(other["count"], first["count"])
    xr.testing.assert_identical(ds.eos.dimension("sign_flip", seed=4), eos_sweep.dimension(ds, "sign_flip", seed=4))


def test_a_label_that_is_absent_has_no_dimension(real):
    found = eos_sweep.dimension(real, "chaotic")
    assert found.dimension.isnull().all() and not found["count"].any()
    figure = plot.dimension_plot(found)
    figure.canvas.draw()
    texts = figure.legends[0].get_texts()
    assert [text.get_text() for text in texts] == ["pairs of cells that differ: no edge", "boxes with an edge: no edge"]


def with_a_hole(ds):
    found = ds[["regime", "outcome", "crossings"]].compute()
    for name, none in {"regime": 0, "outcome": 0, "crossings": -1}.items():
        found[name][3, 4] = none
    return found


@pytest.mark.parametrize(
    ("change", "holds", "message"),
    [
        (lambda ds: ds, "sign_flipp", "no label 'sign_flipp' in regime; did you mean 'sign_flip'?"),
        (lambda ds: ds, [], "holds: got []; give a label"),
        (lambda ds: ds, 3, "holds: got 3; give a label"),
        (lambda ds: with_a_hole(ds).crossings, None, "1 of its cells are not computed yet"),
        (lambda ds: ds, "crossing > 0", "there is no observable 'crossing'"),
        (lambda ds: ds, lambda ds: ds.crossings, "the function returned"),
        (lambda ds: ds.drop_vars("crossings"), "crossings > 0", "'crossings > 0' reads crossings, not stored here"),
        (lambda ds: ds.drop_attrs(), "crossings > 0", "has no spec"),
        (lambda ds: ds.regime, "crossings > 0", "labels alone do not decide"),
        (lambda ds: ds.sharpness_max, None, "sharpness_max: got float64 values"),
        (lambda ds: ds.regime.values, None, "dataset: got array"),
        (lambda ds: ds.eos.masked(), "sign_flip", "is masked"),
        (with_a_hole, None, "sweep: 1 of its cells are not computed yet"),
        (with_a_hole, "crossings > 0", "sweep: 1 of its cells are not computed yet"),
        (lambda ds: ds.isel(eta=slice(31)), None, "axis 'eta': has 31 values; give a map of at least 32"),
        (lambda ds: ds.isel(eta=0, lambda1=0), None, "axes: got no axis"),
        (lambda ds: ds.isel(eta=[*range(40), *range(50, 90)]), None, "axis 'eta': its values are evenly"),
        (lambda ds: ds.regime.expand_dims(a=40, b=40), None, "axes: got a, b, lambda1, eta; give a map over one to 3"),
        (lambda ds: ds.expand_dims(seed=2), None, "axis 'seed': seeds have no neighbours"),
        (lambda ds: ds.rename(eta="point"), None, "axis 'point': points have no neighbours"),
    ],
)  # fmt: skip
def test_what_has_no_dimension_is_an_error_of_one_line(real, change, holds, message):
    with pytest.raises(InputError) as error:
        eos_sweep.dimension(change(real), holds)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("within", [(1, 2), (100, 200), "all", (1,), (np.nan, 8)])
def test_a_fit_has_three_scales(within):
    with pytest.raises(InputError, match="within: got .*; give a range with 3 of the scales 1, 2, 4, 8 or more"):
        measured(half_plane((64, 64), [1, 0]), within=within)


def test_only_what_it_returns_is_drawn():
    with pytest.raises(InputError, match="found: is no result of eos_sweep.dimension"):
        plot.dimension_plot(xr.Dataset())

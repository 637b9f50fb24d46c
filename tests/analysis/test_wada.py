"""Three labels that meet: in points, nowhere, or all along an edge."""

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.errors import InputError
from helpers.fractals import cantor_gaps, newton_basins


def near(values, **options):
    values = np.asarray(values)
    return eos_sweep.wada(xr.DataArray(values, dims=list("zyx")[-values.ndim :]), **options)


@pytest.mark.parametrize(("shape", "labels"), [((64,), 3), ((40, 33), 3), ((40, 33), 4), ((32, 33, 34), 4)])
def test_shares_are_those_of_each_cell(shape, labels):
    values = (np.random.default_rng(0).integers(0, 40, shape) // 9) - 2
    found = near(values, labels=labels)
    edge = met(values, 1) > 1
    assert found.attrs["cells"] == edge.sum()
    for radius, share in zip(found.radius.values, found.share.values, strict=True):
        assert share == pytest.approx((met(values, radius)[edge] >= labels).mean(), rel=1e-14)


def met(values, radius):
    """The number of labels in the window of each cell, which the ends of the map cut."""
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(values, radius - 1, constant_values=99), [2 * radius] * values.ndim
    )
    inner = tuple(range(values.ndim, 2 * values.ndim))
    return sum((windows == code).any(axis=inner) for code in np.unique(values))


def test_discs_in_each_other_do_not_meet_and_sectors_meet_in_one_point():
    y, x = np.mgrid[-128:129, -128:129] + 0.5
    rings = near(np.digitize(np.hypot(x, y), [60, 90]))
    assert rings.radius.values.tolist() == [1, 2, 4, 8, 16, 32] and not rings.share.values[:4].any()
    sectors = near(np.floor(3 * np.arctan2(y, x) / (2 * np.pi)).astype(int))
    assert sectors.share.values[0] < 0.01
    np.testing.assert_allclose(sectors.share.values[2:] / sectors.share.values[1:-1], 2, atol=0.4)


def test_three_labels_meet_all_along_the_edge_of_basins_of_newton():
    found = near(newton_basins(257))
    assert found.share.values[1] > 0.9 and found.share.values[2] > 0.995
    assert near(newton_basins(257), labels=4).share.values.tolist() == [0] * 6


def test_three_labels_meet_all_along_a_cantor_set_whose_gaps_take_turns():
    gaps = cantor_gaps(4097)
    assert near(gaps % 3).share.values[2] > 0.85
    assert not near(gaps % 2).share.values.any()


def test_flips_and_other_codes_change_nothing():
    labels = newton_basins(64)
    for other in (labels[::-1], labels.T, 40 - labels, labels * 1000):
        np.testing.assert_array_equal(near(other).share, near(labels).share)


def test_a_map_without_an_edge_has_no_share_and_too_many_labels_are_refused():
    assert near(np.ones((32, 32), int)).share.isnull().all()
    assert near(np.arange(64)).share.values.tolist() == [0, 1, 1, 1]
    with pytest.raises(InputError, match="labels: the map has 65; give at most 64"):
        near(np.arange(65))
    for wrong in (2, 3.5, "many"):
        with pytest.raises(InputError, match="labels: got .*; give a whole number >= 3"):
            near(np.arange(64), labels=wrong)


def test_the_method_is_the_function():
    labels = xr.DataArray(newton_basins(64), dims=["y", "x"], name="regime")
    xr.testing.assert_identical(labels.to_dataset().eos.wada(), eos_sweep.wada(labels))

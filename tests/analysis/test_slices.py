"""Slices of a dataset: named by an axis' values, nearest where the axis is even, and loaded alone."""

import re

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg

from eos_sweep import plot
from eos_sweep.analysis.slices import select


def test_a_slice_is_increasing_and_keeps_what_belongs_together(clipped):
    mixed = clipped.isel(eta=np.random.default_rng(0).permutation(25))
    piece = select(mixed, "clip", "eta", {"lambda1": 1.0})
    assert piece["outcome"].dims == ("eta", "clip") and piece["clip"].values.tolist() == [1, 10, np.inf]
    xr.testing.assert_identical(piece, clipped.sortby("eta").sortby("clip").isel(lambda1=0).transpose("eta", "clip"))


def test_a_decreasing_axis_is_drawn_as_an_increasing_one(free):
    drawn = []
    for dataset in (free, free.isel(eta=slice(None, None, -1), lambda1=slice(None, None, -1))):
        canvas = FigureCanvasAgg(plot.draw(dataset))
        canvas.draw()
        drawn.append(np.asarray(canvas.buffer_rgba()))
    np.testing.assert_array_equal(*drawn)


def test_a_value_is_the_nearest_on_an_even_axis_and_has_to_be_met_on_others(clipped):
    eta = clipped["eta"].values
    between = np.sqrt(eta[7] * eta[8])
    for wanted, found in ((between * 0.999, 7), (between * 1.001, 8), (eta[0] / 1.2, 0)):
        assert select(clipped, "lambda1", "clip", {"eta": wanted})["eta"] == eta[found]
    for wanted in (1, 10 * (1 + 1e-12), np.inf):
        assert select(clipped, "lambda1", "eta", {"clip": wanted})["clip"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("x", "y", "at", "message"),
    [
        ("eta", "lambda1", {}, "axes not shown: clip; pick one value of each, such as --at clip=inf"),
        ("eta", "lambda1", {"clip": 11}, "at: clip = 11 is not on the axis; the nearest values are 1, 10"),
        ("eta", "clip", {"lambda1": 1e6}, "at: lambda1 = 1e+06 is not on the axis"),
        ("eta", "clip", {"lambda1": np.nan}, "at: lambda1 = nan is not on the axis"),
        ("beta", "clip", {"lambda1": 1}, "x: no axis 'beta' in this sweep; there are: clip, lambda1, eta"),
        ("eta", "clip", {"lambda1": 1, "clip": 1}, "axis 'clip': named more than once"),
        ("eta", "clip", {"lambda1": 1, "beta1": 1}, "at: no axis 'beta1'"),
    ],
)
def test_a_slice_that_is_not_one_is_an_error_of_one_line(clipped, x, y, at, message):
    with pytest.raises(ValueError, match="^" + re.escape(message)) as caught:
        select(clipped, x, y, at)
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

"""Pictures are shown where they are the result of a cell of a notebook."""

import struct

import pytest

from eos_sweep import plot


@pytest.mark.parametrize(
    "draw",
    [
        lambda ds: plot.draw(ds.isel(clip=0), lines=False),
        lambda ds: plot.draw(ds, "eta", "lambda1", facet="clip", variable="crossings", lines=False),
        lambda ds: plot.regime_map(ds, "eta", "lambda1", {"clip": 10}, lines=False),
        lambda ds: plot.observable_map(ds, "tail_max", "eta", "lambda1", {"clip": 10}),
    ],
    ids=["figure", "facets", "axes", "axes of numbers"],
)
def test_a_figure_and_axes_show_the_picture_at_twice_its_size(clipped, draw):
    picture, size = draw(clipped)._repr_png_()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", picture[16:24]) == pytest.approx((2 * size["width"], 2 * size["height"]), abs=2)

"""Ticks say whole numbers, wherever a picture has axes or bars of numbers."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.ticker import ScalarFormatter

from eos_sweep import plot
from eos_sweep.analysis.pictures.files import new_figure


def assert_in_full(figure):
    """Assert that each tick says its own number, up to a power of ten, to a thousandth of the way to the next one."""
    figure.draw_without_rendering()
    axes = [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]
    numbers = [axis for axis in axes if isinstance(axis.get_major_formatter(), ScalarFormatter)]
    numbers = [axis for axis in numbers if any(label.get_text() for label in axis.get_ticklabels())]
    for axis in numbers:
        ticks, unit = axis.get_majorticklocs(), said(axis.get_offset_text()) or "1"
        told = [float(said(label)) * float(unit) for label in axis.get_ticklabels()]
        np.testing.assert_allclose(told, ticks, atol=1e-3 * np.diff(ticks).min())
    return numbers


def said(label):
    return label.get_text().replace("−", "-")


def near_one(dataset):
    """Return a sweep whose tail_mean lies at 1, as above the edge of stability, but for some ten-thousandths."""
    values = 1.0 + 1e-4 * np.sin(np.arange(dataset.tail_mean.size)).reshape(dataset.tail_mean.shape)
    return dataset.assign(tail_mean=dataset.tail_mean.copy(data=values))


def test_a_curve_of_numbers_close_to_one_another(free):
    figure = plot.draw(near_one(free), x="eta", at={"lambda1": float(free.lambda1[3])}, variable="tail_mean")
    assert figure.axes[0].yaxis in assert_in_full(figure)


@pytest.mark.parametrize("place", ["bottom", "right"])
def test_a_bar_of_colours_of_such_numbers(free, place):
    found = near_one(free)
    del found.tail_mean.attrs["centre"]  # so that its colours are those of plain numbers
    figure = plot.draw(found, variable="tail_mean", colorbar=place, lines=False)
    bar = figure.axes[-1]
    assert (bar.xaxis if place == "bottom" else bar.yaxis) in assert_in_full(figure)


def test_axes_that_are_cleared_and_drawn_again():
    figure = new_figure(xr.Dataset(), 4, 3)
    ax = figure.subplots()
    for _ in range(2):
        ax.plot([1e5, 1e5 + 1e-2], [1.0, 1.0 + 1e-6])
        assert len(assert_in_full(figure)) == 2
        ax.clear()

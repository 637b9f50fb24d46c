"""A figure of several panels in rows."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures import captions, files
from eos_sweep.analysis.pictures.fitting import set_letters
from eos_sweep.analysis.pictures.legends import measured, outside
from eos_sweep.analysis.pictures.look import NARROW, Look, Size

MOST_PANELS = 36
MARGIN = 0.2  # inches above and below a legend together
INDENT = 0.02  # of the width of a figure, left of its title
LEGEND_WIDTH = 2.3  # inches of a figure of facets
BESIDE = 0.9  # inches of a figure beside its map, above which a title begins


def panels_of(dataset: xr.Dataset, count: int, look: Look, more: float = 0.0) -> tuple[Any, Any, Size]:
    """Return a figure of panels in rows, each with ``more`` of its size beside it, their Axes, and its size."""
    columns = min(count, 2 if count == 4 or (look.figsize and look.size.width <= NARROW) else 3)
    rows = -(-count // columns)
    size = look.size._replace(width=2.6 * (1 + more) * columns + 2.6, height=2.4 * (1 + more) * rows + 1.0)
    if isinstance(look.figsize, str):
        beside = LEGEND_WIDTH if look.legend_place == "right" else BESIDE
        size = look.size._replace(height=0.9 * (1 + more) * rows * (look.size.width - beside) / columns + 2 * BESIDE)
    elif look.figsize:
        size = look.size
    figure = files.new_figure(dataset, size.width, size.height)
    return figure, figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False), size


def add_words(
    figure: Any, axes: Any, look: Look, size: Size, entries: Mapping[str, Any], title: str, x: xr.DataArray,
    y: xr.DataArray,
) -> None:  # fmt: skip
    """Add what all panels have in common: the legend, the title and the labels of the two sides.

    Parameters
    ----------
    figure, axes, size
        As :func:`panels_of` returns them.
    look
        Where the legend is.
    entries
        Label -> handle.
    title
        The title.
    x, y
        What runs to the right and upwards.
    """
    room = 0.0
    if entries and look.legend_place:
        found = outside(figure, [*entries.values()], [*entries], look.legend_place, size.points)
        if look.legend_place == "right":
            room = measured(found) + MARGIN
            if not isinstance(look.figsize, tuple | list):
                least = found.get_window_extent().height / figure.dpi + MARGIN
                figure.set_figheight(max(figure.get_figheight(), least))
    title = captions.fitted(title, (1 - INDENT) * size.width - room, size.points)
    figure.suptitle(title, x=INDENT, ha="left", fontsize=size.letters)
    if look.legend_place == "below":  # matplotlib would put the legend above the common label
        for ax in axes[-1]:
            ax.set_xlabel(captions.even(captions.label_of(x), size.width / axes.shape[1], size.points))
    else:
        words = captions.even(captions.label_of(x), size.width - room - BESIDE, size.points)
        figure.supxlabel(words, fontsize=size.letters)
    words = captions.even(captions.label_of(y), figure.get_figheight() - BESIDE, size.points)
    figure.supylabel(words, fontsize=size.letters)
    set_letters(figure, size)

"""A figure of several panels in rows."""

from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures import files
from eos_sweep.analysis.pictures.look import NARROW, Look, Size

MOST_PANELS = 36
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

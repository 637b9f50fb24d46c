"""Contours of a variable of numbers on a map of another one."""

import math
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.pictures import captions, style
from eos_sweep.analysis.pictures.pixels import Pixels
from eos_sweep.analysis.pooling import centres

MOST = 5  # contours, about
SPECK = 12  # points of a contour, about one for each cell; shorter ones are noise
WIDTH = 1.6  # inches of the entry of a legend


def draw_contours(ax: Any, piece: xr.Dataset, name: str, pixels: Pixels, norm: Any, points: float) -> list[Any]:
    """Draw contours at round numbers, labelled with them; return the entry of a legend, none if there is no contour.

    Parameters
    ----------
    ax
        The map.
    piece
        The slice.
    name
        The variable.
    pixels
        What the map would show of it.
    norm
        The scale of its numbers, which decides whether contours are at powers of ten.
    points
        Size of the numbers.
    """
    from matplotlib.colors import LogNorm, SymLogNorm
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import LogLocator, MaxNLocator

    wide = isinstance(norm, LogNorm | SymLogNorm)
    low, high = float(norm.vmin), float(norm.vmax)
    locator = LogLocator(numticks=MOST + 2) if wide else MaxNLocator(MOST)
    ticks = locator.tick_values(max(low, 1.0) if isinstance(norm, SymLogNorm) else low, high)
    levels = [tick for tick in ticks if low < tick < high]
    numbers = np.ma.masked_invalid(pixels.cells)
    if not levels or min(numbers.shape) < 2:
        return []
    sides = [centres(piece[axis].values, pixels.pools[str(axis)]) for axis in piece[name].dims]
    drawn = ax.contour(*sides[::-1], numbers, levels, colors=[style.CONTOUR], linewidths=1.0, linestyles="solid")
    drawn.set_paths([_without_specks(path) for path in drawn.get_paths()])
    halo = [withStroke(linewidth=2.4, foreground="black")]
    drawn.set(path_effects=halo)
    for text in drawn.clabel(fmt=_power if wide else captions.number, fontsize=points):
        text.set(path_effects=halo)
    label = captions.fitted(f"contours: {captions.label_of(piece[name])}", WIDTH, points)
    return ax.plot([], [], color=style.CONTOUR, linewidth=1.0, path_effects=halo, label=label)  # for legends of ax


def _without_specks(path: Any) -> Any:
    """Return the contours of one level without the shortest ones."""
    parts = np.split(np.arange(len(path)), np.flatnonzero(path.codes == path.MOVETO)[1:]) if len(path) else []
    kept = [part for part in parts if len(part) >= SPECK] or [np.arange(0)]
    return type(path)(path.vertices[np.concatenate(kept)], path.codes[np.concatenate(kept)])


def _power(level: float) -> str:
    """Return a power of ten as text."""
    return f"$10^{{{round(math.log10(level))}}}$"

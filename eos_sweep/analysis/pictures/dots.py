"""The dots of one scatter: their places, their colours and shapes, and the entries of its legend."""

import itertools
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from eos_sweep.analysis.pictures import captions, pixels, style
from eos_sweep.analysis.pictures.look import Look
from eos_sweep.analysis.pictures.panels import draw_axis, legend_entries, looks_of, looks_of_numbers, on_scale
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.reducing import AGREEMENT
from eos_sweep.analysis.scales import DECADES, scale_of
from eos_sweep.analysis.specs import sweep_of

INK = 0.35  # of the area of a map, that dots may cover together
LARGEST, SMALLEST = 40.0, 1.5  # area of a dot, in points squared
ROOM = 0.03  # of a side, beyond the outermost dots
SHAPES = "s^Dv"  # of dots whose cells would be hatched
MOST_SHAPES = 10_000  # dots of a map that a PDF or an SVG has as shapes, more as pixels

Labels: TypeAlias = list[tuple[str, dict[str, Any]]]  # label and how it is filled


def draw_dots(
    ax: Any, piece: xr.Dataset, view: View, cells: pixels.Pixels, norm: Any, look: Look, percent: bool
) -> tuple[Any, list[Any]]:
    """Draw the dots of one panel; return what a bar of colours belongs to, and the entries of a legend."""
    data = piece[view.variable]
    sides = [_along(ax, side, piece, one, data) for side, one in zip("xy", view.axes, strict=True)]
    for side, limits in zip("xy", (view.xlim, view.ylim), strict=True):
        if limits:
            ax.set(**{f"{side}lim": limits})
    there = np.isfinite(sides[0]) & np.isfinite(sides[1])
    values = cells.cells.ravel()
    count = int(there.sum())
    size = {"s": _area(ax, count), "edgecolors": style.FRAME["edgecolor"], "linewidths": 0.3}
    size["rasterized"] = count > MOST_SHAPES
    if cells.codes:
        labels = _draw_labels(ax, data, cells, [side[there] for side in sides], values[there], size, look)
        entries = _with_markers(ax, legend_entries(ax, labels, cells, percent), labels, cells)
        return None, entries + _draw_disagreement(ax, piece, sides, there, size)
    known = there & ~np.isnan(values) & (values != -np.inf)
    ax.scatter(sides[0][there & ~known], sides[1][there & ~known], c=style.NO_VALUE["facecolor"], **size)
    colours, looks = looks_of_numbers(data, look)
    mesh = ax.scatter(
        sides[0][known], sides[1][known], c=on_scale(values[known], norm), cmap=colours, norm=norm, **size
    )
    return mesh, legend_entries(ax, looks, cells, percent)


def _draw_labels(
    ax: Any, data: xr.DataArray, cells: pixels.Pixels, sides: list[np.ndarray], codes: np.ndarray,
    size: dict[str, Any], look: Look,
) -> Labels:  # fmt: skip
    """Draw a dot for each code in the colour of its label; return label and fill, in the order of flags.

    Where cells of a map are hatched, dots have another shape.
    """
    fills = looks_of(data, cells, look)
    labels = [(label, style.look_of(label, turn, fills)) for turn, label in enumerate(cells.codes)]
    colours = {code: fill["facecolor"] for code, (_, fill) in zip(cells.codes.values(), labels, strict=True)}
    shapes = _shapes(labels)
    shaped = {cells.codes[label]: shape for label, shape in shapes.items()}
    for shape in dict.fromkeys(["o", *shaped.values()]):  # those that are there
        here = np.array([shaped.get(code, "o") == shape for code in codes.tolist()], bool)
        chosen = [colours[code] for code in codes[here].tolist()]
        if here.any():
            ax.scatter(sides[0][here], sides[1][here], c=chosen, marker=shape, **size)
    return labels


def _shapes(labels: Labels) -> dict[str, str]:
    """Return the shape of the dots of each label whose cells are hatched on a map."""
    hatched = [label for label, fill in labels if "hatch" in fill and fill is not style.NO_VALUE]
    return dict(zip(hatched, itertools.cycle(SHAPES), strict=False))


def _with_markers(ax: Any, entries: list[Any], labels: Labels, cells: pixels.Pixels) -> list[Any]:
    """Return the entries of a legend, with a dot for each label whose dots have another shape."""
    shapes, fills = _shapes(labels), dict(labels)
    shown = [label for label, _ in labels if cells.shares[label]]
    return [
        ax.scatter([], [], s=LARGEST, c=[fills[label]["facecolor"]], marker=shapes[label], label=entry.get_label())
        if label in shapes
        else entry
        for label, entry in zip(shown, entries, strict=True)
    ]


def _draw_disagreement(
    ax: Any, piece: xr.Dataset, sides: list[np.ndarray], there: np.ndarray, size: dict[str, Any]
) -> list[Any]:
    """Draw a white spot on each dot on which fewer runs than usual agree; return the entry of a legend."""
    if AGREEMENT not in piece:
        return []
    apart = there & (piece[AGREEMENT].values.ravel() < style.AGREED)
    if not apart.any():
        return []
    spot = {**size, "s": size["s"] / 5.0, "c": "white", "edgecolors": "black", "linewidths": 0.5}
    label = f"fewer than {100 * style.AGREED:.0f} % agree"
    return [ax.scatter(sides[0][apart], sides[1][apart], label=label, **spot)]


def _along(ax: Any, side: str, piece: xr.Dataset, name: str, data: xr.DataArray) -> np.ndarray:
    """Set the scale and the label of one side; return the place of each dot on it, NaN where it has none."""
    found = piece[name]
    values = found.broadcast_like(data).transpose(*data.dims).values.astype(np.float64).ravel()
    finite = np.unique(values[np.isfinite(values)])
    if name not in piece.data_vars and (finite.size < 2 or not np.isfinite(values).all()):
        axis = xr.DataArray(np.unique(values), dims=[name], attrs=found.attrs, name=name)
        draw_axis(ax, side, axis, np.array([-0.5, axis.size - 0.5]))
        return np.searchsorted(axis.values, values).astype(np.float64)
    ax.set(**{f"{side}scale": _scale(piece, name, finite), f"{side}label": captions.label_of(found)})
    getattr(ax, f"set_{side}margin")(ROOM)
    return values


def _scale(piece: xr.Dataset, name: str, values: np.ndarray) -> str:
    """Return the scale of numbers: that of the range from which they were drawn, if there is one."""
    sweep = sweep_of(piece)
    ranges = sweep.points.origin.get("ranges", {}) if sweep and sweep.points else {}
    if name in ranges and "values" not in ranges[name]:
        return str(next(iter(ranges[name])))
    if values.size > 1 and values[0] > 0 and values[-1] >= DECADES * values[0]:
        return "log"
    kind = scale_of(values)[0]
    return "linear" if kind == "category" else kind


def _area(ax: Any, count: int) -> float:
    """Return the area of a dot, in points squared."""
    window = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    return float(np.clip(INK * window.width * window.height * 72.0**2 / max(count, 1), SMALLEST, LARGEST))

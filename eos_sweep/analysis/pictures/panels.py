"""One map in its Axes: cells, axes, and theory's lines."""

import itertools
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from eos_sweep.analysis.flags import ranks
from eos_sweep.analysis.pictures import captions, style
from eos_sweep.analysis.pictures.look import DEFAULT, Look
from eos_sweep.analysis.pictures.pixels import Pixels, pooled
from eos_sweep.analysis.pictures.separating import chosen
from eos_sweep.analysis.pictures.theory_lines import critical_lines
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.reducing import AGREEMENT
from eos_sweep.analysis.scales import scale_of
from eos_sweep.analysis.slices import cell_edges
from eos_sweep.errors import InputError, closest, named, short
from eos_sweep.spec.sweeps import Sweep

TICKS, TICK_LETTERS = 12, 45  # of an axis of categories, at most
LONGEST_LABEL = 30  # in a legend
BEYOND = 1e300  # drawn for infinity, which matplotlib would leave out


class Panel(NamedTuple):
    """What the figure needs to know of a map in it."""

    handles: list[Any]  # entries of a legend
    mesh: Any  # that a colour bar belongs to; None if the cells are categories
    edges: list[np.ndarray]  # of the drawn cells, along y and along x
    looks: dict[str, dict[str, Any]]  # label -> how its cells are filled


def pools_for(ax: Any, data: xr.DataArray) -> dict[str, int]:
    """Return axis -> number of cells to a pixel, the nearest power of two, as the levels of a pyramid have them."""
    window = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())  # in inches
    lengths = zip(data.sizes.items(), (window.height, window.width), strict=True)
    return {str(axis): 2 ** max(0, round(math.log2(size / style.DPI / inches))) for (axis, size), inches in lengths}


def draw_panel(
    ax: Any, piece: xr.Dataset, name: str, pixels: Pixels, norm: Any, percent: bool = True, look: Look = DEFAULT
) -> Panel:
    """Draw the cells and the axes of one map.

    Parameters
    ----------
    ax
        Axes to draw into.
    piece
        The slice, as :func:`eos_sweep.analysis.slices.select` returns it.
    name
        The variable.
    pixels
        What the map shows of it.
    norm
        Scale of colours of a map of numbers.
    percent
        Whether the legend has the share of each category.
    look
        Colours of a user's own.

    Raises
    ------
    InputError
        If these are for labels that do not exist.
    """
    edges = [_edges_of_pools(piece[axis].values, pixels.pools[str(axis)]) for axis in piece[name].dims]
    if pixels.codes:
        looks, mesh = _draw_categories(ax, edges, pixels, looks_of(piece[name], pixels, look)), None
    else:
        looks, mesh = _draw_numbers(ax, edges, piece[name], pixels, norm, look)
    ax.patch.set(**style.NO_VALUE)  # seen through cells that are not drawn
    ax.set_rasterization_zorder(style.PIXELS)  # of both together, since PostScript has no transparency
    for side, axis, ends in zip("yx", piece[name].dims, edges, strict=True):
        draw_axis(ax, side, piece[axis], ends)
    entries = legend_entries(ax, looks, pixels, percent)
    if pixels.codes and AGREEMENT in piece:
        entries += _draw_disagreement(ax, edges, piece, pixels.pools)
    return Panel(entries, mesh, edges, dict(looks))


def draw_theory(
    ax: Any, piece: xr.Dataset, view: View, sweep: Sweep | None, panel: Panel, pixels: Pixels, norm: Any
) -> list[Any]:
    """Draw the lines of theory that a view has in a panel; return their entries of a legend."""
    if view.lines is False:
        return []
    handles = []
    theory = critical_lines(piece, *view.axes, sweep)
    wanted = chosen(theory, view.lines, panel.edges, pixels, norm)
    for (line, curves), (colour, dashes, width) in zip(theory.items(), itertools.cycle(style.STROKES)):
        if line in wanted:
            points = np.concatenate([np.vstack([curve, [np.nan, np.nan]]) for curve in curves]).T
            ax.plot(*points, linewidth=width + style.HALO_WIDTH, **style.HALO)
            handles += ax.plot(*points, color=colour, linestyle=dashes, linewidth=width, zorder=2.2, label=line.label)
    return handles


def draw_places(axes: Iterable[Any], wanted: Mapping[Any, list[np.ndarray]], theory: Iterable[Any]) -> list[Any]:
    """Draw upright lines of theory into several panels, with the strokes that they have on a map."""
    handles = []
    for line, (colour, dashes, width) in zip(theory, itertools.cycle(style.STROKES)):
        for curve, ax in itertools.product(wanted.get(line, ()), axes):
            ax.axvline(curve[0, 0], linewidth=width + style.HALO_WIDTH, **style.HALO)
            look = {"color": colour, "linestyle": dashes, "linewidth": width, "zorder": 2.2}
            handles.append(ax.axvline(curve[0, 0], label=line.label, **look))
    return handles


def _edges_of_pools(values: np.ndarray, pool: int) -> np.ndarray:
    edges = cell_edges(values)
    return np.append(edges[:-1:pool], edges[-1])


def looks_of(data: xr.DataArray, pixels: Pixels, look: Look) -> Mapping[str, dict[str, Any]]:
    """Return how regimes are filled, those of a user's own among them, and labels that have other colours here."""
    from matplotlib.colors import to_hex

    looks: Mapping[str, dict[str, Any]] = style.LOOKS
    if set(style.LOOKS) <= set(pixels.codes):  # not other labels
        looks = style.looks_with(pixels.codes, str(data.attrs.get("flag_colours", "")))
    if wrong := [name for name in look.colours if name not in pixels.codes]:
        raise InputError(f"palette: no {short(wrong[0])} in {data.name}; {closest(str(wrong[0]), pixels.codes)}")
    if look.cmap is not None or look.norm is not None:
        raise InputError(f"{'norm' if look.cmap is None else 'cmap'}: {data.name} holds labels; give a palette")
    return {**looks, **{name: style.FRAME | {"facecolor": to_hex(c)} for name, c in look.colours.items()}}


def looks_of_numbers(data: xr.DataArray, look: Look) -> tuple[Any, list[tuple[str, dict[str, Any]]]]:
    """Return the colour map of numbers, and what else than numbers may be there and its look.

    What is beyond the scale has the look of divergence: white, or grey where white is the centre.
    """
    import matplotlib

    if look.palette:
        raise InputError(f"palette: {data.name} holds numbers; give cmap and norm")
    centred = "centre" in data.attrs
    diverged = style.DIVERGED_ABOUT_CENTRE if centred else style.DIVERGED
    given = look.cmap or ("RdBu_r" if centred else "viridis")
    colours = matplotlib.colormaps[given] if isinstance(given, str) else given
    colours = colours.with_extremes(over=diverged["facecolor"], bad=(0, 0, 0, 0))
    return colours, [("divergence", diverged), ("no value", style.NO_VALUE)]


def on_scale(numbers: np.ndarray, norm: Any) -> np.ndarray:
    """Return numbers of which divergence alone is beyond a scale; large ones have its last colour."""
    return np.where(np.isposinf(numbers), BEYOND, np.minimum(numbers, norm.vmax))


def _draw_categories(
    ax: Any, edges: list[np.ndarray], pixels: Pixels, fills: Mapping[str, dict[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """Draw each label in its colour; return label and look, in the order of flags."""
    from matplotlib.colors import to_rgba

    looks = [(name, style.look_of(name, turn, fills)) for turn, name in enumerate(pixels.codes)]
    colours = [to_rgba(look["facecolor"], float(look is not style.NO_VALUE)) for _, look in looks]
    codes = np.array([*pixels.codes.values()])
    order = np.argsort(codes)
    ax.pcolormesh(*edges[::-1], np.array(colours)[order[ranks(pixels.cells, codes[order])]], zorder=style.CELLS)
    for code, (_, look) in zip(codes, looks, strict=True):
        if "hatch" in look and look is not style.NO_VALUE:
            _draw_hatch(ax, edges, pixels.cells == code, look)
    return looks


def _draw_hatch(ax: Any, edges: list[np.ndarray], there: np.ndarray, look: dict[str, Any]) -> None:
    """Hatch cells: one path of a rectangle for each row of neighbouring ones."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    ends = np.diff(np.pad(there, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (rows, first), (_, last) = np.nonzero(ends == 1), np.nonzero(ends == -1)
    if rows.size:
        (bottom, top), (left, right) = (edges[0][rows], edges[0][rows + 1]), (edges[1][first], edges[1][last])
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        vertices = np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1).reshape(-1, 2)
        codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], rows.size)
        hatch = {"facecolor": "none", "edgecolor": look["edgecolor"], "hatch": look["hatch"], "linewidth": 0.0}
        ax.add_patch(PathPatch(Path(vertices, codes), zorder=style.CELLS, **hatch))


def _draw_disagreement(ax: Any, edges: list[np.ndarray], piece: xr.Dataset, pools: Mapping[str, int]) -> list[Any]:
    """Hatch cells where fewer runs than usual have the label that is drawn; return the entry of a legend."""
    from matplotlib.patches import Polygon

    (share,) = pooled([piece], AGREEMENT, pools)
    there = share.cells < style.AGREED
    _draw_hatch(ax, edges, there, style.DISAGREED)
    label = f"fewer than {100 * style.AGREED:.0f} % agree"
    return [ax.add_patch(Polygon(np.empty((0, 2)), label=label, **style.DISAGREED))] if there.any() else []


def _draw_numbers(
    ax: Any, edges: list[np.ndarray], data: xr.DataArray, pixels: Pixels, norm: Any, look: Look
) -> tuple[list[tuple[str, dict[str, Any]]], Any]:
    """Draw numbers on a scale of colours; return what else than numbers is there and its look, and the mesh."""
    colours, looks = looks_of_numbers(data, look)
    mesh = ax.pcolormesh(*edges[::-1], on_scale(pixels.cells, norm), cmap=colours, norm=norm, zorder=style.CELLS)
    return looks, mesh


def draw_axis(ax: Any, side: str, axis: xr.DataArray, edges: np.ndarray) -> None:
    """Set the scale, ticks, limits and label of one side, whose cells have these edges."""
    kind = scale_of(axis.values)[0]
    if kind == "category":
        labels = captions.distinct(axis.values)
        most = min(TICKS, max(2, TICK_LETTERS // max(map(len, labels))))
        ticks = range(0, axis.size, -(-axis.size // most))
        ax.set(**{f"{side}ticks": ticks, f"{side}ticklabels": [labels[k] for k in ticks]})
    else:
        ax.set(**{f"{side}scale": kind})
    ax.set(**{f"{side}label": captions.label_of(axis), f"{side}lim": (edges[0], edges[-1])})


def legend_entries(ax: Any, looks: list[tuple[str, dict[str, Any]]], pixels: Pixels, percent: bool) -> list[Any]:
    """Return an entry for each category that occurs, with its share.

    They are patches without extent of the map, so that legends of a user's own have them, too.
    """
    from matplotlib.patches import Polygon

    entries = []
    for name, look in looks:
        if share := pixels.shares[name]:
            label = captions.escaped(named(name, LONGEST_LABEL)).replace("_", " ")
            label = captions.with_share(label, share) if percent else label
            entries.append(ax.add_patch(Polygon(np.empty((0, 2)), label=label, **look)))
    return entries

"""Pictures of a sweep: Dataset, Axes -> Axes.  There is no pyplot here and so no global state: any thread may draw."""

import itertools
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from eos_sweep import captions, critical, pixels, regimes
from eos_sweep.errors import InputError
from eos_sweep.slices import At, cell_edges, select

Levels: TypeAlias = Sequence[xr.Dataset]

DPI = 200  # of saved pixels; meshes are pooled for it
# Distinct to normal, deuteranopic and protanopic eyes, and at least 7 apart in lightness, so distinct in grey, too.
PALETTE = {"divergence": "#050518", "sign_flip": "#7C0C01", "edge_of_stability": "#FFCD00", "catapult": "#2E54E7",
           "progressive_sharpening": "#65BFAC", "stable": "#FFFFAD", "unsettled": "#7E7EC1", "periodic": "#CB8841",
           "chaotic": "#980C66"}  # fmt: skip
QUIET = dict.fromkeys(("unchanged", "settled"), "#F4F4F4")
SPARE = ("#FFFFAD", "#65BFAC", "#050518", "#7E7EC1", "#2E54E7", "#FFCD00", "#7C0C01")  # for flags that are no regimes
NOTHING: dict[str, Any] = {"facecolor": "#EDEDED", "edgecolor": "#B5B5B5", "hatch": "//////", "linewidth": 0.0}
# Lines may lie on each other: a thin dotted one in pink still shows on a black dashed one.
STROKES: tuple[tuple[str, Any, float], ...] = (("black", "-", 1.6), ("black", (0, (6, 2)), 2.2), ("#FF2D8D", ":", 1.6),
    ("black", (0, (7, 2, 1.3, 2)), 1.6), ("#FF2D8D", (0, (5, 2)), 1.6), ("black", ":", 1.6),
    ("#FF2D8D", "-", 1.2), ("#FF2D8D", (0, (1, 2.5)), 2.4), ("#FF2D8D", (0, (7, 2, 1.3, 2)), 1.6),
    ("black", (0, (4, 1.5, 1, 1.5, 1, 1.5)), 1.6), ("#FF2D8D", (0, (4, 1.5, 1, 1.5, 1, 1.5)), 1.6))  # fmt: skip
COLOURS = ("#0063D2", "#E69F00", "#8A0821", "#4BB48C")  # of the lines of one panel, before they are dashed
# Measured edges, on any colour: where a condition begins and where it ends.
DOTS: dict[str, dict[str, Any]] = {"begins": {"markerfacecolor": "white"}, "ends": {"markerfacecolor": "#FF2D8D"}}
DOT: dict[str, Any] = {"marker": "o", "markersize": 2.2, "markeredgewidth": 0.4, "color": "black", "linestyle": "none"}
FRAME: dict[str, Any] = {"edgecolor": "0.35", "linewidth": 0.6}
LEGEND: dict[str, Any] = {"frameon": False, "handlelength": 2.8, "borderaxespad": 0.0}


def regime_map(
    dataset: xr.Dataset, x: str, y: str, at: At = None, ax: Any = None, lines: bool = True, levels: Levels = ()
) -> Any:
    """Draw the phase diagram of a slice, labelled here if the dataset has no ``regime``; see :func:`observable_map`."""
    return observable_map(dataset, "regime", x, y, at, ax, lines, levels)


def observable_map(
    dataset: xr.Dataset, name: str, x: str, y: str, at: At = None, ax: Any = None, lines: bool = False,
    levels: Levels = (),
) -> Any:  # fmt: skip
    """Draw variable ``name`` over a slice and return the Axes: flags as categories, numbers as a map of colours.

    Where there are more cells than pixels, categories are pooled by mode, and of numbers the middle cell is shown;
    shares in the legend are those of all cells.  ``at`` is as for :func:`select`; ``ax`` are those of a new figure if
    None; ``lines`` adds theory's lines; ``levels`` are those of :func:`eos_sweep.open_pyramid`, from which regimes are
    drawn sooner, and the same.
    """
    piece = select(_labelled(dataset, name), x, y, at)
    ax = _figure(dataset, 7.6, 4.8).subplots() if ax is None else ax
    found = pixels.shown(piece, name, _pools(ax, piece[name]), levels)
    handles, mesh = _draw(ax, piece, name, found, lines, _norm([found], piece[name]))
    ax.set_title(captions.caption(dataset, piece, (x, y)), loc="left", fontsize="medium")
    if mesh:
        ax.figure.colorbar(mesh, ax=ax, location="bottom", aspect=40, label=captions.words(piece[name]))
    if handles:
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), **LEGEND)
    return ax


def facets(
    dataset: xr.Dataset, x: str, y: str, by: str, at: At = None, name: str = "regime", lines: bool = True,
    levels: Levels = (),
) -> Any:  # fmt: skip
    """Draw one map for each value of axis ``by``, with one legend and one scale of colours; return the Figure."""
    dataset = _labelled(dataset, name)
    if by not in dataset.dims or by in (x, y, *(at or {})) or dataset.sizes[by] > 36:
        raise InputError(f"facet: got {by!r}; name an axis of at most 36 values that is not in x, y or at")
    pieces = [select(dataset, x, y, {**(at or {}), by: value}) for value in dataset[by].values]
    columns = min(len(pieces), 2 if len(pieces) == 4 else 3)
    figure = _figure(dataset, 2.6 * columns + 2.6, 2.4 * -(-len(pieces) // columns) + 1.0)
    axes = figure.subplots(-(-len(pieces) // columns), columns, sharex=True, sharey=True, squeeze=False)
    maps = [pixels.shown(piece, name, _pools(axes[0, 0], piece[name]), levels) for piece in pieces]
    norm, mesh = _norm(maps, dataset[name]), None
    legend: dict[str, Any] = {}
    for ax, piece, found in zip(axes.flat, pieces, maps, strict=False):
        handles, mesh = _draw(ax, piece, name, found, lines, norm, shares=False)
        legend |= {handle.get_label(): handle for handle in handles}
        ax.set_title(f"{captions.symbol(piece[by])} = {captions.number(piece[by])}", fontsize="medium")
        ax.set(xlabel="", ylabel="")
    for ax in axes.flat[len(pieces) :]:
        ax.set_axis_off()
    title = captions.caption(dataset, pieces[0], (x, y, by)) + f"\n{captions.words(dataset[name])}" * bool(mesh)
    if mesh:
        figure.colorbar(mesh, ax=axes, location="right", aspect=40)
    figure.legend(handles=list(legend.values()), loc="outside right upper", **LEGEND)
    figure.suptitle(title.strip(), x=0.02, ha="left", fontsize="medium")
    figure.supxlabel(captions.words(dataset[x]), fontsize="medium")
    figure.supylabel(captions.words(dataset[y]), fontsize="medium")
    return figure


def draw(
    dataset: xr.Dataset, x: str | None = None, y: str | None = None, at: At = None, facet: str | None = None,
    variable: str = "regime", lines: bool = True, levels: Levels = (),
) -> Any:  # fmt: skip
    """Return the Figure of a slice; x and y are the two longest axes, if not given."""
    free = [str(n) for n in dataset.dims if n not in (x, y, facet, *(at or {})) and dataset.sizes[n] > 1]
    free = sorted(sorted(free, key=lambda n: -dataset.sizes[n])[: 2 - bool(x) - bool(y)], key=list(dataset.dims).index)
    free.sort(key=lambda n: n == "eta")  # the step size runs to the right
    x = x or (free.pop() if free else "")
    y = y or (free.pop() if free else "")
    if facet:
        return facets(dataset, x, y, facet, at, variable, lines, levels)
    return observable_map(dataset, variable, x, y, at, None, lines, levels).figure


def _pools(ax: Any, data: xr.DataArray) -> dict[str, int]:
    """Return axis -> the power of two of cells that is nearest to a pixel; the levels of a pyramid are such, too."""
    window = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())  # in inches
    rooms = zip(data.sizes.items(), (window.height, window.width), strict=True)
    return {str(axis): 2 ** max(0, round(math.log2(size / DPI / room))) for (axis, size), room in rooms}


def _draw(
    ax: Any, piece: xr.Dataset, name: str, found: pixels.Shown, lines: bool, norm: Any, shares: bool = True
) -> tuple[list[Any], Any]:
    """Draw one map; return what its legend shows, and the mesh if it needs a colour bar."""
    import matplotlib
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Patch

    handles: list[Any] = []
    data, mesh = piece[name], None
    y, x = map(str, data.dims)
    ends = [cell_edges(piece[axis].values) for axis in (y, x)]
    edges = [np.append(all_[: -1 : found.pools[axis]], all_[-1]) for all_, axis in zip(ends, (y, x), strict=True)]

    def entry(label: str, look: dict[str, Any]) -> None:
        share = found.shares[label]
        if share:
            percent = f"  {100 * share:.1f} %" if share >= 0.0005 else "  < 0.1 %"
            handles.append(Patch(label=captions.plain(label).replace("_", " ") + percent * shares, **look))

    if "flag_values" in data.attrs:
        colours = np.zeros((256, 4))
        meanings = data.attrs["flag_meanings"].split()
        for flag, meaning, spare in zip(np.atleast_1d(data.attrs["flag_values"]), meanings, SPARE * 40, strict=False):
            look = (
                NOTHING if meaning == "not_computed" else FRAME | {"facecolor": (PALETTE | QUIET).get(meaning, spare)}
            )
            colours[flag] = to_rgba(look["facecolor"], float(look is not NOTHING))
            entry(meaning, look)
        ax.pcolormesh(*edges[::-1], colours[found.cells.astype(np.uint8)], rasterized=True)
    else:
        entry("divergence", FRAME | {"facecolor": "white"})
        entry("no value", NOTHING)
        name_of_map = "viridis" if "centre" not in data.attrs else "RdBu_r"
        cmap = matplotlib.colormaps[name_of_map].with_extremes(over="white", bad=(0, 0, 0, 0))
        # Only what diverged is beyond the scale and white; infinity itself would be left out.
        numbers = np.where(np.isposinf(found.cells), 1e300, np.minimum(found.cells, norm.vmax))
        mesh = ax.pcolormesh(*edges[::-1], numbers, cmap=cmap, norm=norm, rasterized=True)
    ax.patch.set(**NOTHING)  # what is not drawn shows it
    for side, axis, span in (("x", x, edges[1]), ("y", y, edges[0])):
        values, kind = piece[axis].values, critical.scale_of(piece[axis].values)[0]
        some = range(0, values.size, -(-values.size // 12))
        ticks = {f"{side}ticks": some, f"{side}ticklabels": [captions.number(values[k]) for k in some]}
        ax.set(**(ticks if kind == "category" else {f"{side}scale": kind}))
        ax.set(**{f"{side}label": captions.words(piece[axis]), f"{side}lim": (span[0], span[-1])})
    theory = critical.critical_lines(piece, x, y) if lines else {}
    for (line, curves), (colour, dashes, width) in zip(theory.items(), itertools.cycle(STROKES)):
        if not curves:
            continue
        points = np.concatenate([np.vstack([curve, [np.nan, np.nan]]) for curve in curves]).T
        ax.plot(*points, color="white", linewidth=width + 2.0, alpha=0.85, zorder=2.1)
        handles += ax.plot(*points, color=colour, linestyle=dashes, linewidth=width, zorder=2.2, label=line.label)
    return handles, mesh


def _norm(maps: Sequence[pixels.Shown], data: xr.DataArray) -> Any:
    """Return a scale of colours: about a centre, if there is one, from 0 to twice it; else logarithmic for what spans
    two decades (counts: from one on)."""
    from matplotlib.colors import CenteredNorm, LogNorm, Normalize, SymLogNorm

    if "centre" in data.attrs:
        return CenteredNorm(data.attrs["centre"], data.attrs["centre"])
    low, high = min(found.low for found in maps), max(found.high for found in maps)
    low, high = (low, high) if low <= high else (0.0, 1.0)
    if low > 0 and high > 100 * low:
        return LogNorm(low, high)
    if low == 0 and high > 100 and all(found.whole for found in maps):
        return SymLogNorm(1.0, vmin=low, vmax=high)
    return Normalize(low, high if high > low else low + 1.0)


def trajectory_plot(dataset: xr.Dataset) -> Any:
    """Draw one trajectory (dim ``step``, as ``eos_sweep.trajectory`` returns it): sharpness, losses, state."""
    shown = {str(name): data for name, data in dataset.items() if data.dims == ("step",)}
    losses, powers = ([name for name in shown if name.startswith(start)] for start in ("loss", "log10_abs_"))
    hidden = {"sharpness", "flow_sharpness", *losses, *powers, *(name.removeprefix("log10_abs_") for name in powers)}
    panels: dict[str, list[str]] = {
        "sharpness": [name for name in ("sharpness", "flow_sharpness") if name in shown],
        "loss": losses,
        "state": [name for name in shown if name not in hidden],
    }
    panels |= {captions.symbol(shown[name]): [name] for name in powers}
    axes = _figure(dataset, 7.6, 1.9 * len(panels) + 0.6).subplots(len(panels), 1, sharex=True)
    for ax, (words, names) in zip(axes, panels.items(), strict=True):
        for name, (dashes, colour) in zip(names, itertools.product(("-", "--", ":"), COLOURS), strict=False):
            style: dict[str, Any] = {"color": colour, "linewidth": 1.0, "linestyle": dashes}
            style |= {"color": "0.7", "linewidth": 3.0} if name == "loss" else {}
            ax.plot(dataset["step"], shown[name], label=captions.symbol(shown[name]).replace("_", " "), **style)
        if words == "sharpness":
            ax.axhline(dataset.attrs["threshold"], color="black", linestyle="--", linewidth=1.0, label="2/η")
        ax.set(ylabel=words, xmargin=0.01)
        if words == "loss" and bool((shown["loss"] < 0).any()):
            ax.set_yscale("symlog", linthresh=1.0)
        elif words == "loss":  # a part of it may go hundreds of decades below the whole
            ax.set_yscale("log", nonpositive="mask")
            whole = shown["loss"].where(shown["loss"] > 0)
            ax.set_ylim(1e-6 * float(whole.min()), 10 * float(whole.max()))
        if len(ax.lines) > 1:
            ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), **LEGEND)
    axes[-1].set_xlabel("gradient descent step")
    axes[0].set_title(captions.plain(dataset.attrs.get("title", "")), loc="left", fontsize="medium")
    return axes[0].figure


def boundary_dots(found: xr.Dataset, x: str, y: str, ax: Any) -> Any:
    """Draw the edges that :func:`eos_sweep.boundary` found into the map of ``ax``, and return the Axes."""
    across = y if found.attrs["along"] == x else x
    edges, sides = (found[name].transpose(across, "crossing") for name in ("edge", "side"))
    columns = np.broadcast_to(found[across].values[:, None], edges.shape)
    pair = (columns, edges.values) if across == x else (edges.values, columns)
    for flag, name in zip(sides.attrs["flag_values"], sides.attrs["flag_meanings"].split(), strict=True):
        if name in DOTS:
            there = sides.values == flag
            ax.plot(*(values[there] for values in pair), **DOT, **DOTS[name], label=name)
    return ax


def save(figure: Any, path: str | Path) -> None:
    """Write a Figure as PNG, SVG or PDF, with its title and the hash of its spec inside; never half a file."""
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg", "pdf"):
        raise InputError(f"{path}: not a picture that can be drawn; end the name in .png, .svg or .pdf")
    about = {"Title": figure.get_label(), "Subject" if kind == "pdf" else "Description": figure.get_gid() or ""}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{id(figure)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(temporary, format=kind, dpi=DPI, metadata=about)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; choose another place for the picture") from None


def _labelled(dataset: xr.Dataset, name: str) -> xr.Dataset:
    dataset = dataset if name in dataset or name != "regime" else dataset.assign(regime=regimes.label(dataset))
    if name not in dataset.data_vars:
        raise InputError(f"variable: no {name!r} in this sweep; there are: {', '.join(map(str, dataset.data_vars))}")
    return dataset[[other for other in dataset.data_vars if other in (name, "outcome")]]


def _figure(dataset: xr.Dataset, width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.set_label(captions.cut(dataset.attrs.get("title", "")) or "eos_sweep")
    figure.set_gid(f"spec-{captions.cut(dataset.attrs['spec_hash'])}" if "spec_hash" in dataset.attrs else None)
    return figure

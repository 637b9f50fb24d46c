"""One map in a figure, or one for each value of an axis, with titles, colour bars and legends.

Nothing imports pyplot, which has global state, so any thread may draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from eos_sweep.analysis.flags import FLAGS
from eos_sweep.analysis.labelled import label
from eos_sweep.analysis.pictures import captions, files, pixels, style
from eos_sweep.analysis.pictures.panels import draw_panel, draw_theory, pools_for
from eos_sweep.analysis.pictures.reduced import reduced
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.reducing import AGREEMENT
from eos_sweep.analysis.slices import select
from eos_sweep.analysis.specs import described, sweep_of
from eos_sweep.contract import Variable
from eos_sweep.errors import InputError, named, short

MAX_FACETS = 36


def draw_view(dataset: xr.Dataset, view: View) -> Any:
    """Return the Figure of a view, one map or facets."""
    dataset, view = reduced(_variable(dataset, view.variable), view)
    view = view.completed(dataset)
    if not all(view.axes):
        raise InputError(
            f"x, y: {short(view.variable)} has {len(dataset.dims)} axes, {named(', '.join(map(str, dataset.dims)))}; "
            "a map needs two of them that are not in at or facet, and are no seed"
        )
    return draw_facets(dataset, view) if view.facet else draw_map(dataset, view, None).figure


def draw_map(dataset: xr.Dataset, view: View, ax: Any) -> Any:
    """Draw one map into ``ax``, or into the Axes of a new figure; return the Axes."""
    (x, y), name = view.axes, view.variable
    dataset = _variable(dataset, name)
    piece = select(dataset, x, y, view.at)
    ax = files.new_figure(dataset, *style.MAP_SIZE).subplots() if ax is None else ax
    stored = described(dataset)
    (cells,) = pixels.pooled([piece], name, pools_for(ax, piece[name]), view.levels, stored)
    norm = _norm([cells], piece[name])
    handles, mesh = draw_panel(ax, piece, name, cells, norm)
    if view.lines:
        handles += draw_theory(ax, piece, x, y, sweep_of(dataset))
    ax.set_title(captions.caption(dataset, piece, (x, y)), loc="left", fontsize="medium")
    if mesh:
        label = _meaning(piece[name], stored, [cells], norm)
        ax.figure.colorbar(mesh, ax=ax, location="bottom", aspect=40, label=label)
    if handles:
        ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.02, 1.0), **style.LEGEND)
    return ax


def draw_facets(dataset: xr.Dataset, view: View) -> Any:
    """Draw a panel for each value of the view's axis ``facet``; return the Figure."""
    dataset = _variable(dataset, view.variable)
    (x, y), by, name = view.axes, str(view.facet), view.variable
    pieces = _pieces(dataset, view)
    columns = min(len(pieces), 2 if len(pieces) == 4 else 3)
    rows = -(-len(pieces) // columns)
    figure = files.new_figure(dataset, 2.6 * columns + 2.6, 2.4 * rows + 1.0)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    pools = pools_for(axes[0, 0], pieces[0][name])
    stored = described(dataset)
    cells = pixels.pooled(pieces, name, pools, view.levels, stored)
    norm, sweep = _norm(cells, dataset[name]), sweep_of(dataset)
    legend: dict[str, Any] = {}
    mesh = None
    values = captions.distinct(dataset[by].values)
    for ax, piece, these, value in zip(axes.flat, pieces, cells, values, strict=False):
        handles, mesh = draw_panel(ax, piece, name, these, norm, percent=False)
        if view.lines:
            handles += draw_theory(ax, piece, x, y, sweep)
        legend |= {handle.get_label(): handle for handle in handles}
        ax.set_title(f"{captions.symbol(piece[by])} = {value}", fontsize="medium")
        ax.set(xlabel="", ylabel="")
    for ax in axes.flat[len(pieces) :]:
        ax.set_axis_off()
    title = captions.caption(dataset, pieces[0], (x, y, by))
    if mesh:
        figure.colorbar(mesh, ax=axes, location="right", aspect=40)
        title += f"\n{_meaning(dataset[name], stored, cells, norm)}"
    figure.legend(handles=list(legend.values()), loc="outside right upper", **style.LEGEND)
    figure.suptitle(title.strip(), x=0.02, ha="left", fontsize="medium")
    figure.supxlabel(captions.label_of(dataset[x]), fontsize="medium")
    figure.supylabel(captions.label_of(dataset[y]), fontsize="medium")
    return figure


def _pieces(dataset: xr.Dataset, view: View) -> list[xr.Dataset]:
    """Return the slice of each facet."""
    by, at = str(view.facet), dict(view.at or {})
    if by not in dataset.dims or by in (*view.axes, *at) or dataset.sizes[by] > MAX_FACETS:
        raise InputError(
            f"facet: got {short(by)}; name an axis of at most {MAX_FACETS} values that is not in x, y or at"
        )
    return [select(dataset, *view.axes, {**at, by: value}) for value in dataset[by].values]


def _norm(maps: Sequence[pixels.Pixels], data: xr.DataArray) -> Any:
    """Return a scale of colours for all ``maps``.

    It is the range of the variable, if that has one, as shares have.  It is symmetric about a centre, if the variable
    has one, from zero to twice the centre, or over all numbers if the centre is zero; else logarithmic for what spans
    two decades (counts: from one on); else linear.
    """
    from matplotlib.colors import CenteredNorm, LogNorm, Normalize, SymLogNorm

    if "valid_range" in data.attrs:
        return Normalize(*data.attrs["valid_range"])
    low, high = min(one.low for one in maps), max(one.high for one in maps)
    low, high = (low, high) if low <= high else (0.0, 1.0)
    if "centre" in data.attrs:
        return CenteredNorm(data.attrs["centre"], data.attrs["centre"] or max(abs(low), abs(high)) or 1.0)
    if low > 0 and high > 100 * low:
        return LogNorm(low, high)
    if low == 0 and high > 100 and all(one.whole for one in maps):
        return SymLogNorm(1.0, vmin=low, vmax=high)
    return Normalize(low, high if high > low else low + 1.0)


def _variable(dataset: xr.Dataset, name: str) -> xr.Dataset:
    """Return the dataset with one variable, labelled if it is the regime, and what is drawn with it.

    That is ``outcome``, which says what diverged, and ``agreement``, which says how many runs have a label, unless they
    are over other axes.
    """
    if name == "regime" and name not in dataset:
        dataset = dataset.assign(regime=label(dataset))
    if name not in dataset.data_vars:
        there = named(", ".join(map(str, dataset.data_vars)), 1000)
        raise InputError(f"variable: no {short(name)} in this sweep; there are: {there}")
    dims = set(dataset[name].dims)
    also = [other for other in ("outcome", AGREEMENT) if other in dataset and set(dataset[other].dims) <= dims]
    return dataset[[*dict.fromkeys([name, *also])]]


def _meaning(data: xr.DataArray, stored: Mapping[str, Variable], maps: Sequence[pixels.Pixels], norm: Any) -> str:
    """Return what a bar of colours shows, in words; only the name of what has inherited the words of labels."""
    known = data.name in stored and not stored[str(data.name)].flags
    words = captions.label_of(data) if known or FLAGS[0] not in data.attrs else captions.short(data.name)
    beyond = max(one.high for one in maps) > norm.vmax
    return words + f" (last colour: ≥ {captions.number(norm.vmax)})" * beyond

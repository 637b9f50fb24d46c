"""One map in a figure, or one for each value of an axis, with titles, colour bars and legends.

Nothing imports pyplot, which has global state, so any thread may draw.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import xarray as xr

from eos_sweep.analysis.flags import FLAGS, codes_of
from eos_sweep.analysis.labelled import label
from eos_sweep.analysis.masking import words_of_numbers
from eos_sweep.analysis.pictures import captions, files, margins, pixels
from eos_sweep.analysis.pictures.contours import draw_contours
from eos_sweep.analysis.pictures.curves import draw_curves
from eos_sweep.analysis.pictures.fitting import add_bar, add_legend, set_letters, set_limits, size_of
from eos_sweep.analysis.pictures.legends import measured, outside
from eos_sweep.analysis.pictures.look import DEFAULT, NARROW, Look, Size
from eos_sweep.analysis.pictures.margins import draw_margins
from eos_sweep.analysis.pictures.panels import draw_panel, draw_theory, pools_for
from eos_sweep.analysis.pictures.reduced import reduced
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.reducing import AGREEMENT
from eos_sweep.analysis.slices import select, within
from eos_sweep.analysis.specs import described, sweep_of
from eos_sweep.contract import Variable
from eos_sweep.errors import InputError, named, short

MAX_FACETS = 36
LEGEND_WIDTH = 2.3  # inches of a figure of facets
MARGIN = 0.2  # inches above and below a legend together
INDENT = 0.02  # of the width of a figure of facets, left of its title
BESIDE = 0.9  # inches of a figure beside its map, above which a title begins


def draw_view(dataset: xr.Dataset, view: View, look: Look = DEFAULT, ax: Any = None) -> Any:
    """Return the Figure of a view: one map, into ``ax`` if it is given, facets, or curves where one axis is left."""
    if view.over or view.share is not None:
        if view.contours or view.further:
            raise InputError("over: one variable alone is drawn without some axes; leave contours and the others out")
        dataset, view = reduced(_variable(dataset, view.variable), view)
    found = _variable(dataset, view.variable)
    completed = view.completed(found)
    if ax is None and completed.x and not completed.y and not view.facet:
        return draw_curves(dataset if view.variable in dataset else dataset.assign(found.data_vars), completed, look)
    if view.further:
        raise InputError(
            f"variable: got {view.variable}, {', '.join(view.further)}; a map shows one, so name one of them"
        )
    return draw_facets(dataset, view, look) if view.facet else draw_map(dataset, view, ax, look).figure


def draw_map(dataset: xr.Dataset, view: View, ax: Any, look: Look = DEFAULT) -> Any:
    """Draw one map into ``ax``, or into the Axes of a new figure; return the Axes."""
    name, own, size = view.variable, ax is None, look.size
    dataset = _variable(dataset, name, view.contours)
    view = _on_two_axes(view, dataset)
    piece = _shown(select(dataset, *view.axes, view.at), view)
    if own:
        ax = files.new_figure(dataset, size.width, size.height).subplots()
    else:
        size = size_of(ax)
    stored = described(dataset)
    pools = pools_for(ax, piece[name])
    (cells,) = pixels.pooled([piece], name, pools, view.levels, stored)
    norm = _norm([cells], piece[name], look.norm)
    panel = draw_panel(ax, piece, name, cells, norm, look=look)
    set_limits(ax, piece, view)
    handles = panel.handles + draw_theory(ax, piece, view, sweep_of(dataset), panel, cells, norm)
    if view.contours:
        (others,) = pixels.pooled([piece], view.contours, pools, stored=stored)
        handles += draw_contours(ax, piece, view.contours, others, _norm([others], piece[view.contours]), size.small)
    if view.margins:
        draw_margins(ax, piece[name], panel.looks)
    title = look.title
    if title is None:
        title = captions.caption(dataset, piece, view.axes) if own else captions.values(piece, view.at or ())
    ax.set_title(captions.fitted(title, size.width - BESIDE * own, size.points), loc="left", fontsize=size.letters)
    ax.set_xlabel(captions.fitted(ax.get_xlabel(), size.width - BESIDE * own, size.points))
    ax.set_ylabel(captions.fitted(ax.get_ylabel(), size.height - BESIDE * own, size.points))
    add_legend(ax, handles, look, size, own, margins.ROOM * view.margins)
    if panel.mesh and look.colorbar:
        place = str(look.colorbar) if look.colorbar is not True else "bottom" if own else "right"
        beside = measured(ax.get_legend()) if own and ax.get_legend() and look.legend_place == "right" else 0.0
        length = (size.width - beside if place == "bottom" else size.height) - BESIDE * own
        label = captions.fitted(_meaning(piece[name], stored, [cells], norm), length, size.points)
        add_bar(panel.mesh, ax, place, label)
    if own:
        set_letters(ax.figure, size)
    return ax


def draw_facets(dataset: xr.Dataset, view: View, look: Look = DEFAULT) -> Any:
    """Draw a panel for each value of the view's axis ``facet``; return the Figure."""
    dataset = _variable(dataset, view.variable, view.contours)
    view = _with_facet(_on_two_axes(view, dataset), dataset)
    (x, y), name = view.axes, view.variable
    pieces, by = _pieces(dataset, view)
    figure, axes, size = _panels(dataset, len(pieces), look, margins.ROOM * view.margins)
    pools = pools_for(axes[0, 0], pieces[0][name])
    stored = described(dataset)
    cells = pixels.pooled(pieces, name, pools, view.levels, stored)
    norm, sweep = _norm(cells, dataset[name], look.norm), sweep_of(dataset)
    if view.contours:
        others = pixels.pooled(pieces, view.contours, pools, stored=stored)
        contour_norm = _norm(others, dataset[view.contours])
    legend: dict[str, Any] = {}
    values = captions.distinct(dataset[by].values)
    for k, (ax, piece, value) in enumerate(zip(axes.flat, pieces, values, strict=False)):
        panel = draw_panel(ax, piece, name, cells[k], norm, percent=False, look=look)
        set_limits(ax, piece, view)
        handles = panel.handles + draw_theory(ax, piece, view, sweep, panel, cells[k], norm)
        if view.contours:
            handles += draw_contours(ax, piece, view.contours, others[k], contour_norm, size.small)
        if view.margins:
            draw_margins(ax, piece[name], panel.looks, (ax.get_subplotspec().is_first_col(), False))
        legend |= {handle.get_label(): handle for handle in handles}
        ax.set_title(f"{captions.symbol(piece[by])} = {value}", fontsize=size.letters)
        ax.set(xlabel="", ylabel="")
    for ax in axes.flat[len(pieces) :]:
        ax.set_axis_off()
    title = captions.caption(dataset, pieces[0], (x, y, by)) if look.title is None else look.title
    if panel.mesh and look.colorbar:
        add_bar(panel.mesh, axes, "right" if look.colorbar is True else str(look.colorbar), "")
        title += f"\n{_meaning(dataset[name], stored, cells, norm)}" * (look.title is None)
    room = 0.0
    if legend and look.legend_place:
        found = outside(figure, [*legend.values()], [*legend], look.legend_place, size.points)
        if look.legend_place == "right":
            room = measured(found) + MARGIN
            if not isinstance(look.figsize, tuple | list):
                least = found.get_window_extent().height / figure.dpi + MARGIN
                figure.set_figheight(max(figure.get_figheight(), least))
    title = captions.fitted(title.strip(), (1 - INDENT) * size.width - room, size.points)
    figure.suptitle(title, x=INDENT, ha="left", fontsize=size.letters)
    if look.legend_place == "below":  # matplotlib would put the legend above the common label
        for ax in axes[-1]:
            ax.set_xlabel(captions.fitted(captions.label_of(dataset[x]), size.width / axes.shape[1], size.points))
    else:
        words = captions.fitted(captions.label_of(dataset[x]), size.width - room - BESIDE, size.points)
        figure.supxlabel(words, fontsize=size.letters)
    words = captions.fitted(captions.label_of(dataset[y]), figure.get_figheight() - BESIDE, size.points)
    figure.supylabel(words, fontsize=size.letters)
    set_letters(figure, size)
    return figure


def _on_two_axes(view: View, dataset: xr.Dataset) -> View:
    """Return the view with its two axes."""
    view = view.completed(dataset)
    if all(view.axes):
        return view
    raise InputError(
        f"x, y: {short(view.variable)} has {len(dataset.dims)} axes, {named(', '.join(map(str, dataset.dims)))}; "
        "a map needs two of them that are not in at or facet, and are no seed"
    )


def _with_facet(view: View, dataset: xr.Dataset) -> View:
    """Return the view with an axis of facets, which is the one that is left where none is given."""
    left = [str(name) for name in dataset.dims if name not in view.picked and dataset.sizes[name] > 1]
    if view.facet or len(left) == 1:
        return replace(view, facet=view.facet or left[0])
    raise InputError(f"facet: {named(', '.join(left)) or 'no axis'} left beside x, y and at; name one axis of facets")


def _shown(piece: xr.Dataset, view: View) -> xr.Dataset:
    """Return the cells of a slice that the limits of a view show."""
    for name, limits in zip(view.axes, (view.xlim, view.ylim), strict=True):
        piece = within(piece, name, limits) if limits else piece
    return piece


def _panels(dataset: xr.Dataset, count: int, look: Look, more: float) -> tuple[Any, Any, Size]:
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


def _pieces(dataset: xr.Dataset, view: View) -> tuple[list[xr.Dataset], str]:
    """Return the slice of each facet, and the axis of facets."""
    by, at = str(view.facet), dict(view.at or {})
    if by not in dataset.dims or by in (*view.axes, *at) or dataset.sizes[by] > MAX_FACETS:
        raise InputError(
            f"facet: got {short(by)}; name an axis of at most {MAX_FACETS} values that is not in x, y or at"
        )
    return [_shown(select(dataset, *view.axes, {**at, by: value}), view) for value in dataset[by].values], by


def _norm(maps: Sequence[pixels.Pixels], data: xr.DataArray, given: Any = None) -> Any:
    """Return a scale of colours for all ``maps``, the ``given`` one if there is one.

    It is the range of the variable, if that has one, as shares have.  It is symmetric about a centre, if the variable
    has one, from zero to twice the centre, or over all numbers if the centre is zero; else logarithmic for what spans
    two decades (counts: from one on); else linear.
    """
    from matplotlib.colors import CenteredNorm, LogNorm, Normalize, SymLogNorm

    low, high = min(one.low for one in maps), max(one.high for one in maps)
    low, high = (low, high) if low <= high else (0.0, 1.0)
    if given is not None and not maps[0].codes:
        return _given_norm(given, low, high, str(data.name))
    if "valid_range" in data.attrs:
        return Normalize(*data.attrs["valid_range"])
    if "centre" in data.attrs:
        return CenteredNorm(data.attrs["centre"], data.attrs["centre"] or max(abs(low), abs(high)) or 1.0)
    if low > 0 and high > 100 * low:
        return LogNorm(low, high)
    if low == 0 and high > 100 and all(one.whole for one in maps):
        return SymLogNorm(1.0, vmin=low, vmax=high)
    return Normalize(low, high if high > low else low + 1.0)


def _given_norm(given: Any, low: float, high: float, name: str) -> Any:
    """Return the scale that a user gives: its name, its ends, or a Normalize of matplotlib, which is not changed."""
    from matplotlib.colors import LogNorm, Normalize

    if isinstance(given, Normalize):
        norm = copy.copy(given)
        norm.autoscale_None([low, high])
        return norm
    if given == "log" and low <= 0:
        raise InputError(
            f"norm: log needs numbers above 0, {named(name)} goes down to {low:g}; leave it out, or linear"
        )
    if isinstance(given, str):
        ends = low, high if high > low else low + 1.0
        return LogNorm(low, max(high, 2 * low)) if given == "log" else Normalize(*ends)
    low, high = map(float, given)
    return LogNorm(low, high) if low > 0 and high > 100 * low else Normalize(low, high)


def _variable(dataset: xr.Dataset, name: str, contours: str | None = None) -> xr.Dataset:
    """Return the dataset with one variable, labelled if it is the regime, and what is drawn with it.

    That is ``outcome``, which says what diverged, and ``agreement``, which says how many runs have a label, unless they
    are over other axes; and the variable of ``contours``.
    """
    if name == "regime" and name not in dataset:
        dataset = dataset.assign(regime=label(dataset))
    for role, wanted in (("variable", name), ("contours", contours or name)):
        if wanted not in dataset.data_vars:
            there = named(", ".join(map(str, dataset.data_vars)), 1000)
            raise InputError(f"{role}: no {short(wanted)} in this sweep; there are: {there}")
    if contours and (set(dataset[contours].dims) != set(dataset[name].dims) or codes_of(dataset[contours])):
        raise InputError(
            f"contours: {named(contours)} is no variable of numbers on the axes of {name}; name another one"
        )
    dims = set(dataset[name].dims)
    also = [other for other in ("outcome", AGREEMENT) if other in dataset and set(dataset[other].dims) <= dims]
    return dataset[[*dict.fromkeys([name, *[contours] * bool(contours), *also])]]


def _meaning(data: xr.DataArray, stored: Mapping[str, Variable], maps: Sequence[pixels.Pixels], norm: Any) -> str:
    """Return what a bar of colours shows, in words; only the name of what has inherited the words of labels."""
    known = data.name in stored and not stored[str(data.name)].flags
    data = data.assign_attrs(words_of_numbers(str(data.name), data, stored))
    words = captions.label_of(data) if known or FLAGS[0] not in data.attrs else captions.short(data.name)
    beyond = max(one.high for one in maps) > norm.vmax
    return words + f" (last colour: ≥ {captions.number(norm.vmax)})" * beyond

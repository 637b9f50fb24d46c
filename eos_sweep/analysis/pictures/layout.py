"""One map in a figure, or one for each value of an axis, with titles, colour bars and legends.

Nothing imports pyplot, which has global state, so any thread may draw.
"""

from dataclasses import replace
from typing import Any

import xarray as xr

from eos_sweep.analysis.flags import codes_of
from eos_sweep.analysis.labelled import label
from eos_sweep.analysis.pictures import captions, files, margins, pixels
from eos_sweep.analysis.pictures.contours import draw_contours
from eos_sweep.analysis.pictures.curves import draw_curves
from eos_sweep.analysis.pictures.fitting import add_bar, add_legend, set_letters, set_limits, settle, size_of
from eos_sweep.analysis.pictures.legends import measured
from eos_sweep.analysis.pictures.look import DEFAULT, Look
from eos_sweep.analysis.pictures.margins import draw_margins
from eos_sweep.analysis.pictures.norms import meaning_of, norm_of
from eos_sweep.analysis.pictures.panels import draw_panel, draw_theory, pools_for
from eos_sweep.analysis.pictures.reduced import reduced
from eos_sweep.analysis.pictures.scatter import draw_points, has_points, points_of
from eos_sweep.analysis.pictures.sheets import BESIDE, MOST_PANELS, add_words, panels_of
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.reducing import AGREEMENT
from eos_sweep.analysis.slices import select, within
from eos_sweep.analysis.specs import described, sweep_of
from eos_sweep.errors import InputError, named, short


def draw_view(dataset: xr.Dataset, view: View, look: Look = DEFAULT, ax: Any = None) -> Any:
    """Return the Figure of a view: one map, into ``ax`` if it is given, facets, curves where one axis is left.

    Points are a scatter.
    """
    if view.over or view.share is not None:
        if view.contours or view.further:
            raise InputError("over: one variable alone is drawn without some axes; leave contours and the others out")
        dataset, view = reduced(_variable(dataset, view.variable), view)
    found = _variable(dataset, view.variable)
    if has_points(found, view):
        return _draw_points(dataset, view, look, ax)
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
    if has_points(dataset, view):
        figure = _draw_points(dataset, view, look, ax)
        return figure.axes[0] if own else ax
    dataset = _variable(dataset, name, view.contours)
    view = on_two_axes(view, dataset)
    piece = _shown(select(dataset, *view.axes, view.at), view)
    if own:
        ax = files.new_figure(dataset, size.width, size.height).subplots()
    else:
        size = size_of(ax)
    stored = described(dataset)
    pools = pools_for(ax, piece[name])
    (cells,) = pixels.pooled([piece], name, pools, view.levels, stored)
    norm = norm_of([cells], piece[name], look.norm)
    panel = draw_panel(ax, piece, name, cells, norm, look=look)
    set_limits(ax, piece, view)
    handles = panel.handles + draw_theory(ax, piece, view, sweep_of(dataset), panel, cells, norm)
    if view.contours:
        (others,) = pixels.pooled([piece], view.contours, pools, stored=stored)
        handles += draw_contours(ax, piece, view.contours, others, norm_of([others], piece[view.contours]), size.small)
    if view.margins:
        draw_margins(ax, piece[name], panel.looks, margins.with_scales(size.width, size.height))
    title = look.title
    if title is None:
        title = captions.caption(dataset, piece, view.axes) if own else captions.values(piece, view.at or ())
    ax.set_title(captions.fitted(title, size.width - BESIDE * own, size.points), loc="left", fontsize=size.letters)
    ax.set_xlabel(captions.even(ax.get_xlabel(), size.width - BESIDE * own, size.points))
    ax.set_ylabel(captions.even(ax.get_ylabel(), size.height - BESIDE * own, size.points))
    add_legend(ax, handles, look, size, own, margins.ROOM * view.margins)
    if panel.mesh and look.colorbar:
        place = str(look.colorbar) if look.colorbar is not True else "bottom" if own else "right"
        beside = measured(ax.get_legend()) if own and ax.get_legend() and look.legend_place == "right" else 0.0
        length = (size.width - beside if place == "bottom" else size.height) - BESIDE * own
        label = captions.fitted(meaning_of(piece[name], stored, [cells], norm), length, size.points)
        add_bar(panel.mesh, ax, place, label)
    if own:
        set_letters(ax.figure, size)
    if own and view.margins:
        settle(ax.figure)
    return ax


def seen(dataset: xr.Dataset, view: View) -> xr.Dataset:
    """Return what :func:`draw_map` shows of a dataset: the cells of a slice, lazily, or points."""
    if has_points(dataset, view):
        return points_of(dataset.assign(_variable(dataset, view.variable).data_vars), view)
    dataset = _variable(dataset, view.variable, view.contours)
    view = on_two_axes(view, dataset)
    return _shown(select(dataset, *view.axes, view.at), view)


def draw_facets(dataset: xr.Dataset, view: View, look: Look = DEFAULT) -> Any:
    """Draw a panel for each value of the view's axis ``facet``; return the Figure."""
    if has_points(dataset, view):
        return _draw_points(dataset, view, look, None)
    dataset = _variable(dataset, view.variable, view.contours)
    view = _with_facet(on_two_axes(view, dataset), dataset)
    (x, y), name = view.axes, view.variable
    pieces, by = _pieces(dataset, view)
    figure, axes, size = panels_of(dataset, len(pieces), look, margins.ROOM * view.margins)
    pools = pools_for(axes[0, 0], pieces[0][name])
    stored = described(dataset)
    cells = pixels.pooled(pieces, name, pools, view.levels, stored)
    norm, sweep = norm_of(cells, dataset[name], look.norm), sweep_of(dataset)
    if view.contours:
        others = pixels.pooled(pieces, view.contours, pools, stored=stored)
        contour_norm = norm_of(others, dataset[view.contours])
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
        title += f"\n{meaning_of(dataset[name], stored, cells, norm)}" * (look.title is None)
    add_words(figure, axes, look, size, legend, title.strip(), dataset[x], dataset[y])
    if view.margins:
        settle(figure)
    return figure


def _draw_points(dataset: xr.Dataset, view: View, look: Look, ax: Any) -> Any:
    """Draw the scatter of a view; any variable of the dataset may be one of its coordinates."""
    found = _variable(dataset, view.variable)
    return draw_points(dataset if view.variable in dataset else dataset.assign(found.data_vars), view, look, ax)


def on_two_axes(view: View, dataset: xr.Dataset) -> View:
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


def _pieces(dataset: xr.Dataset, view: View) -> tuple[list[xr.Dataset], str]:
    """Return the slice of each facet, and the axis of facets."""
    by, at = str(view.facet), dict(view.at or {})
    if by not in dataset.dims or by in (*view.axes, *at) or dataset.sizes[by] > MOST_PANELS:
        raise InputError(
            f"facet: got {short(by)}; name an axis of at most {MOST_PANELS} values that is not in x, y or at"
        )
    return [_shown(select(dataset, *view.axes, {**at, by: value}), view) for value in dataset[by].values], by


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

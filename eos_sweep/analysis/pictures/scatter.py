"""A sweep over points as a scatter: a dot for each point, over two of its coordinates, in the colour of a variable."""

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.pictures import captions, files, pixels
from eos_sweep.analysis.pictures.dots import draw_dots
from eos_sweep.analysis.pictures.fitting import add_bar, add_legend, set_letters, size_of
from eos_sweep.analysis.pictures.look import DEFAULT, Look
from eos_sweep.analysis.pictures.norms import meaning_of, norm_of
from eos_sweep.analysis.pictures.sheets import BESIDE, MOST_PANELS, add_words, panels_of
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.reducing import AGREEMENT
from eos_sweep.analysis.slices import check_shown, nearest
from eos_sweep.analysis.specs import described, sweep_of
from eos_sweep.errors import InputError, closest, short
from eos_sweep.spec.points import POINT

USUAL = "tail_mean", "sharpness_max", "loss_final"  # drawn upwards where points have one coordinate alone


def has_points(dataset: xr.Dataset, view: View) -> bool:
    """Return whether a view of a sweep is a scatter: it has points, of which the view picks none."""
    return POINT in dataset.dims and bool(coordinates_of(dataset)) and POINT not in (view.at or {})


def coordinates_of(dataset: xr.Dataset) -> list[str]:
    """Return the names of the coordinates of points: the columns first, then inputs that follow from them."""
    found = [str(name) for name, data in dataset.coords.items() if data.dims == (POINT,) and name != POINT]
    sweep = sweep_of(dataset)
    columns = [name for name in sweep.columns if name in found] if sweep else []
    return [*columns, *(name for name in found if name not in columns)]


def draw_points(dataset: xr.Dataset, view: View, look: Look = DEFAULT, ax: Any = None) -> Any:
    """Return the Figure of a scatter, drawn into ``ax`` if it is given, or of one for each value of ``facet``.

    Raises
    ------
    InputError
        If a coordinate or a value does not exist, or something is asked for that only a grid has.
    """
    view = _completed(dataset, view)
    pieces, name = _pieces(dataset, view), view.variable
    pools = dict.fromkeys(map(str, pieces[0][name].dims), 1)
    shown = pixels.pooled(pieces, name, pools, stored=described(dataset))
    norm = norm_of(shown, dataset[name], look.norm)
    words = meaning_of(dataset[name], described(dataset), shown, norm)
    title = look.title
    if title is None:
        drawn = (*view.axes, POINT, *filter(None, [view.facet]))
        values = captions.values(pieces[0], view.at or ())
        title = captions.caption(dataset, pieces[0], drawn) if ax is None else values
    if view.facet:
        return _draw_facets(dataset, view, look, title, words, norm, list(zip(pieces, shown, strict=True)))
    return _draw_alone(dataset, view, look, ax, title, words, norm, pieces[0], shown[0])


def points_of(dataset: xr.Dataset, view: View) -> xr.Dataset:
    """Return the points that a view without facets shows, in memory."""
    return _pieces(dataset, _completed(dataset, view))[0]


def _draw_alone(
    dataset: xr.Dataset, view: View, look: Look, ax: Any, title: str, words: str, norm: Any, piece: xr.Dataset,
    cells: pixels.Pixels,
) -> Any:  # fmt: skip
    """Draw one scatter into ``ax``, or into a figure of its own; return the Figure."""
    own = ax is None
    size = look.size if own else size_of(ax)
    ax = files.new_figure(dataset, size.width, size.height).subplots() if own else ax
    mesh, entries = draw_dots(ax, piece, view, cells, norm, look, percent=True)
    ax.set_title(captions.fitted(title, size.width - BESIDE * own, size.points), loc="left", fontsize=size.letters)
    add_legend(ax, entries, look, size, own, 0.0)
    if mesh is not None and look.colorbar:
        place = str(look.colorbar) if look.colorbar is not True else "bottom" if own else "right"
        length = (size.width if place == "bottom" else size.height) - BESIDE * own
        add_bar(mesh, ax, place, captions.fitted(words, length, size.points))
    if own:
        set_letters(ax.figure, size)
    return ax.figure


def _draw_facets(
    dataset: xr.Dataset, view: View, look: Look, title: str, words: str, norm: Any,
    panels: list[tuple[xr.Dataset, pixels.Pixels]],
) -> Any:  # fmt: skip
    """Draw a scatter for each value of the axis of facets; return the Figure."""
    figure, axes, size = panels_of(dataset, len(panels), look)
    entries: dict[str, Any] = {}
    by = str(view.facet)
    for ax, (piece, cells) in zip(axes.flat, panels, strict=False):
        mesh, handles = draw_dots(ax, piece, view, cells, norm, look, percent=False)
        entries |= {handle.get_label(): handle for handle in handles}
        ax.set_title(f"{captions.symbol(piece[by])} = {captions.number(piece[by])}", fontsize=size.letters)
        ax.label_outer()
        ax.set(xlabel="", ylabel="")
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    if mesh is not None and look.colorbar:
        place = "right" if look.colorbar is True else str(look.colorbar)
        length = size.width if place == "bottom" else size.height
        add_bar(mesh, axes, place, captions.fitted(words, length - BESIDE, size.points))
    add_words(figure, axes, look, size, entries, title, piece[view.x], piece[view.y])
    return figure


def _completed(dataset: xr.Dataset, view: View) -> View:
    """Return the view with two coordinates; InputError if it asks for what only a grid has."""
    for option in ("contours", "margins", "further"):
        if getattr(view, option):
            raise InputError(f"{option}: points are drawn as a scatter, which has none; leave it out")
    if view.lines not in (True, False):
        remedy = "leave it out, or take eos_sweep.critical_lines along an axis beside the points"
        raise InputError(f"lines: got {short(view.lines)}, but points are no map that a line could cross; {remedy}")
    columns = coordinates_of(dataset)
    numbers = [str(one) for one, data in dataset.data_vars.items() if data.dtype.kind in "iuf"]
    axes = [str(one) for one in dataset.dims if one != POINT and dataset.sizes[one] > 1]
    known = [*columns, *axes, *numbers]
    for role, one in (("x", view.x), ("y", view.y)):
        if one == POINT:
            raise InputError(f"{role}: {POINT} is only the number of a point; name a coordinate: {', '.join(columns)}")
        if one and one not in known:
            raise InputError(f"{role}: no coordinate {short(one)} of the points; {closest(one, known)}")
    if view.x and view.x == view.y:
        raise InputError(f"x, y: got {view.x} twice; name two coordinates")
    if "seed" in (view.x, view.y):
        raise InputError("seed: has no order; leave it out, with over, or pick one in at")
    free = [one for one in columns if one not in view.picked and np.ptp(np.nan_to_num(dataset[one].values)) > 0]
    free += [one for one in USUAL if one in dataset.data_vars]
    chosen = free[: (not view.x) + (not view.y)]
    chosen.sort(key=lambda one: (one in columns, one == "eta"))  # the step size runs to the right, as in a map
    x = view.x or (chosen.pop() if chosen else None)
    y = view.y or (chosen.pop() if chosen else None)
    if not (x and y):
        raise InputError(f"x, y: the points have the coordinates {', '.join(columns)}; name a variable for the other")
    return replace(view, x=x, y=y)


def _pieces(dataset: xr.Dataset, view: View) -> list[xr.Dataset]:
    """Return the points of each facet, in memory, over the axes of the picture alone."""
    at = dict(view.at or {})
    if wrong := [one for one in at if one not in dataset.dims]:
        remedy = f"name an axis: {', '.join(map(str, dataset.dims))}"
        raise InputError(f"at: no axis {short(wrong[0])} in this sweep; {remedy}")
    wanted = dict.fromkeys(
        [view.variable, *(one for one in view.axes if one in dataset.data_vars), "outcome", AGREEMENT]
    )
    some = dataset[[one for one in wanted if one in dataset.data_vars]]
    some = some.isel({one: nearest(one, some[one].values, value) for one, value in at.items()})
    by = view.facet
    if by and (by not in some.dims or by in view.axes or by == POINT or some.sizes[by] > MOST_PANELS):
        raise InputError(f"facet: got {short(by)}; name an axis of at most {MOST_PANELS} values beside the points")
    shown = (POINT, *filter(None, [by]), *view.axes)
    check_shown(some, shown)
    left = [str(one) for one in some.dims if one not in shown]
    some = some.isel(dict.fromkeys(left, 0)).compute()
    return [some.isel({by: k}) for k in range(some.sizes[by])] if by else [some]

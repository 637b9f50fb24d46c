"""A map that changes as one axis, or one threshold of the regime rules, moves."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis.labelled import label, read_by, settled
from eos_sweep.analysis.pictures import captions, files, pixels
from eos_sweep.analysis.pictures.fitting import add_bar, set_letters
from eos_sweep.analysis.pictures.frames import checked_pace
from eos_sweep.analysis.pictures.layout import draw_map, on_two_axes, seen
from eos_sweep.analysis.pictures.legends import measured, outside
from eos_sweep.analysis.pictures.look import Look, Pair
from eos_sweep.analysis.pictures.norms import meaning_of, norm_of
from eos_sweep.analysis.pictures.scatter import USUAL, has_points
from eos_sweep.analysis.pictures.sheets import BESIDE
from eos_sweep.analysis.pictures.view import Limits, Lines, View
from eos_sweep.analysis.slices import At, nearest, select
from eos_sweep.analysis.specs import described
from eos_sweep.errors import InputError, closest, short
from eos_sweep.plain_data import number

Frame: TypeAlias = tuple[float, xr.Dataset, dict[str, float]]  # value, dataset, and values of the other axes
HELD = 2**24  # cells whose observables are kept in memory, about a gigabyte
LABELS: dict[str, Any] = {"regime": label, "settled": settled}  # what a threshold changes


def animate(
    dataset: xr.Dataset,
    along: str,
    values: Sequence[float] | None = None,
    *,
    x: str | None = None,
    y: str | None = None,
    at: At = None,
    variable: str = "regime",
    lines: Lines = True,
    fps: int = 4,
    figsize: str | Pair | None = None,
    title: str | None = None,
    legend: bool | str = True,
    colorbar: bool | str = True,
    palette: Mapping[str, Any] | None = None,
    cmap: Any = None,
    norm: Any = None,
    xlim: Limits = None,
    ylim: Limits = None,
) -> Any:
    """Animate a map as one axis of the sweep, or one threshold of the regime rules, moves.

    Nothing is run: regimes are labelled again for each value of a threshold.  :func:`save` writes the animation as .gif
    or .mp4.

    Parameters
    ----------
    dataset
        The sweep.
    along
        An axis, or a threshold, such as ``"growth"``.
    values
        Its values, a frame for each; by default all of an axis.
    fps
        Frames a second.
    x, y, at, variable, lines, figsize, title, legend, colorbar, palette, cmap, norm, xlim, ylim
        As for :func:`draw`.  All frames have the same legend and the same scale of colours.

    Returns
    -------
    Animation
        One of matplotlib, which a notebook plays.

    Raises
    ------
    InputError
        If there is no such axis, threshold, value or variable, or a number is out of its range.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> ds = eos_sweep.sweep("quadratic", {"a1": [1, 2, 4], "theta1": [1, 2], "eta": {"linear": [0.1, 3, 8]}}, {}, {},
    ...                      steps=50)
    >>> plot.save(plot.animate(ds, "theta1"), "starts.gif")
    >>> plot.animate(ds, "growth", [1.1, 1.5, 2], at={"theta1": 1}).count
    3
    """
    from matplotlib.lines import Line2D

    from eos_sweep.analysis.pictures.animations import Animation

    view = View(x=x, y=y, variable=variable, lines=lines, xlim=xlim, ylim=ylim)
    look = Look(figsize=figsize, title=title, legend=legend, colorbar=colorbar, palette=palette, cmap=cmap, norm=norm)
    frames = _frames(dataset, along, values, dict(at or {}), view)
    fps, _ = checked_pace(fps, len(frames))
    scale, words_of_bar = _scale(frames, view, look)
    if scale is not None:  # numbers, also where those of one frame could be labels
        frames = [(value, _without_flags(one, variable), picked) for value, one, picked in frames]
    size, words = look.size, captions.distinct([value for value, _, _ in frames])
    figure = files.new_figure(dataset, size.width, size.height)
    ax = figure.subplots()
    plain = dataclasses.replace(
        look, title="", legend=False, colorbar=False, norm=look.norm if scale is None else scale
    )

    def draw(frame: int) -> None:
        ax.clear()
        draw_map(frames[frame][1], dataclasses.replace(view, at=frames[frame][2]), ax, plain)
        sign = captions.symbol(dataset[along]) if along in dataset.coords else along
        ax.set_title(f"{sign} = {words[frame]}", loc="left", fontsize=size.letters)
        set_letters(figure, size)

    entries: dict[str, Any] = {}
    for frame in range(len(frames) if look.legend_place else 1):
        draw(frame)
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(captions.without_share(name), handle)
    if scale is not None and colorbar:
        place = "bottom" if colorbar is True else str(colorbar)
        mesh = next(mesh for mesh in ax.collections if mesh.get_array() is not None)
        length = (size.width if place in ("bottom", "top") else size.height) - 1.0
        add_bar(mesh, ax, place, captions.fitted(words_of_bar, length, size.points))
    room = 0.0  # of the legend, beside the title
    if entries and look.legend_place:
        place = "right" if look.legend_place == "inside" else look.legend_place
        names = sorted(entries, key=lambda name: isinstance(entries[name], Line2D))  # labels first
        found = outside(figure, [entries[name] for name in names], names, place, size.points)
        room = measured(found) + BESIDE if place == "right" else room
    whole = _title(dataset, frames, view, along) if title is None else title
    figure.suptitle(captions.fitted(whole, size.width - room, size.points), x=0.02, ha="left", fontsize=size.letters)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Animation(figure, draw, len(frames), fps)


def _frames(
    dataset: xr.Dataset, along: str, values: Sequence[float] | None, at: dict[str, float], view: View
) -> list[Frame]:
    """Return value, dataset and values of the other axes of each frame."""
    if not isinstance(dataset, xr.Dataset):
        raise InputError(f"dataset: got {short(dataset)}; give what eos_sweep.open_sweep or sweep returns")
    if not isinstance(along, str):
        raise InputError(f"along: got {short(along)}; give the name of an axis or of a threshold")
    for name in at:
        if name not in dataset.dims:
            raise InputError(f"at: no axis {short(name)} in this sweep; {closest(str(name), map(str, dataset.dims))}")
    if along in dataset.dims:
        if along in at:
            raise InputError(f"at: {along} moves; leave it out of at")
        there = dataset[along].values
        chosen = there if values is None else [there[nearest(along, there, value)] for value in _listed(values)]
        return [(value, dataset, {**at, along: value}) for value in chosen]
    if along not in regimes.THRESHOLDS:
        remedy = closest(along, [*map(str, dataset.dims), *regimes.THRESHOLDS])
        raise InputError(f"along: no axis or threshold {short(along)}; {remedy}")
    if view.variable not in LABELS:
        raise InputError(f"variable: no threshold changes {short(view.variable)}; give regime or settled")
    if values is None:
        raise InputError(f"values: missing; give some of the threshold {along}, such as [1.1, 1.5, 2]")
    wanted = _listed(values)
    try:
        numbers = [number(value) for value in wanted]
    except (ValueError, TypeError):
        raise InputError(f"values: got {short(values)}; give numbers") from None
    held = _read(dataset, along, numbers, at, view)
    return [(one, held.assign({view.variable: LABELS[view.variable](held, **{along: one})}), {}) for one in numbers]


def _read(
    dataset: xr.Dataset, along: str, numbers: Sequence[float], at: dict[str, float], view: View
) -> xr.Dataset:  # fmt: skip
    """Return what labels read for some values of a threshold, of the cells that a view shows.

    It is in memory, unless it has many cells; these are read anew for each frame.
    """
    names = dict.fromkeys(name for one in numbers for name in read_by(view.variable, dataset, **{along: one}))
    aimed = dataclasses.replace(view, at=at)
    if has_points(dataset, aimed):
        names |= dict.fromkeys(name for name in (*view.axes, *USUAL) if name in dataset.data_vars)
        some = dataset[[*names]]
        some = some.isel({name: nearest(name, some[name].values, value) for name, value in at.items()})
    else:
        some = dataset[[*names]]
        some = select(some, *on_two_axes(aimed, some).axes, at)
    return some.load() if math.prod(some.sizes.values()) <= HELD else some


def _listed(values: Any) -> Sequence[Any]:
    """Return some values; InputError for a single one."""
    if isinstance(values, str) or np.ndim(values) != 1:
        raise InputError(f"values: got {short(values)}; give a list, a frame for each")
    return list(values)


def _title(dataset: xr.Dataset, frames: Sequence[Any], view: View, along: str) -> str:
    """Return the title of all frames: that of the sweep, and what is fixed in all of them."""
    _, one, at = frames[0]
    completed = dataclasses.replace(view, at=at).completed(one)
    fixed = {name: nearest(name, one[name].values, value) for name, value in at.items()}
    return captions.caption(dataset, one.isel(fixed), (*completed.axes, along))


def _scale(frames: Sequence[Frame], view: View, look: Look) -> tuple[Any, str]:
    """Return the scale of colours of all frames and what its bar says; None and nothing if they show labels."""
    name, first = view.variable, frames[0][1]
    if name in LABELS:
        return None, ""
    pieces = [seen(one, dataclasses.replace(view, at=at)) for _, one, at in frames]
    stored = described(first)
    one_cell = {str(axis): size for axis, size in pieces[0][name].sizes.items()}  # only ends and shares are wanted
    maps = pixels.pooled(pieces, name, one_cell, stored=stored)
    if maps[0].codes:
        return None, ""
    norm = norm_of(maps, pieces[0][name], look.norm)
    return norm, meaning_of(pieces[0][name], stored, maps, norm)


def _without_flags(dataset: xr.Dataset, name: str) -> xr.Dataset:
    """Return the dataset with one variable that cannot be taken for labels."""
    about = {key: value for key, value in dataset[name].attrs.items() if not key.startswith("flag_")}
    return dataset.assign({name: dataset[name].drop_attrs().assign_attrs(about)})

"""A map that changes as one axis, or one threshold of the regime rules, moves."""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis.labelled import label, settled
from eos_sweep.analysis.pictures import captions, files
from eos_sweep.analysis.pictures.fitting import add_bar, set_letters
from eos_sweep.analysis.pictures.frames import checked_pace
from eos_sweep.analysis.pictures.layout import draw_map
from eos_sweep.analysis.pictures.legends import outside
from eos_sweep.analysis.pictures.look import Look, Pair
from eos_sweep.analysis.pictures.view import Limits, Lines, View
from eos_sweep.analysis.slices import At, nearest
from eos_sweep.errors import InputError, closest, short
from eos_sweep.plain_data import number

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

    frames = _frames(dataset, along, values, dict(at or {}), variable)
    fps, _ = checked_pace(fps, len(frames))
    view = View(x=x, y=y, variable=variable, lines=lines, xlim=xlim, ylim=ylim)
    look = Look(figsize=figsize, title=title, legend=legend, colorbar=colorbar, palette=palette, cmap=cmap, norm=norm)
    size, words = look.size, captions.distinct([value for value, _, _ in frames])
    figure = files.new_figure(dataset, size.width, size.height)
    ax = figure.subplots()
    plain = dataclasses.replace(look, title="", legend=False, colorbar=False)

    def draw(frame: int, look: Look = plain) -> None:
        ax.clear()
        draw_map(frames[frame][1], dataclasses.replace(view, at=frames[frame][2]), ax, look)
        sign = captions.symbol(dataset[along]) if along in dataset.coords else along
        ax.set_title(f"{sign} = {words[frame]}", loc="left", fontsize=size.letters)
        set_letters(figure, size)

    entries: dict[str, Any] = {}
    norms = []
    for frame in range(len(frames)):
        draw(frame)
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(captions.without_share(name), handle)
        norms += [mesh.norm for mesh in ax.collections if mesh.get_array() is not None and mesh.get_array().ndim == 2]
    if norms and not palette:
        plain = dataclasses.replace(plain, norm=_widest(norms))
        draw(0, plain)
        if colorbar:
            place = "bottom" if colorbar is True else str(colorbar)
            mesh = next(mesh for mesh in ax.collections if mesh.get_array() is not None)
            add_bar(mesh, ax, place, captions.fitted(captions.label_of(frames[0][1][variable]), size.width - 1.0))
    if entries and look.legend_place:
        place = "right" if look.legend_place == "inside" else look.legend_place
        names = sorted(entries, key=lambda name: isinstance(entries[name], Line2D))  # labels first
        outside(figure, [entries[name] for name in names], names, place, size.points)
    whole = _title(dataset, frames, view, along) if title is None else title
    figure.suptitle(captions.fitted(whole, size.width, size.points), x=0.02, ha="left", fontsize=size.letters)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return Animation(figure, lambda frame: draw(frame, plain), len(frames), fps)


def _frames(
    dataset: xr.Dataset, along: str, values: Sequence[float] | None, at: dict[str, float], variable: str
) -> list[tuple[float, xr.Dataset, dict[str, float]]]:
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
    if variable not in LABELS:
        raise InputError(f"variable: no threshold changes {short(variable)}; give regime or settled")
    if values is None:
        raise InputError(f"values: missing; give some of the threshold {along}, such as [1.1, 1.5, 2]")
    wanted = _listed(values)
    try:
        numbers = [number(value) for value in wanted]
    except (ValueError, TypeError):
        raise InputError(f"values: got {short(values)}; give numbers") from None
    picked = dataset.isel({name: nearest(name, dataset[name].values, value) for name, value in at.items()}).load()
    return [(one, picked.assign({variable: LABELS[variable](picked, **{along: one})}), {}) for one in numbers]


def _listed(values: Any) -> Sequence[Any]:
    """Return some values; InputError for a single one."""
    if isinstance(values, str) or np.ndim(values) != 1:
        raise InputError(f"values: got {short(values)}; give a list, a frame for each")
    return values  # type: ignore[no-any-return]


def _title(dataset: xr.Dataset, frames: Sequence[Any], view: View, along: str) -> str:
    """Return the title of all frames: that of the sweep, and what is fixed in all of them."""
    _, one, at = frames[0]
    completed = dataclasses.replace(view, at=at).completed(one)
    fixed = {name: nearest(name, one[name].values, value) for name, value in at.items()}
    return captions.caption(dataset, one.isel(fixed), (*completed.axes, along))


def _widest(norms: Sequence[Any]) -> Any:
    """Return a scale of colours for all frames."""
    found = copy.copy(max(norms, key=lambda norm: norm.vmax - norm.vmin))
    if not hasattr(found, "vcenter"):
        found.vmin, found.vmax = min(norm.vmin for norm in norms), max(norm.vmax for norm in norms)
    return found

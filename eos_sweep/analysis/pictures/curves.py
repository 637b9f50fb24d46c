"""Observables along one axis of a sweep: a panel each, over bands of labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.flags import codes_of
from eos_sweep.analysis.masking import words_of_numbers
from eos_sweep.analysis.pictures import captions, files, pixels, style
from eos_sweep.analysis.pictures.fitting import set_limits
from eos_sweep.analysis.pictures.legends import outside, width_of
from eos_sweep.analysis.pictures.look import DEFAULT, Look, Size
from eos_sweep.analysis.pictures.panels import draw_axis, draw_panel, draw_places
from eos_sweep.analysis.pictures.separating import chosen
from eos_sweep.analysis.pictures.theory_lines import critical_places
from eos_sweep.analysis.pictures.view import View
from eos_sweep.analysis.scales import scale_of
from eos_sweep.analysis.slices import cell_edges, select, within
from eos_sweep.analysis.specs import described
from eos_sweep.errors import InputError, closest, short

USUAL = "tail_mean", "sharpness_max", "loss_final"  # drawn over the regimes, as far as they are there
PANEL, BAND, REST = 1.4, 0.3, 1.3  # inches of height: of a panel, a band, and all else
MARKED = 64  # values of an axis up to which each is a dot
DECADES = 100.0  # factor between the ends of positive numbers from which on they are logarithmic
EDGE = 0.04  # of a range that is known, beyond each of its ends
ROW = "_row"  # an axis of one value, across the band


def draw_curves(dataset: xr.Dataset, view: View, look: Look = DEFAULT) -> Any:
    """Return the Figure of a view with one axis: variables of numbers as curves, labels as bands of colours.

    Raises
    ------
    InputError
        If a variable does not exist, or something is asked for that a map alone has.
    """
    for option in ("contours", "margins", "ylim"):
        if getattr(view, option):
            raise InputError(f"{option}: a map has it, but {short(view.x)} is the only axis here; leave it out")
    x, names = str(view.x), _names(dataset, view)
    also = ["outcome"] if "outcome" in dataset else []
    also += [end for name in names for end in _interval(dataset, name)]
    piece = select(dataset[[*dict.fromkeys([*names, *also])]].expand_dims({ROW: [0.0]}), x, ROW, view.at)
    piece = (within(piece, x, view.xlim) if view.xlim else piece).compute()
    bands = [name for name in names if codes_of(piece[name])]
    panels = [name for name in names if name not in bands]
    size = look.size
    if not isinstance(look.figsize, tuple | list):
        size = size._replace(height=PANEL * len(panels) + BAND * len(bands) + REST)
    figure, stored, letters = files.new_figure(dataset, size.width, size.height), described(dataset), size.letters
    ratios = [*[PANEL] * len(panels), *[BAND] * len(bands)]
    axes = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    for ax, name in zip(axes, panels, strict=False):
        (shown,) = pixels.pooled([piece], name, {ROW: 1, x: 1}, stored=stored)
        ends = [pixels.pooled([piece], end, {ROW: 1, x: 1}, stored=stored)[0] for end in _interval(piece, name)]
        _draw_curve(ax, piece[x].values, shown.cells[0], piece[name], [end.cells[0] for end in ends])
        about = piece[name].assign_attrs(words_of_numbers(name, piece[name], stored))
        said = captions.label_of(about) + ", with its 95 % interval" * bool(ends)
        ax.set_title(said, loc="left", fontsize=letters)
    entries: dict[str, Any] = {}
    theory = critical_places(piece.isel({ROW: 0}, drop=True), x) if view.lines else {}
    for ax, name in zip(axes[len(panels) :], bands, strict=True):
        (shown,) = pixels.pooled([piece], name, {ROW: 1, x: 1}, stored=stored)
        panel = draw_panel(ax, piece, name, shown, None, percent=False, look=look)
        handles = panel.handles + draw_places(axes, chosen(theory, view.lines, panel.edges, shown, None), theory)
        entries |= {handle.get_label(): handle for handle in handles}
        theory = {}  # that of the first band
        ax.set(yticks=[])
        ax.set_ylabel(captions.short(name).replace("_", " "), rotation=0, ha="right", va="center", fontsize=letters)
    for ax in axes:
        draw_axis(ax, "x", piece[x], cell_edges(piece[x].values))
        set_limits(ax, piece, view)
        ax.tick_params(which="both", labelsize=size.points)
        ax.label_outer()
    axes[-1].xaxis.label.set_fontsize(letters)
    title = captions.caption(dataset, piece, (x,)) if look.title is None else look.title
    figure.suptitle(captions.fitted(title, size.width, size.points), x=0.02, ha="left", fontsize=letters)
    room = _add_legend(figure, entries, look.legend_place, size)
    for ax in axes[: len(panels)]:
        ax.set_title(captions.fitted(ax.get_title(loc="left"), room, size.points), loc="left", fontsize=letters)
    return figure


def _add_legend(figure: Any, entries: dict[str, Any], place: str, size: Size) -> float:
    """Add the legend of the bands, beside all panels or below; return the width that panels have, about."""
    handles, labels = [*entries.values()], [*entries]
    if place == "below" and entries:
        outside(figure, handles, labels, place, size.points)
    elif place and entries:
        figure.legend(handles, labels, loc="outside right center", fontsize=size.points, **style.LEGEND)
        return size.width - 0.8 - width_of(labels, size.points)
    return size.width - 0.8


def _names(dataset: xr.Dataset, view: View) -> list[str]:
    """Return the variables to draw: those asked for and the regimes; with the regimes alone also the usual ones."""
    asked = [*dict.fromkeys([view.variable, *view.further])]
    if wrong := [name for name in asked if name not in dataset.data_vars]:
        remedy = closest(wrong[0], map(str, dataset.data_vars))
        raise InputError(f"variable: no {short(wrong[0])} in this sweep; {remedy}")
    usual = [name for name in USUAL if name in dataset] if asked == ["regime"] else []
    regime = ["regime"] if "regime" in dataset and dataset["regime"].dims == dataset[asked[0]].dims else []
    return [*dict.fromkeys([*usual, *asked, *regime])]


def _interval(dataset: xr.Dataset, name: str) -> list[str]:
    """Return the variables that are the ends of a share's interval, if there are such."""
    ends = [f"{name}_low", f"{name}_high"]
    return ends if name == "share" and all(end in dataset for end in ends) else []


def _draw_curve(
    ax: Any, places: np.ndarray, numbers: np.ndarray, data: xr.DataArray, ends: Sequence[np.ndarray] = ()
) -> None:
    """Draw one variable, over the band between two ends; there is a gap where it has no number, or the run diverged."""
    along = np.arange(places.size) if scale_of(places)[0] == "category" else places
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    marker = {"marker": "o", "markersize": 3.5} if places.size <= MARKED else {}
    ax.plot(along, numbers, color=style.BLUE, linewidth=1.2, **marker)
    if "centre" in data.attrs:
        ax.axhline(data.attrs["centre"], color="black", linewidth=0.8, linestyle="--")
    if ends:
        ax.fill_between(along, *ends, color=style.BLUE, alpha=0.25, linewidth=0)
    if "valid_range" in data.attrs:
        low, high = data.attrs["valid_range"]
        ax.set_ylim(low - EDGE * (high - low), high + EDGE * (high - low))
        return
    low, high = np.fmin.reduce(numbers, initial=np.nan), np.fmax.reduce(numbers, initial=np.nan)
    if low > 0 and high > DECADES * low:
        ax.set_yscale("log")

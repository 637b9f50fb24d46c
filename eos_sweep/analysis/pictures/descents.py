"""A trajectory on the landscape of its loss over two coordinates: a picture, or an animation."""

from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.landscapes import Landscape, landscape_of
from eos_sweep.analysis.pictures import captions, files, style
from eos_sweep.analysis.pictures.fitting import set_letters
from eos_sweep.analysis.pictures.frames import checked_pace
from eos_sweep.analysis.pictures.look import Look, Pair
from eos_sweep.analysis.pictures.run_scales import extent_of, set_heights, set_steps
from eos_sweep.analysis.pictures.ticks import in_full
from eos_sweep.analysis.pictures.view import Limits
from eos_sweep.errors import InputError, short
from eos_sweep.spec.fields import at_least

CELLS = 181  # of a side of the map
ROOM = 0.25  # of the way of a run, around it
SIZE = 7.0, 5.4  # inches
DEEPEST = 1e-8  # of the largest loss on the map, below which colours are one
RECENT = 60  # steps whose way has a rim; the way before them is thin
WAY: dict[str, Any] = {"color": "white", "linewidth": 0.5, "alpha": 0.6, "zorder": 2.9}
RIM: dict[str, Any] = {"color": "black", "linewidth": 2.2, "zorder": 3}
TRAIL: dict[str, Any] = {"color": "white", "linewidth": 1.1, "zorder": 3.1}
HERE: dict[str, Any] = {"marker": "o", "color": style.RED, "markeredgecolor": "white", "markersize": 7, "zorder": 4}
EDGE: dict[str, Any] = {"colors": style.PINK, "linewidths": 1.4, "linestyles": "--"}


def descent(
    run: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    *,
    step: int | None = None,
    xlim: Limits = None,
    ylim: Limits = None,
    cmap: Any = None,
    figsize: str | Pair | None = None,
    title: str | None = None,
) -> Any:
    """Draw a trajectory on the landscape of its loss over two coordinates.

    The other coordinates are as on the last step that is drawn.  A dashed line is where the sharpness is that at the
    edge of stability.  Below is the sharpness by step.

    Parameters
    ----------
    run
        The trajectory, as :func:`eos_sweep.trajectory` returns it, of a model whose state is a few numbers.
    x, y
        Coordinates that run to the right and upwards; by default the two that move most for their size.
    step
        Last step that is drawn; by default the last one of the run.
    xlim, ylim
        First and last value of a side; by default about the run.
    cmap
        Colour map of the loss.
    figsize
        ``"column"``, ``"text"`` or ``"page"``, or width and height in inches.
    title
        Title, ``""`` for none; by default that of the run.

    Returns
    -------
    Figure

    Raises
    ------
    InputError
        If the run has no landscape, no such coordinate, or no such step.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> run = eos_sweep.trajectory("quartic", {"eta": 1.0}, {"x": 0.5, "y": 0.1}, steps=60)
    >>> plot.descent(run).axes[0].get_xlabel()
    'x: first weight'
    """
    picture = _Picture(landscape_of(run, x, y), xlim, ylim, Look(figsize=figsize, title=title, cmap=cmap))
    last = extent_of(run).last
    step = last if step is None else at_least("step", step, 0)
    if step > last:
        raise InputError(f"step: got {step}; give one from 0 to {last}, the last one with numbers")
    picture.draw(step)
    return picture.figure


def animate_descent(
    run: xr.Dataset,
    x: str | None = None,
    y: str | None = None,
    *,
    frames: int = 100,
    fps: int = 15,
    xlim: Limits = None,
    ylim: Limits = None,
    cmap: Any = None,
    figsize: str | Pair | None = None,
    title: str | None = None,
) -> Any:
    """Animate a trajectory on the landscape of its loss over two coordinates.

    The landscape changes as the other coordinates move.  :func:`save` writes the animation as .gif or .mp4.

    Parameters
    ----------
    run, x, y, xlim, ylim, cmap, figsize, title
        As for :func:`descent`.
    frames
        Number of frames at most, of evenly spaced steps.
    fps
        Frames a second.

    Returns
    -------
    Animation
        One of matplotlib, which a notebook plays.

    Raises
    ------
    InputError
        If the run has no landscape, or a number is out of its range.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> run = eos_sweep.trajectory("quartic", {"eta": 1.0}, {"x": 0.5, "y": 0.1}, steps=60)
    >>> plot.save(plot.animate_descent(run, frames=4), "run.gif")
    """
    from eos_sweep.analysis.pictures.animations import Animation

    fps, frames = checked_pace(fps, frames)
    last = extent_of(run).last if "loss" in run else 0
    steps = np.unique(np.linspace(0, last, frames).round().astype(int))
    picture = _Picture(landscape_of(run, x, y), xlim, ylim, Look(figsize=figsize, title=title, cmap=cmap))
    picture.fix(int(steps[-1]))
    return Animation(picture.figure, lambda frame: picture.draw(int(steps[frame])), len(steps), fps)


class _Picture:
    """A figure of a map with the sharpness below it, which is drawn anew for each step."""

    def __init__(self, landscape: Landscape, xlim: Limits, ylim: Limits, look: Look) -> None:
        self.landscape, self.look, run = landscape, look, landscape.run
        self.limits = _window(run, landscape.x, xlim, "xlim"), _window(run, landscape.y, ylim, "ylim")
        width, height = look.size[:2] if look.figsize else SIZE
        self.figure = files.new_figure(run, width, height)
        self.map, self.below = self.figure.subplots(2, 1, height_ratios=[3.2, 1])
        self.below.plot(run["step"], run["sharpness"], color=style.BLUE, linewidth=1.0)
        if landscape.edge is not None:
            self.below.axhline(landscape.edge, color=style.PINK, linestyle="--", linewidth=1.2)
        set_heights(self.below, ["sharpness"], [run])
        set_steps(self.below, [extent_of(run)])
        self.below.set(ylabel="sharpness", xlabel=captions.short(run["step"].attrs.get("long_name", "step")))
        self.dot = self.below.plot([], [], **HERE | {"markersize": 5})[0]
        words = captions.escaped(run.attrs.get("title", "")) if look.title is None else look.title
        size = look.size._replace(width=width, points=look.size.points if look.figsize else None)
        self.figure.suptitle(captions.fitted(words, width - 0.4, size.points), x=0.02, ha="left", fontsize=size.letters)
        self.norm, self.bar, self.size = None, None, size

    def fix(self, last: int) -> None:
        """Draw a step and keep the places of all parts, so that they do not move from frame to frame."""
        self.draw(last)
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")

    def draw(self, step: int) -> None:
        """Draw the landscape of a step and the run up to it."""
        here, run, ax = self.landscape, self.landscape.run, self.map
        xs, ys = (np.linspace(*limits, CELLS) for limits in self.limits)
        loss, top = here.at(step, xs, ys)
        self.norm = self.norm or _norm_of(loss)
        ax.clear()
        mesh = ax.pcolormesh(xs, ys, np.ma.masked_invalid(loss), norm=self.norm, cmap=self.look.cmap or "viridis")
        mesh.set_rasterized(True)
        if self.bar is None:
            bar = self.figure.colorbar(mesh, ax=ax, label="loss L", aspect=25, extend="both")
            in_full(bar.formatter)
            self.bar = bar
        if here.edge is not None and np.nanmin(top) < here.edge < np.nanmax(top):
            ax.contour(xs, ys, top, [here.edge], **EDGE)
        handles = [ax.plot([], [], color=style.PINK, linestyle="--", linewidth=1.4, label="S at the edge")[0]]
        way = [run[name].values[: step + 1] for name in (here.x, here.y)]
        ax.plot(*(values[: -RECENT + 1] for values in way), **WAY)
        for look in (RIM, TRAIL):
            ax.plot(*(values[-RECENT:] for values in way), **look)
        ax.plot(*(values[-1:] for values in way), **HERE)
        ax.set(xlim=self.limits[0], ylim=self.limits[1])
        ax.set(xlabel=captions.label_of(run[here.x]), ylabel=captions.label_of(run[here.y]))
        numbers = [f"step {step}", f"L = {captions.number(run['loss'].values[step])}"]
        numbers += [f"{captions.symbol(run[name])} = {captions.number(run[name].values[step])}" for name in here.others]
        room = self.size.width - 1.5
        ax.set_title(
            captions.fitted(", ".join(numbers), room, self.size.points), fontsize=self.size.letters, loc="left"
        )
        if here.edge is not None:
            ax.legend(handles=handles, loc="upper right", fontsize="small")
        self.dot.set_data([step], run["sharpness"].values[step : step + 1])
        set_letters(self.figure, self.size)


def _window(run: xr.Dataset, name: str, given: Limits, keyword: str) -> Pair:
    """Return the first and the last value of a side: the given ones, or those of the way of a run, with room."""
    if given is not None:
        first, last = (float(value) for value in given)
        if not (np.isfinite([first, last]).all() and first != last):
            raise InputError(
                f"{keyword}: got {short(given)}; give two finite numbers, the first and the last one shown"
            )
        return first, last
    values = run[name].values[: extent_of(run).counted + 1]
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (-1.0, 1.0)
    room = ROOM * max(high - low, 0.4 * abs(high), 1e-12)
    return low - room, high + room


def _norm_of(loss: np.ndarray) -> Any:
    """Return the scale of colours of a landscape: logarithmic where no loss is negative."""
    from matplotlib.colors import LogNorm, Normalize

    there = loss[np.isfinite(loss)]
    low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 1.0)
    if low < 0 or high <= 0:
        return Normalize(low, high if high > low else low + 1.0)
    least = max(float(there[there > 0].min()), DEEPEST * high)
    return LogNorm(least, high if high > least else 2 * least)

"""One trajectory or several as a picture, by step."""

import itertools
from collections.abc import Sequence
from typing import Any

import xarray as xr

from eos_sweep.analysis.pictures import captions, files, run_scales
from eos_sweep.analysis.pictures.compared import Runs, common_title, named_runs
from eos_sweep.analysis.pictures.fitting import set_letters
from eos_sweep.analysis.pictures.look import Look, Pair, Size
from eos_sweep.analysis.pictures.run_scales import Extent, extent_of
from eos_sweep.analysis.pictures.style import COLOURS, DASHES, LEGEND
from eos_sweep.errors import InputError, closest, short

LOOKS = tuple(itertools.product(DASHES, COLOURS))
WHOLE_LOSS: dict[str, Any] = {"color": "0.7", "linewidth": 3.0}  # behind its parts
EDGE: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1.0}
MARK: dict[str, Any] = {"linestyle": ":", "linewidth": 1.2, "zorder": 1.5}  # where a run diverges
DOTS: dict[str, Any] = {"marker": "o", "markersize": 2.5}
FEW = 40  # steps up to which each step of a run that diverges is a dot
WIDTH, PANEL_HEIGHT = 7.6, 1.9  # inches
COLUMN_WIDTH = 3.4  # inches of each of several runs side by side
NAME_WIDTH = 1.8  # inches of the legend
READINGS = "readings"  # of a network, in place of its state
SHARPNESSES = "sharpness", "flow_sharpness"
Panels = Sequence[tuple[str, Sequence[str]]]  # label of a panel, and names of the variables in it


def trajectory_plot(
    runs: Runs,
    *,
    beside: bool = False,
    variables: Sequence[str] | None = None,
    figsize: str | Pair | None = None,
    title: str | None = None,
) -> Any:
    """Draw the sharpness, the losses and the state of trajectories by step.

    A run that diverges is shown up to the last step on which its loss is within a hundred times that at the start.
    Then its curves leave the panels, and a dotted line is at its last step.

    Parameters
    ----------
    runs
        A trajectory, as :func:`eos_sweep.trajectory` returns it; several in a list, at most 12; or label -> trajectory.
        Without labels the inputs in which they differ are their names.
    beside
        Whether each of several runs has a column of its own, with the same vertical axes; otherwise they are in the
        same panels, one for each variable, and a run has a colour.
    variables
        Names of the variables to draw; by default all of one run, and of several all but the parts of the loss and the
        sharpness of gradient flow.
    figsize
        ``"column"``, ``"text"`` or ``"page"``, or width and height in inches.
    title
        Title, ``""`` for none; by default that of the runs, and the inputs that they have in common.

    Returns
    -------
    Figure
        A panel each for the sharpness, the losses and the state, and for each coordinate with its own exponent one of
        log10 of its size.

    Raises
    ------
    InputError
        If something is no trajectory, there are too many, or there is no variable of a name.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> given = {"lambda1": 100, "lambda2": 0.01}, {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
    >>> runs = [eos_sweep.trajectory("bivariate", given[0] | {"eta": eta}, given[1], steps=50) for eta in (0.05, 0.1)]
    >>> len(plot.trajectory_plot(runs[0]).axes)
    4
    >>> axes = plot.trajectory_plot(runs, variables=["sharpness", "loss"]).axes
    >>> [text.get_text() for text in axes[0].get_legend().get_texts()]
    ['η = 0.05', 'η = 0.1', '2/η']
    """
    named, look = named_runs(runs), Look(figsize=figsize, title=title)
    several, alone = [run for _, run in named], beside or len(named) == 1
    columns = [[one] for one in named] if alone else [named]
    panels = _panels(several, variables, grouped=alone)
    size = _size(look, len(panels), len(columns))
    figure = files.new_figure(several[0], size.width, size.height)
    grid = figure.subplots(len(panels), len(columns), sharex="col", sharey="row", squeeze=False)
    for axes, some in zip(grid.T, columns, strict=True):
        _draw_column(axes, some, panels)
        axes[-1].set_xlabel(captions.short(several[0]["step"].attrs.get("long_name", "step")))
        if len(columns) > 1:
            axes[0].set_title(captions.fitted(some[0][0], COLUMN_WIDTH, size.points), fontsize=size.letters)
    for ax, (panel, names) in zip(grid[:, 0], panels, strict=True):
        ax.set_ylabel(panel)
        run_scales.set_heights(ax, names, several)
    for ax in grid[:, -1]:
        _add_legend(ax, grid[0, -1], alone, size.points)
    words = captions.escaped(common_title(several)) if title is None else title
    words = captions.fitted(words, size.width - 1.0, size.points)
    if len(columns) > 1:
        figure.suptitle(words, x=0.02, ha="left", fontsize=size.letters)
    else:
        grid[0, 0].set_title(words, loc="left", fontsize=size.letters)
    set_letters(figure, size)
    return figure


def _size(look: Look, panels: int, columns: int) -> Size:
    """Return the size of a figure of so many panels and columns, the given one if there is one."""
    if isinstance(look.figsize, tuple | list):
        return look.size
    width = look.size.width if look.figsize else WIDTH if columns == 1 else COLUMN_WIDTH * columns + NAME_WIDTH
    return look.size._replace(width=width, height=PANEL_HEIGHT * panels + 0.6)


def _draw_column(axes: Sequence[Any], runs: Sequence[tuple[str, xr.Dataset]], panels: Panels) -> None:
    """Draw runs into the panels of a column, with a colour for each variable of one, or for each of several."""
    extents, alone = [extent_of(run) for _, run in runs], len(runs) == 1
    for ax, (panel, names) in zip(axes, panels, strict=True):
        pairs = itertools.product(zip(runs, extents, strict=True), names)
        for (((label, run), extent), name), (dashes, colour) in zip(pairs, itertools.cycle(LOOKS)):
            if name not in run:
                continue
            look: dict[str, Any] = {"color": colour, "linewidth": 1.0, "linestyle": dashes}
            look |= WHOLE_LOSS if name == "loss" and len(names) > 1 else {}
            look |= DOTS if extent.diverged and extent.last <= FEW else {}
            words = _name_of(run[name], panel) if alone else label + f"\n{_end(extent)}" * extent.diverged
            ax.plot(run["step"], run[name], label=words, **look)
        if names[0] == "sharpness":
            _draw_edges(ax, [run for _, run in runs])
        for extent, (_, colour) in zip(extents, LOOKS, strict=False):
            if extent.diverged:
                told = _end(extent) if alone and ax is axes[0] else None
                ax.axvline(extent.last, color="0.3" if alone else colour, label=told, **MARK)
    run_scales.set_steps(axes[-1], extents)


def _end(extent: Extent) -> str:
    """Return in words where a run diverges."""
    return f"diverges at step {extent.last}"


def _draw_edges(ax: Any, runs: Sequence[xr.Dataset]) -> None:
    """Draw the sharpness at the edge of stability of each run: once if all have the same, else in their colours."""
    told = [run for run in runs if "threshold" in run or "threshold" in run.attrs]
    same = not any("threshold" in run for run in told) and len({run.attrs["threshold"] for run in told}) == 1
    for run, (_, colour) in zip(told, LOOKS, strict=False):
        look = EDGE if len(runs) == 1 or same else EDGE | {"color": colour, "label": None}
        if "threshold" in run:
            ax.plot(run["step"], run["threshold"], **look)
        else:
            ax.axhline(run.attrs["threshold"], **look)
        if same:
            break
    if told:
        words = {captions.short(run.attrs.get("edge", "2/η")) for run in told}
        named = ax.plot([], [], **EDGE) if len(runs) > 1 and not same else ax.lines[-1:]
        named[0].set_label(words.pop() if len(words) == 1 else "edge of stability")


def _add_legend(ax: Any, first: Any, alone: bool, points: float | None) -> None:
    """Add the legend of a panel, where it says more than the label of the axis, or than the legend of the first one."""
    told = len(ax.get_legend_handles_labels()[0])
    if (alone and (told > 1 or ax.get_ylabel() == READINGS)) or (not alone and ax is first):
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), fontsize=points, **LEGEND)


def _name_of(data: xr.DataArray, panel: str) -> str:
    """Return the entry of a legend: a symbol, or the whole name of a reading, whose symbol says less."""
    if panel == READINGS:
        return captions.fitted(captions.label_of(data), NAME_WIDTH)
    return captions.symbol(data).replace("_", " ")


def _panels(runs: Sequence[xr.Dataset], wanted: Sequence[str] | None, grouped: bool) -> Panels:
    """Return the label of each panel, and names of the variables in it; one in each if they are not ``grouped``."""
    series = {str(name): data for run in reversed(runs) for name, data in run.items() if data.dims == ("step",)}
    for name in wanted or ():
        if name not in series:
            raise InputError(f"variables: no {short(name)} in a run; {closest(name, series)}")
    losses, powers = ([name for name in series if name.startswith(start)] for start in ("loss", "log10_abs_"))
    special = {*SHARPNESSES, "threshold", *losses, *powers}
    special |= {name.removeprefix("log10_abs_") for name in powers} - {*(wanted or ())}
    panels: list[tuple[str, list[str]]] = [
        ("sharpness", [name for name in SHARPNESSES if name in series]),
        ("loss", losses),
        ("state" if "eigenvalues" in runs[0] else READINGS, [name for name in series if name not in special]),
        *((captions.symbol(series[name]), [name]) for name in powers),
    ]
    if not grouped and wanted is None:
        wanted = [name for name in series if name not in {*SHARPNESSES[1:], *losses[1:]}]
    if wanted:
        panels = [(panel, [name for name in names if name in wanted]) for panel, names in panels]
    if not grouped:
        panels = [(_label_of(series[name]), [name]) for _, names in panels for name in names]
    return [(panel, names) for panel, names in panels if names]


def _label_of(data: xr.DataArray) -> str:
    """Return the label of a panel of one variable: a word, a symbol, or the whole name of a reading."""
    if data.name in ("sharpness", "loss"):
        return str(data.name)
    words = captions.symbol(data).replace("_", " ")
    return words if len(words) > 2 else captions.fitted(captions.label_of(data), PANEL_HEIGHT)

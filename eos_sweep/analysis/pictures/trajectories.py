"""One trajectory as a picture."""

import itertools
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.analysis.pictures import captions, files
from eos_sweep.analysis.pictures.style import COLOURS, DASHES, LEGEND

WHOLE_LOSS: dict[str, Any] = {"color": "0.7", "linewidth": 3.0}  # behind its parts
ROOM = 1.25  # of a panel above the sharpness, where the edge goes beyond it
WIDTH, PANEL_HEIGHT = 7.6, 1.9  # inches
NAME_WIDTH = 1.8  # inches of the legend
READINGS = "readings"  # of a network, in place of its state
DEEPEST = 1e-6  # of the smallest loss, beyond which its parts are not followed


def trajectory_plot(dataset: xr.Dataset) -> Any:
    """Draw the sharpness, the losses and the state of one trajectory by step.

    Parameters
    ----------
    dataset
        A trajectory, as :func:`eos_sweep.trajectory` returns it.

    Returns
    -------
    Figure
        A panel each for the sharpness, the losses and the state, and for each coordinate with its own exponent one of
        log10 of its size.

    Examples
    --------
    >>> import eos_sweep
    >>> from eos_sweep import plot
    >>> run = eos_sweep.trajectory("bivariate", {"lambda1": 100, "lambda2": 0.01, "eta": 0.05},
    ...                            {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}, steps=50)
    >>> len(plot.trajectory_plot(run).axes)
    4
    """
    series = {str(name): data for name, data in dataset.items() if data.dims == ("step",)}
    panels = _panels(series, "state" if "eigenvalues" in dataset else READINGS)
    figure = files.new_figure(dataset, WIDTH, PANEL_HEIGHT * len(panels) + 0.6)
    axes = figure.subplots(len(panels), 1, sharex=True)
    for ax, (label, names) in zip(axes, panels.items(), strict=True):
        for name, (dashes, colour) in zip(names, itertools.product(DASHES, COLOURS), strict=False):
            look: dict[str, Any] = {"color": colour, "linewidth": 1.0, "linestyle": dashes}
            look |= WHOLE_LOSS if name == "loss" and len(names) > 1 else {}
            ax.plot(dataset["step"], series[name], label=_name_of(series[name], label), **look)
        if label == "sharpness":
            _draw_edge(ax, dataset)
        ax.set(ylabel=label, xmargin=0.01)
        if label == "loss":
            _scale_of_losses(ax, [series[name] for name in names])
        if len(ax.lines) > 1 or label == READINGS:
            ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), **LEGEND)
    axes[-1].set_xlabel(captions.short(dataset["step"].attrs.get("long_name", "step")))
    title = captions.fitted(captions.escaped(dataset.attrs.get("title", "")), WIDTH - 1.0)
    axes[0].set_title(title, loc="left", fontsize="medium")
    return figure


def _draw_edge(ax: Any, dataset: xr.Dataset) -> None:
    """Draw the sharpness at the edge of stability, one number or a series."""
    look: dict[str, Any] = {"color": "black", "linestyle": "--", "linewidth": 1.0}
    look["label"] = captions.short(dataset.attrs.get("edge", "2/η"))
    if "threshold" in dataset:
        edge, (low, high) = dataset["threshold"], ax.get_ylim()
        ax.plot(dataset["step"], edge, **look)
        most = ROOM * max(high, float(edge.min()))
        if float(edge.max()) > most > 0:  # during a warmup it is far away
            ax.set_ylim(min(low, 0.0), most)
    else:
        ax.axhline(dataset.attrs["threshold"], **look)


def _name_of(data: xr.DataArray, panel: str) -> str:
    """Return the entry of a legend: a symbol, or the whole name of a reading, whose symbol says less."""
    if panel == READINGS:
        return captions.fitted(captions.label_of(data), NAME_WIDTH)
    return captions.symbol(data).replace("_", " ")


def _panels(series: dict[str, xr.DataArray], others: str) -> dict[str, list[str]]:
    """Return the label of each panel -> names of the variables in it; that of the ``others`` comes after the loss."""
    losses, powers = ([name for name in series if name.startswith(start)] for start in ("loss", "log10_abs_"))
    elsewhere = {"sharpness", "flow_sharpness", "threshold", *losses, *powers}
    elsewhere |= {name.removeprefix("log10_abs_") for name in powers}
    panels: dict[str, list[str]] = {
        "sharpness": [name for name in ("sharpness", "flow_sharpness") if name in series],
        "loss": losses,
        others: [name for name in series if name not in elsewhere],
    }
    return panels | {captions.symbol(series[name]): [name] for name in powers}


def _scale_of_losses(ax: Any, losses: list[xr.DataArray]) -> None:
    """Make the vertical axis logarithmic, about zero if the loss, the first of them, may be negative."""
    if bool((losses[0] < 0).any()):
        ax.set_yscale("symlog", linthresh=1.0)
        return
    ax.set_yscale("log", nonpositive="mask")
    above = [loss.where(loss > 0) for loss in losses]
    # A part may go hundreds of decades below the whole.
    low = max(np.fmin.reduce([float(one.min()) for one in above]), DEEPEST * float(above[0].min()))
    high = np.fmax.reduce([float(one.max()) for one in above])
    if high > low > 0:
        room = (high / low) ** 0.05
        ax.set_ylim(low / room, high * room)

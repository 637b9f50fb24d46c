"""Panels that several figures have: phase diagrams with one legend, Lyapunov exponents."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from stored_sweeps import stored

from eos_sweep import plot, regimes
from eos_sweep.analysis import predicted
from eos_sweep.analysis.pictures.captions import without_share
from eos_sweep.analysis.pictures.style import LEGEND, RED
from eos_sweep.analysis.slices import select
from eos_sweep.models import bivariate

SMALL = "small"
EDGE = regimes.CODES["edge_of_stability"]
# Of a legend: regimes first, then lines.
ORDER = [name.replace("_", " ") for name in regimes.CODES] + [line.label for line in predicted.lines_of(bivariate)]


def swept(folder: Path, name: str) -> Any:
    """Return the labels of a spec's sweep, which is run into ``folder`` first as far as it is not there."""
    return stored(name, folder, variables=("regime", "settled"))


def panel(
    ax: Any, dataset: Any, x: str, y: str, at: dict[str, float] | None = None, title: str = "", thin: float = 0.75
) -> dict[str, Any]:
    """Draw a map without a legend.

    Parameters
    ----------
    ax
        Axes to draw into.
    dataset, x, y, at
        As for :func:`eos_sweep.plot.regime_map`.
    title
        Title, in which ``{edge}`` becomes the share of the edge of stability.
    thin
        Width of lines, relative to those of a map that is alone.

    Returns
    -------
    dict
        Label -> entry of a legend.
    """
    plot.regime_map(dataset, x, y, at, ax, lines="all", legend=False)
    found = take_legend(ax)
    for line in {*ax.lines, *found.values()}:
        line.set_linewidth(thin * line.get_linewidth())
    edge = 100 * float((select(dataset, x, y, at).regime == EDGE).mean())
    words = f"edge {edge:.0f} %" if edge >= 0.95 else f"edge {edge:.1f} %"
    ax.set_title(title.format(edge=words), loc="left", fontsize=SMALL)
    ax.tick_params(labelsize=SMALL)
    ax.xaxis.label.set_size(SMALL)
    ax.yaxis.label.set_size(SMALL)
    return found


def take_legend(ax: Any) -> dict[str, Any]:
    """Return label, without its share -> entry of the legend that a map drawn without one would have."""
    found = {}
    for handle in ax.get_legend_handles_labels()[0]:
        handle.set_label(without_share(handle.get_label()))
        found[handle.get_label()] = handle
    return found


def shrink_legend(ax: Any) -> None:
    """Make the legend of a map fit a small panel."""
    for text in ax.get_legend().get_texts():
        text.set_fontsize("x-small")


def legend_above(figure: Figure, found: dict[str, Any], columns: int) -> None:
    """Give ``figure`` one legend above its panels: areas, then lines."""
    handles = sorted(found.values(), key=lambda handle: isinstance(handle, Line2D))
    look = {"frameon": False, "fontsize": SMALL, "handlelength": 2.8}
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, **look)


def draw_exponent(ax: Any, x: np.ndarray, exponent: np.ndarray) -> None:
    """Draw a Lyapunov exponent, red where it is positive."""
    ax.fill_between(x, exponent, where=exponent > 0, color=RED, linewidth=0)
    ax.plot(x, exponent, color="black", linewidth=0.7)
    ax.axhline(0.0, color="0.3", linewidth=0.7)


def legend(figure: Figure, found: dict[str, Any], place: str = "outside right upper", columns: int = 1) -> None:
    """Give ``figure`` one legend for all of its panels."""
    labels = sorted(found, key=lambda label: ORDER.index(label) if label in ORDER else len(ORDER))
    handles = [found[label] for label in labels]
    figure.legend(handles, labels, loc=place, fontsize=SMALL, ncols=columns, **LEGEND)


def fixed_inputs(dataset: Any, but: Iterable[str] = ()) -> str:
    """Return the inputs that are the same in all cells of a dataset, but for some."""
    order = [*bivariate.PARAMETERS, *bivariate.STATE]
    names = [name for name, data in dataset.coords.items() if data.dims == () and name not in but]
    words = [f"{dataset[name].attrs['symbol']} = {float(dataset[name]):.4g}" for name in sorted(names, key=order.index)]
    return ", ".join(words).replace("inf", "∞")


def label_outer_panels(axes: np.ndarray) -> None:
    """Leave labels and numbers to the outermost panels of a grid."""
    for ax in axes.flat:
        ax.label_outer()


def figure_of(dataset: Any, width: float, height: float, title: str) -> Figure:
    """Return an empty Figure that knows which sweep it is of, with ``title`` and the budget over it."""
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.set_label(title.split("\n")[0])
    figure.set_gid(f"spec-{dataset.attrs['spec_hash']}")
    figure.suptitle(f"{title}, {dataset.attrs['steps']:,} steps", x=0.01, ha="left", fontsize="medium")
    return figure

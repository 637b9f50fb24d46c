"""Several phase diagrams of the model ``bivariate`` in one figure, with one legend."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import eos_sweep
from eos_sweep import critical, plot, regimes
from eos_sweep.models import bivariate

SMALL = "small"
EDGE = regimes.CODES["edge_of_stability"]
# Legends tell of regimes, then of lines.
ORDER = [name.replace("_", " ") for name in regimes.CODES] + [line.label for line in critical.lines_of(bivariate)]


def swept(folder: Path, name: str) -> Any:
    """Run sweeps/``name``.toml into ``folder``, as far as it is not there, and return its labels."""
    eos_sweep.run(Path(__file__).parent.parent / "sweeps" / f"{name}.toml", folder / f"{name}.zarr")
    return eos_sweep.open_sweep(folder / f"{name}.zarr")[["regime", "settled"]].load()


def panel(
    ax: Any, dataset: Any, x: str, y: str, at: dict[str, float] | None = None, title: str = "", thin: float = 0.75
) -> dict[str, Any]:
    """Draw a map; return label -> what a legend shows of it.

    ``{edge}`` in ``title`` is its share of the edge of stability; ``thin`` is the width of its lines, in those of a map
    that is alone.
    """
    plot.regime_map(dataset, x, y, at, ax)
    found = {}
    for handle in ax.get_legend().legend_handles:
        handle.set_label(handle.get_label().split("  ")[0])
        found[handle.get_label()] = handle
    ax.get_legend().remove()
    for line in [*ax.lines, *found.values()]:
        line.set_linewidth(thin * line.get_linewidth())
    edge = 100 * float((plot.select(dataset, x, y, at).regime == EDGE).mean())
    words = f"edge {edge:.0f} %" if edge >= 0.95 else f"edge {edge:.1f} %"
    ax.set_title(title.format(edge=words), loc="left", fontsize=SMALL)
    ax.tick_params(labelsize=SMALL)
    ax.xaxis.label.set_size(SMALL)
    ax.yaxis.label.set_size(SMALL)
    return found


def legend(figure: Figure, found: dict[str, Any], place: str = "outside right upper", columns: int = 1) -> None:
    """Give ``figure`` one legend of all that its panels show."""
    labels = sorted(found, key=lambda label: ORDER.index(label) if label in ORDER else len(ORDER))
    handles = [found[label] for label in labels]
    figure.legend(handles, labels, loc=place, fontsize=SMALL, ncols=columns, **plot.LEGEND)


def fixed(dataset: Any, but: Iterable[str] = ()) -> str:
    """Return the inputs that are the same in all cells of a dataset, but for some."""
    order = [*bivariate.PARAMETERS, *bivariate.STATE]
    names = [name for name, data in dataset.coords.items() if data.dims == () and name not in but]
    words = [f"{dataset[name].attrs['symbol']} = {float(dataset[name]):.4g}" for name in sorted(names, key=order.index)]
    return ", ".join(words).replace("inf", "∞")


def inner(axes: np.ndarray) -> None:
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

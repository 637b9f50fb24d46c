"""Regimes of l(xy) for three l, and where the edge of stability ends.  Writes figures/product.png.

    python figures/product.py [FOLDER]

runs three maps into stores in FOLDER (the current one by default), as far as they are not there, and some hundred
trajectories more for the panels below them.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import legend_above, take_legend
from stored_sweeps import save

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED
from eos_sweep.models.product import final_gap

NAMES = {"log_cosh": "log cosh s", "logistic": "logistic loss", "sqrt": "√(1 + s²)"}
ELLS = {"log_cosh": 1.0, "logistic": 2.0, "sqrt": 0.0}
COLOURS = dict(zip(NAMES, (BLUE, RED, AMBER), strict=True))
MARKERS = dict(zip(NAMES, "os^", strict=True))
LABELS = {"log_cosh": (-26, 5), "logistic": (7, -9), "sqrt": (7, -9)}  # where G stands beside a line, in points
SIZE = 256  # of the maps
ETA, START = 0.01, 5.0  # of the lower panels; x0


def regimes(axes: Any, folder: Path) -> dict[str, Any]:
    """Draw the phase diagrams over step size and y0; return their entries of a legend."""
    legend: dict[str, Any] = {}
    for ax, (ell, name) in zip(axes, NAMES.items(), strict=True):
        grid = {"y": np.geomspace(0.3, 60, SIZE), "eta": np.geomspace(1e-3, 3, SIZE)}
        out = folder / f"product_{ell}.zarr"
        found = eos_sweep.sweep("product", grid, {"ell": ell}, {"x": 0.1}, steps=20_000, out=out)
        plot.regime_map(found, "eta", "y", ax=ax, lines="all", legend=False)
        legend |= {label: entry for label, entry in take_legend(ax).items() if label not in legend}
        ax.set_title(f"{name}, x₀ = 0.1", loc="left", fontsize="medium")
        ax.set(xlabel="step size η", ylabel="y₀" if ax is axes[0] else "")
    return legend


def orbit(ax: Any) -> None:
    """Draw one run at the edge: s goes to the orbit of two steps, and the sharpness rises to 2/eta."""
    run = eos_sweep.trajectory("product", {"eta": ETA}, {"x": 0.01, "y": 20.0}, steps=30_000)
    ax.plot(run.step, np.abs(run.x * run.y), color=AMBER, linewidth=1.6, label="|s| = |xy|")
    ax.plot(run.step, run.sharpness / run.threshold, color=BLUE, linewidth=1.6, label="S · η/2")
    ax.plot(run.step, ETA * run.y**2 / 2, color=RED, linewidth=1.6, linestyle=(0, (5, 2)), label="y² · η/2")
    ax.axhline(1.0, color="0.3", linewidth=0.9, linestyle=":")
    ax.set(xscale="log", xlim=(1, 3e4), xlabel="gradient descent step", ylim=(0, 2.3))
    ax.set_title(f"log cosh, η = {ETA}, x₀ = 0.01, y₀ = 20", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(0.25, 0.27))


def ends(ax: Any) -> None:
    """Draw the final sharpness against that of gradient flow."""
    for k, (ell, name) in enumerate(NAMES.items()):
        flow = np.arange(5.0 * (k + 1), 400, 15)  # shifted, since the points would coincide
        y = np.sqrt(flow + START**2)
        found = eos_sweep.sweep("product", {"y": y}, {"eta": ETA, "ell": ell}, {"x": START}, steps=200_000)
        ax.plot(flow, found.sharpness_final, MARKERS[ell], color=COLOURS[ell], markersize=4, label=name)
    ax.plot([0, 2 / ETA, 400], [0, 2 / ETA, 2 / ETA], color="0.3", linewidth=0.9, linestyle=":")
    ax.set(xlabel="sharpness at the end of gradient flow, y₀² − x₀²", ylabel="final sharpness")
    ax.set_title(f"η = {ETA}, x₀ = {START:g}", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="lower right")


def gaps(ax: Any) -> None:
    """Draw the gap between the final sharpness and 2/eta."""
    eta = np.geomspace(0.01, 0.3, 14)
    for ell, name in NAMES.items():
        found = eos_sweep.sweep(
            "product",
            {"eta": eta},
            {"ell": ell},
            {"x": 0.01, "y": "1.2 * sqrt(2 / eta)"},
            steps=500_000,
            tolerance=1e-26,
        )
        ax.plot(eta, 2 / eta - found.sharpness_final, MARKERS[ell], color=COLOURS[ell], markersize=4, label=name)
        limit = float(final_gap(ELLS[ell]))
        ax.plot(eta, limit * eta, color=COLOURS[ell], linewidth=1.0)
        ax.annotate(f"{limit:g} η", (eta[5], limit * eta[5]), LABELS[ell], textcoords="offset points", fontsize="small")
    ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel="2/η − final sharpness")
    ax.set_title("the edge ends at 2/η − G η", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def main(folder: str = ".") -> None:
    figure = Figure(figsize=(10.5, 7.6), layout="constrained")
    axes = figure.subplots(2, 3, height_ratios=[1.1, 1])
    legend = regimes(axes[0], Path(folder))
    legend_above(figure, legend, columns=4)
    orbit(axes[1, 0])
    ends(axes[1, 1])
    gaps(axes[1, 2])
    save(figure, "product")


if __name__ == "__main__":
    main(*sys.argv[1:])

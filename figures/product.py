"""Regimes of l(xy) for three l, and where the edge of stability ends.  Writes figures/product.png.

    python figures/product.py [SIZE]

runs three maps of SIZE x SIZE trajectories (256 by default), and some hundred more for the panels below them.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import eos_sweep
from eos_sweep import models, plot

HERE = Path(__file__).parent
NAMES = {"log_cosh": "log cosh s", "logistic": "logistic loss", "sqrt": "√(1 + s²)"}
ELLS = {"log_cosh": 1.0, "logistic": 2.0, "sqrt": 0.0}
COLOURS = dict(zip(NAMES, ("#0063D2", "#8A0821", "#E69F00"), strict=True))
MARKERS = dict(zip(NAMES, "os^", strict=True))
LABELS = {"log_cosh": (-26, 5), "logistic": (7, -9), "sqrt": (7, -9)}  # where G stands beside a line, in points
ETA, START = 0.01, 5.0  # of the lower panels; x0


def regimes(axes: Any, size: int) -> dict[str, Any]:
    """Draw the phase diagrams over step size and y0; return what a legend shows of them."""
    legend: dict[str, Any] = {}
    for ax, (ell, name) in zip(axes, NAMES.items(), strict=True):
        grid = {"y": np.geomspace(0.3, 60, size), "eta": np.geomspace(1e-3, 3, size)}
        found = eos_sweep.sweep("product", grid, {"ell": ell}, {"x": 0.1}, steps=20_000)
        plot.regime_map(found, "eta", "y", ax=ax)
        for handle in ax.get_legend().legend_handles:
            label = handle.get_label().split("  ")[0]
            handle.set_label(label)
            legend.setdefault(label, handle)
        ax.get_legend().remove()
        ax.set_title(f"{name}, x₀ = 0.1", loc="left", fontsize="medium")
        ax.set(xlabel="step size η", ylabel="y₀" if ax is axes[0] else "")
    return legend


def orbit(ax: Any) -> None:
    """Draw one run at the edge: s goes to the orbit of two steps, and the sharpness rises to 2/eta."""
    run = eos_sweep.trajectory("product", {"eta": ETA}, {"x": 0.01, "y": 20.0}, steps=30_000)
    ax.plot(run.step, np.abs(run.x * run.y), color="#E69F00", linewidth=1.6, label="|s| = |xy|")
    ax.plot(run.step, run.sharpness / run.threshold, color="#0063D2", linewidth=1.6, label="S · η/2")
    ax.plot(run.step, ETA * run.y**2 / 2, color="#8A0821", linewidth=1.6, linestyle=(0, (5, 2)), label="y² · η/2")
    ax.axhline(1.0, color="0.3", linewidth=0.9, linestyle=":")
    ax.set(xscale="log", xlim=(1, 3e4), xlabel="gradient descent step", ylim=(0, 2.3))
    ax.set_title(f"log cosh, η = {ETA}, x₀ = 0.01, y₀ = 20", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(0.25, 0.27))


def ends(ax: Any) -> None:
    """Draw the final sharpness against that of gradient flow."""
    for turn, (ell, name) in enumerate(NAMES.items()):
        flow = np.arange(5.0 * (turn + 1), 400, 15)  # in turn, since they lie on each other
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
    model: Any = models.get("product")
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
        limit = float(model.final_gap(ELLS[ell]))
        ax.plot(eta, limit * eta, color=COLOURS[ell], linewidth=1.0)
        ax.annotate(f"{limit:g} η", (eta[5], limit * eta[5]), LABELS[ell], textcoords="offset points", fontsize="small")
    ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel="2/η − final sharpness")
    ax.set_title("the edge ends at 2/η − G η", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def main(size: str = "256") -> None:
    figure = Figure(figsize=(10.5, 7.6), layout="constrained")
    axes = figure.subplots(2, 3, height_ratios=[1.1, 1])
    legend = regimes(axes[0], int(size))
    areas = [handle for handle in legend.values() if not isinstance(handle, Line2D)]
    lines = [handle for handle in legend.values() if isinstance(handle, Line2D)]
    figure.legend(
        handles=areas + lines, loc="outside upper center", ncols=4, frameon=False, fontsize="small", handlelength=2.8
    )
    orbit(axes[1, 0])
    ends(axes[1, 1])
    gaps(axes[1, 2])
    plot.save(figure, HERE / "product.png")


if __name__ == "__main__":
    main(*sys.argv[1:])

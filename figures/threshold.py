"""The bias that a threshold neuron learns, against the step size.  Writes figures/threshold.png.

    python figures/threshold.py [FOLDER]

runs a thousand trajectories of the model ``threshold`` into a store in FOLDER (the current one by default), if they are
not there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored_sweeps import save

import eos_sweep
from eos_sweep import models
from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED

D = 200.0
EDGE = 8 * np.pi / D**2
ETAS = np.geomspace(0.02, 20, 301) * EDGE
COLOURS = {0.1: BLUE, 1.0: AMBER, 10.0: RED}  # of the start A0
DASHES: dict[float, Any] = {0.1: "-", 1.0: (0, (6, 2)), 10.0: (0, (2, 1.2))}
MODEL: Any = models.get("threshold")


def biases(folder: str) -> Any:
    """Return where the bias ends, over starts and step sizes."""
    starts = {"A": np.array([*COLOURS]), "eta": ETAS}
    out = Path(folder) / "threshold_biases.zarr"
    found = eos_sweep.sweep("threshold", starts, {"d": D}, {"b": 0.0}, steps=300_000, tolerance=1e-24, out=out)
    return found.b_final.load()


def bias(ax: Any, found: Any, logarithmic: bool) -> None:
    """Draw the final bias: itself, or minus it on a logarithmic scale, with gradient flow's."""
    sign = -1 if logarithmic else 1
    for start, colour in COLOURS.items():
        ends = sign * found.sel(A=start)
        ax.plot(ETAS, ends, color=colour, linestyle=DASHES[start], linewidth=1.6, label=f"A₀ = {start:g}")
        if logarithmic:
            flow = -float(MODEL.gradient_flow_bias(start, D))
            ax.plot(ETAS[[0, 90]], [flow, flow], color=colour, linewidth=4.5, alpha=0.3)
    beyond = ETAS[ETAS > EDGE]
    limit = sign * MODEL.edge_bias(beyond, D)
    ax.plot(beyond, limit, color="black", linewidth=1.2, linestyle=":", label="b* = g⁻¹(2/(d√η))")
    ax.axvline(EDGE, color="0.3", linewidth=0.9)
    ax.annotate("8π/d²", (EDGE, 0.04), (4, 0), xycoords=("data", "axes fraction"), textcoords="offset points")
    ax.set(xscale="log", xlabel="step size η", yscale="log" if logarithmic else "linear")
    ax.set_ylabel("− final bias" if logarithmic else "final bias b")
    if logarithmic:
        ax.set_ylim(2e-8, 3)


def run(ax: Any) -> None:
    """Draw one run at the edge."""
    eta = 2 * EDGE
    found = eos_sweep.trajectory("threshold", {"eta": eta, "d": D}, {"A": 1.0, "b": 0.0}, steps=300)
    ax.plot(found.step, found.sharpness / found.threshold, color=BLUE, linewidth=1.4, label="S · η/2")
    ax.plot(found.step, abs(found.A) / 10, color=AMBER, linewidth=1.4, label="|A|/10")
    ax.plot(found.step, found.b, color=RED, linewidth=1.8, linestyle=(0, (5, 2)), label="b")
    ax.axhline(1.0, color="0.3", linewidth=0.9, linestyle=":")
    ax.set(xlabel="gradient descent step", xlim=(0, 300))
    ax.legend(frameon=False, fontsize="small", loc="upper right")


def main(folder: str = ".") -> None:
    figure = Figure(figsize=(10.5, 3.7), layout="constrained")
    axes = figure.subplots(1, 3)
    found = biases(folder)
    bias(axes[0], found, logarithmic=False)
    axes[0].set_title("a threshold is learnt only beyond 8π/d²", loc="left", fontsize="medium")
    axes[0].legend(frameon=False, fontsize="small", loc="lower left")
    bias(axes[1], found, logarithmic=True)
    axes[1].set_title("pale: the bias of gradient flow", loc="left", fontsize="medium")
    run(axes[2])
    axes[2].set_title("one run: η = 16π/d², A₀ = 1", loc="left", fontsize="medium")
    save(figure, "threshold")


if __name__ == "__main__":
    main(*sys.argv[1:])

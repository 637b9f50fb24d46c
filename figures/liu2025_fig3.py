"""Sharpness where gradient flow would end, between its bounds.  Writes figures/liu2025_fig3.png.

    python figures/liu2025_fig3.py [FOLDER]

keeps the run of sweeps/liu2025_fig3.toml, step by step, in FOLDER (the current one by default), and prints how close it
comes to its bounds.
"""

import sys

import liu2025
import numpy as np
import xarray as xr
from liu2025 import DASHED, DOTTED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED
from eos_sweep.models import bivariate_theory


def bounds(run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and the upper bound on the sharpness of the gradient-flow solution, at each step."""
    given = (run[name].values for name in ("lambda1", "alpha", "beta2", "radius"))
    return bivariate_theory.gradient_flow_sharpness_bounds(*given)


def draw(runs: xr.Dataset) -> Figure:
    run = runs.isel(eta=0)
    flow, (lower, upper) = run.flow_sharpness.values, bounds(run)
    rooms = {"lower": (flow - lower) / flow, "upper": (upper - flow) / flow}
    for name, room in rooms.items():
        print(f"figure 3: φ and its {name} bound are {float(room.min()):.1e} to {float(room.max()):.1e} of φ apart")
    figure = liu2025.canvas(7.0, 3.4)
    left, right = figure.subplots(1, 2)
    left.plot(run.step, upper, color=RED, linestyle=DASHED, label="λ₁/β₂²")
    left.plot(run.step, flow, color=BLUE, linewidth=2.4, label="φ")
    left.plot(run.step, lower, color=AMBER, linestyle=DOTTED, label="λ₁ h(α² − radius² − β₂²)")
    left.plot(run.step, run.sharpness, color="0.6", linewidth=0.7, label="S")
    left.axhline(run.threshold, color="black", linestyle=DASHED, linewidth=0.8, label="2/η")
    left.set(yscale="log", ylabel="sharpness", xlabel="gradient descent step t")
    left.set_yticks([20, 30, 50, 100, 200, 400], labels=["20", "30", "50", "100", "200", "400"])
    left.set_yticks([], minor=True)
    liu2025.header(left, "φ: where gradient flow would end")
    left.legend(loc="upper right", **liu2025.LEGEND)
    right.plot(run.step, rooms["upper"], color=RED, linestyle=DASHED, label="(λ₁/β₂² − φ)/φ")
    right.plot(run.step, rooms["lower"], color=AMBER, linewidth=0.7, label="(φ − λ₁ h(α² − radius² − β₂²))/φ")
    right.set(yscale="log", ylim=(1e-5, 10), xlabel="gradient descent step t")
    liu2025.header(right, "distance to the bounds; 0 where |β₁| = radius")
    right.legend(loc="upper right", **liu2025.LEGEND)
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_fig3", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

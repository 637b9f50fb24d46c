"""A run without a bound on beta1: alpha flips its sign.  Writes figures/liu2025_fig14.png.

    python figures/liu2025_fig14.py [FOLDER]

keeps the run of sweeps/liu2025_fig14.toml, step by step, in FOLDER (the current one by default), and prints when alpha
flips and where the run rests.
"""

import sys

import liu2025
import numpy as np
import xarray as xr
from liu2025 import DASHED, DOTTED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE


def flips(run: xr.Dataset) -> np.ndarray:
    """Return the steps on which alpha changed its sign."""
    return np.flatnonzero(np.diff(np.signbit(run.alpha.values))) + 1


def draw(runs: xr.Dataset) -> Figure:
    run = runs.isel(eta=0)
    at, plateau = flips(run), float(run.lambda2 / 2)
    print(f"figure 14: α flips at steps {', '.join(map(str, at))}")
    print(f"figure 14: at the end α = {float(run.alpha[-1]):.3e}, L = {float(run.loss[-1]):.6f}, λ₂/2 = {plateau:g}")
    figure = liu2025.canvas(7.0, 4.8)
    axes = figure.subplots(3, 2, sharex="col", width_ratios=[1.7, 1.0])
    for whole, (sharpness, weights, loss) in zip((True, False), axes.T, strict=True):
        marker = {} if whole else {"marker": ".", "markersize": 4}
        sharpness.plot(run.step, run.sharpness, color=BLUE, label="sharpness S", **marker)
        sharpness.axhline(run.threshold, color="black", linestyle=DASHED, linewidth=0.8, label="2/η")
        weights.plot(run.step, run.alpha, color=BLUE, label="α", **marker)
        weights.plot(run.step, run.beta1, color=AMBER, label="β₁", **marker)
        weights.axhline(0.0, color="black", linewidth=0.6)
        loss.plot(run.step, run.loss, color=BLUE, label="loss L", **marker)
        loss.axhline(plateau, color="black", linestyle=DOTTED, label="λ₂/2")
        loss.set(yscale="log", xlabel="gradient descent step t", xlim=(0, 10_000) if whole else (5818, 5840))
    for ax, name in zip(axes[:, 0], ("sharpness S", "weights", "loss L"), strict=True):
        ax.set_ylabel(name)
        liu2025.header(ax, "", columns=2)
    axes[1, 1].set_yscale("symlog", linthresh=1e-4)
    axes[1, 1].set(ylim=(-3, 3), yticks=[-1, -1e-2, -1e-4, 0, 1e-4, 1e-2, 1])
    liu2025.header(axes[0, 1], "the same about the flips")
    liu2025.header(axes[1, 1], f"α flips at steps {at[0]} to {at[-1]}")
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_fig14", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The losses of a run at the edge of stability, and their slopes.  Writes figures/liu2025_fig2.png.

    python figures/liu2025_fig2.py [FOLDER]

keeps the run of sweeps/liu2025_fig2.toml, step by step, in FOLDER (the current one by default), and prints the slopes.
"""

import sys

import liu2025
import numpy as np
import xarray as xr
from liu2025 import DASHED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED


def draw(runs: xr.Dataset) -> Figure:
    run = runs.isel(eta=0)
    stretch, law = liu2025.edge(run), liu2025.edge_slope(run)
    losses = {
        "L": (run.loss.values, "0.65", "-"),
        "L₂": (run.loss_relevant.values, BLUE, "-"),
        "L̂": (liu2025.surrogate_loss(run), RED, DASHED),
    }
    figure = liu2025.canvas(7.0, 3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for name, (loss, colour, dashes) in losses.items():
        words = f"slope of log {name} = {liu2025.beside_law(liu2025.slope(loss, stretch), law)}"
        left.plot(run.step, loss, color=colour, linestyle=dashes, label=words)
        print("figure 2:", words)
    steps = np.array([stretch.start, stretch.stop - 1])
    beside = 0.3 * liu2025.surrogate_loss(run)[stretch.start] * np.exp(law * (steps - steps[0]))
    words = f"2 log(1 − 2λ₂/λ₁) = {1e4 * law:.3f} · 10⁻⁴".replace("-", "−")
    left.plot(steps, beside, color="black", linewidth=0.8, label=words)
    print("figure 2:", words)
    liu2025.header(left, f"slopes per step, over steps {steps[0]} to {steps[1]}")
    left.legend(loc="lower left", **liu2025.LEGEND)
    left.set(yscale="log", ylim=(1e-7, 0.2), ylabel="loss", xlabel="gradient descent step t")
    right.plot(run.step, run.loss_irrelevant, color=AMBER, label="L₁")
    right.plot(run.step, run.loss_relevant, color=BLUE, label="L₂")
    least = (2 * run.log10_abs_beta1 + np.log10(run.lambda1 * run.alpha**2 / 2)).min()
    liu2025.header(right, f"L₁ falls to $10^{{{float(least):.0f}}}$ between spikes", columns=2)
    right.set(xlabel="gradient descent step t")
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_fig2", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""One start, four step sizes, one rate of decay.  Writes figures/liu2025_eta.png.

    python figures/liu2025_eta.py [FOLDER]

keeps the runs of sweeps/liu2025_eta.toml, step by step, in FOLDER (the current one by default), and prints the slopes.
"""

import sys

import liu2025
import xarray as xr
from liu2025 import DASHED, DOTTED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE, GREEN, RED

LOOKS = (BLUE, "-"), (AMBER, DASHED), (RED, (0, (7, 2, 1.3, 2))), (GREEN, DOTTED)
ALLOWED = 0.03  # share of the law by which a slope may differ


def draw(runs: xr.Dataset) -> Figure:
    figure = liu2025.canvas(7.0, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1.0])
    law = liu2025.edge_slope(runs)
    for (eta, run), (colour, dashes) in zip(runs.groupby("eta"), LOOKS, strict=True):
        run = run.isel(eta=0)
        loss, stretch = liu2025.surrogate_loss(run), liu2025.edge(run)
        found = liu2025.slope(loss, stretch)
        words = f"{liu2025.beside_law(found, law)}, steps {stretch.start} to {stretch.stop - 1}"
        print(f"four step sizes: η = {eta:g}: slope of log L̂ = {words}")
        left.plot(run.step, loss, color=colour, linestyle=dashes, label=f"η = {eta:g}: {words}")
        right.plot(eta, 1e4 * found, "o", color=colour)
    right.axhline(1e4 * law, color="black", linewidth=0.8)
    right.axhspan(1e4 * law * (1 - ALLOWED), 1e4 * law * (1 + ALLOWED), color="0.93")
    right.annotate("2 log(1 − 2λ₂/λ₁)", (0.042, 1e4 * law), (0, -10), textcoords="offset points")
    right.annotate(f"± {100 * ALLOWED:.0f} %", (0.042, 1e4 * law * (1 + ALLOWED)), (0, 4), textcoords="offset points")
    liu2025.header(right, "the slope hardly depends on η")
    right.set(xlabel="step size η", ylabel="slope of log L̂ per 10 000 steps", xlim=(0.04, 0.13), ylim=(-4.15, -3.85))
    right.set_xticks(runs.eta.values)
    left.set(yscale="log", ylim=(3e-6, 5e-3), ylabel="surrogate loss L̂", xlabel="gradient descent step t")
    left.legend(loc="lower left", **liu2025.LEGEND)
    liu2025.header(left, "L̂ from one start, and its slopes per step on the edge")
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_eta", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

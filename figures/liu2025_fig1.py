"""Loss and sharpness of a run at the edge of stability.  Writes figures/liu2025_fig1.png.

    python figures/liu2025_fig1.py [FOLDER]

keeps the run of sweeps/liu2025_fig1.toml, step by step, in FOLDER (the current one by default).
"""

import sys

import liu2025
import xarray as xr
from liu2025 import DASHED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE


def draw(runs: xr.Dataset) -> Figure:
    run = runs.isel(eta=0)
    up = liu2025.crossings(run)
    print(f"figure 1: first above 2/η at step {up[0]}; {up.size} rises above it")
    figure = liu2025.canvas(7.0, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[1.2, 1.0])
    upper.plot(run.step, run.sharpness, color=BLUE, label="sharpness S")
    upper.axhline(run.threshold, color="black", linestyle=DASHED, label="2/η")
    upper.plot(up, run.sharpness[up], "|", color=AMBER, markersize=9, label="S rises above 2/η")
    liu2025.header(upper, f"first above 2/η at step {up[0]}; {up.size} times in all", columns=3)
    upper.set(ylabel="sharpness S")
    lower.plot(run.step, run.loss, color=BLUE)
    lower.set(yscale="log", ylabel="loss L", xlabel="gradient descent step t")
    liu2025.header(lower, "the loss falls in spikes")
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_fig1", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

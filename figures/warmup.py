"""How far a linear warmup lets the step size rise.  Writes figures/warmup.png.

    python figures/warmup.py [FOLDER]

runs sweeps/warmup.toml into a store in FOLDER (the current one by default), as far as it is not there.  Prints the
largest step size below which no run diverges, for some lengths of the warmup, and its power law.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from panels import SMALL, take_legend
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures.style import HALO, HALO_WIDTH
from eos_sweep.analysis.slices import cell_edges

DASHES = {2.0: "--", 4.0: "-"}  # of the lines at multiples of 1/lambda0
LONG = 64  # steps of a warmup from which the power law is fitted
PRINTED = (1, 4, 16, 64, 128, 256)  # lengths of the warmup


def trainable(dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the step size up to which no run diverges, and the largest one with which one does not, over W."""
    bounded = (dataset.regime != regimes.CODES["divergence"]).transpose("warmup_steps", "eta").values
    eta = dataset.eta.values
    return eta[(~bounded).argmax(axis=1) - 1], eta[eta.size - 1 - bounded[:, ::-1].argmax(axis=1)]


def lines(ax: Any, sharpness: float) -> list[Line2D]:
    """Draw 2/lambda0 and 4/lambda0; return entries of a legend."""
    for multiple, dashes in DASHES.items():
        at, label = multiple / sharpness, f"η = {multiple:g}/S(θ₀)"
        ax.axvline(at, linewidth=1.6 + HALO_WIDTH, **HALO)
        ax.axvline(at, color="black", linewidth=1.6, linestyle=dashes, zorder=2.2, label=label)
    return ax.lines[1::2]


def main(folder: str = ".") -> None:
    dataset = stored("warmup", Path(folder))
    start = float(dataset.sharpness_initial.max())
    warmup, eta = dataset.warmup_steps.values, dataset.eta.values
    safe, last = trainable(dataset)
    for w in PRINTED:
        k = int(abs(warmup - w).argmin())
        bounds = f"{safe[k] * start:.2f}/S0, all beyond {last[k] * start:.2f}/S0"
        print(f"W = {warmup[k]:g}: none diverges up to eta = {bounds}; eta/W = {last[k] / warmup[k]:.5f}")
    k, bounded = warmup.size - 1, (dataset.regime != regimes.CODES["divergence"]).sel(warmup_steps=warmup[-1])
    inside = eta[~bounded.values & (eta < last[k])] / warmup[k]
    print(f"within them diverge eta/W = {inside.min():.5f} to {inside.max():.5f} at W = {warmup[k]:g}")
    law = eos_sweep.power_law(warmup[warmup >= LONG], last[warmup >= LONG])
    words = f"exponent {law.exponent:.2f} ({law.exponent_low:.2f} to {law.exponent_high:.2f})"
    print(f"from W = {LONG} on the second grows with {words}")

    figure = Figure(figsize=(10.5, 4.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    plot.regime_map(dataset, "eta", "warmup_steps", ax=left, lines=False, legend=False)
    found = take_legend(left)
    found |= {str(line.get_label()): line for line in lines(left, start)}
    left.set_title("regimes", loc="left", fontsize="medium")
    bounded = (dataset.regime != regimes.CODES["divergence"]).transpose("warmup_steps", "eta").values
    final = np.where(bounded, dataset.sharpness_final.transpose("warmup_steps", "eta").values, np.nan)
    edges = [cell_edges(values) for values in (eta, warmup)]
    mesh = right.pcolormesh(*edges, final, norm=LogNorm(2.0, start), cmap="viridis", rasterized=True)
    lines(right, start)
    right.set(xscale="log", xlabel=left.get_xlabel(), xlim=left.get_xlim())
    right.set_title("final sharpness; white: diverged", loc="left", fontsize="medium")
    bar = figure.colorbar(mesh, ax=right, location="right", aspect=30, ticks=[2, 5, 10, 20, 36], format="%g")
    bar.ax.minorticks_off()
    title = "Gradient descent with a linear warmup of W steps on ½(xy − 1)² from (6, 0.1), noise 10⁻³, 2000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    figure.legend(handles=list(found.values()), loc="outside lower left", ncols=6, frameon=False, fontsize=SMALL)
    save(figure, "warmup")


if __name__ == "__main__":
    main(*sys.argv[1:])

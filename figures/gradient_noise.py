"""Shares of regimes among seeds of gradient noise, over its size and the step size.  Writes figures/gradient_noise.png.

    python figures/gradient_noise.py [FOLDER]

runs sweeps/gradient_noise.toml into a store in FOLDER (the current one by default), as far as it is not there.  Prints
the shares for some sizes of the noise, and where the seeds of a cell disagree.
"""

import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from panels import SMALL, label_outer_panels
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep.analysis.slices import cell_edges
from eos_sweep.models import bivariate_theory

DRAWN = ("edge_of_stability", "sign_flip", "progressive_sharpening")
FROM = 0.04  # step size, twice that of the onset, from which the power law of sign flips is fitted
PRINTED = (1e-3, 1e-2, 1e-1, 1.0)  # sizes of the noise


def tell(shares: Any) -> None:
    """Print the shares of regimes over all step sizes, and of cells whose seeds disagree."""
    for sigma in PRINTED:
        row = shares.sel(noise=sigma, method="nearest").mean("eta")
        words = ", ".join(f"{name} {100.0 * float(row.sel(regime=name)):.1f}" for name in DRAWN)
        print(f"sigma = {sigma:g}: {words}")
    flips = shares.sel(regime="sign_flip").transpose("eta", "noise").values >= 0.5
    eta, sigma = shares.eta.values, shares.noise.values[flips.argmax(axis=1)]
    law = eos_sweep.power_law(eta[eta > FROM], sigma[eta > FROM])
    words = f"{law.exponent:.2f} ({law.exponent_low:.2f} to {law.exponent_high:.2f})"
    print(f"sigma with which half of the seeds flip, from eta = {FROM} on, has exponent {words}", end=": ")
    print(", ".join(f"{sigma[abs(eta - at).argmin()]:.3f} at eta = {at}" for at in (0.05, 0.1, 0.4)))
    disagree = shares.max("regime") < 1.0
    print(f"the seeds of {100.0 * float(disagree.mean()):.1f} % of cells do not all have one regime")


def main(folder: str = ".") -> None:
    dataset = stored("gradient_noise", Path(folder), variables=("regime", "settled"))
    shares = eos_sweep.shares(dataset.regime, "noise", "eta")
    tell(shares)
    edges = [cell_edges(dataset[name].values) for name in ("eta", "noise")]
    onset = float(bivariate_theory.onset_step_size(100.0, 0.5, 0.05, 0.5))
    figure = Figure(figsize=(11.0, 4.2), layout="constrained")
    axes = figure.subplots(1, 3, sharex=True, sharey=True)
    for ax, name in zip(axes, DRAWN, strict=True):
        values = 100.0 * shares.sel(regime=name).transpose("noise", "eta").values
        mesh = ax.pcolormesh(*edges, values, cmap="viridis", vmin=0.0, vmax=100.0, rasterized=True)
        ax.axvline(onset, color="white", linewidth=1.6, linestyle="--")
        ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel="size of the noise σ")
        ax.set_title(f"{name.replace('_', ' ')}: {values.mean():.1f} %", loc="left", fontsize=SMALL)
    label_outer_panels(axes)
    figure.colorbar(mesh, ax=axes, location="right", aspect=30, label="% of the seeds")
    title = "Gradient noise of size σ, 16 seeds, λ₁ = 100, λ₂ = 0.01, |β₁| ≤ 0.0527, 10,000 steps; dashed: η = 2/φ(θ₀)"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    save(figure, "gradient_noise")


if __name__ == "__main__":
    main(*sys.argv[1:])

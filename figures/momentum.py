"""Heavy ball momentum: where its edge of stability begins, over step size and momentum.  Writes figures/momentum.png.

    python figures/momentum.py [FOLDER]

runs sweeps/momentum.toml and two variations on q = eta lambda1/(1 + beta) into stores in FOLDER (the current one by
default), as far as they are not there.  Prints shares of regimes, and the measured onset of the edge over the formula.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import EDGE, SMALL, legend, panel
from stored_sweeps import save, spec_of, stored

from eos_sweep import regimes
from eos_sweep.analysis.pictures.style import COLOURS
from eos_sweep.models import bivariate_theory

LAMBDA1 = (10.0, 100.0, 1000.0)
GROUP = {"symbol": "q = ηλ₁/(1 + β)", "long_name": "step size over the edge"}
DRAWN = (0.0, 0.5, 0.9, 0.95)  # momenta whose shares are printed


def normalised(folder: Path) -> Any:
    """Return the map over q in place of the step size."""
    spec = spec_of("momentum").to_dict()
    axes = {"momentum": spec["axes"]["momentum"], "q": {"log": [0.25, 50, 384]} | GROUP}
    parameters = spec["parameters"] | {"eta": "q * (1 + momentum) / lambda1"}
    return stored("momentum", folder, "_normalised", axes=axes, parameters=parameters, variables=("regime", "settled"))


def onset(folder: Path) -> Any:
    """Return the step size at which runs first cross the edge, over that of the formula, for each momentum."""
    parameters = spec_of("momentum").to_dict()["parameters"] | {"eta": "q * (1 + momentum) / lambda1"}
    del parameters["lambda1"]
    q = {"linear": [1.9, 2.3, 801]} | GROUP
    axes = {"lambda1": list(LAMBDA1), "momentum": {"linear": [0, 0.98, 50]}, "q": q}
    found = stored("momentum", folder, "_onset", axes=axes, parameters=parameters, variables=("crossings",))
    crossed = (found.crossings > 0).transpose("lambda1", "momentum", "q")
    first = found.q[crossed.argmax("q")].where(crossed.any("q"))
    flow = bivariate_theory.gradient_flow_sharpness(1.0, 0.5, 0.05, 0.5)  # phi/lambda1 at the start
    return first * flow / 2.0


def print_shares(name: str, dataset: Any) -> None:
    """Print the shares of regimes at some momenta, in percent."""
    for beta in DRAWN:
        row = dataset.regime.sel(momentum=beta, method="nearest")
        found = {one: 100.0 * float((row == code).mean()) for one, code in regimes.CODES.items()}
        words = ", ".join(f"{one} {share:.1f}" for one, share in found.items() if share)
        print(f"{name}, beta = {float(row.momentum):.3f}: {words}")


def main(folder: str = ".") -> None:
    place = Path(folder)
    plain, group = stored("momentum", place, variables=("regime", "settled")), normalised(place)
    print_shares("eta from 0.005 to 0.5", plain)
    over = onset(place)
    for lambda1, row in zip(LAMBDA1, over.values, strict=True):
        print(f"lambda1 = {lambda1:g}: measured onset over the formula {np.nanmin(row):.4f} to {np.nanmax(row):.4f}")
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    axes = figure.subplots(1, 3)
    title = "Heavy ball momentum, λ₁ = 100, λ₂ = 0.01, |β₁| ≤ 0.0527, θ₀ = (0.5, 0.05, 0.5), 10,000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    found = panel(axes[0], plain, "eta", "momentum", title="step size: {edge}")
    found |= panel(axes[1], group, "q", "momentum", title="step size over the edge: {edge}")
    axes[1].set_ylabel("")
    for lambda1, row, colour in zip(LAMBDA1, over, COLOURS, strict=False):
        axes[2].plot(row, over.momentum, color=colour, linewidth=1.4, label=f"λ₁ = {lambda1:g}")
    axes[2].axvline(1.0, color="black", linewidth=1.0, linestyle="--", label="2(1 + β)/η = φ(θ₀)")
    axes[2].set(xlabel="measured onset over the formula", ylim=axes[0].get_ylim())
    axes[2].set_title("first crossing of the edge", loc="left", fontsize=SMALL)
    axes[2].tick_params(labelsize=SMALL)
    axes[2].xaxis.label.set_size(SMALL)
    axes[2].legend(frameon=False, fontsize=SMALL)
    legend(figure, found, "outside lower left", 4)
    save(figure, "momentum")


if __name__ == "__main__":
    main(*sys.argv[1:])

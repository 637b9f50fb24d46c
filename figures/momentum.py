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
from panels import SMALL, legend, panel
from stored_sweeps import save, spec_of, stored

from eos_sweep import regimes
from eos_sweep.analysis.pictures.style import COLOURS
from eos_sweep.models import bivariate_theory

RATIOS = (1e-4, 1e-3, 1e-2)  # of lambda2 to lambda1
BETA1 = 1e-3  # at the start of the runs that measure the onset
GROUP = {"symbol": "q = ηλ₁/(1 + β)", "long_name": "step size over the edge"}
DRAWN = (0.0, 0.5, 0.9, 0.95)  # momenta whose shares are printed


def normalised(folder: Path) -> Any:
    """Return the map over q in place of the step size."""
    spec = spec_of("momentum").to_dict()
    axes = {"momentum": spec["axes"]["momentum"], "q": {"log": [0.25, 50, 384]} | GROUP}
    parameters = spec["parameters"] | {"eta": "q * (1 + momentum) / lambda1"}
    return stored("momentum", folder, "_normalised", axes=axes, parameters=parameters, variables=("regime", "settled"))


def onset(folder: Path) -> Any:
    """Return q at which runs first cross the edge, over that of the formula, for each lambda2/lambda1 and momentum."""
    spec = spec_of("momentum").to_dict()
    axes = {"ratio": list(RATIOS), "momentum": {"linear": [0, 0.96, 25]}, "q": {"linear": [1.7, 2.1, 161]} | GROUP}
    parameters = spec["parameters"] | {"eta": "q * (1 + momentum) / lambda1", "lambda2": "ratio * lambda1"}
    changes = {"axes": axes, "parameters": parameters, "initial": spec["initial"] | {"beta1": BETA1}, "steps": 200_000}
    found = stored("momentum", folder, "_onset", variables=("crossings",), **changes)
    crossed = (found.crossings > 0).transpose("ratio", "momentum", "q")
    first = found.q[crossed.argmax("q")].where(crossed.any("q") & ~crossed.isel(q=0))  # else it is off the axis
    return first / bivariate_theory.onset_step_size(1.0, 0.5, BETA1, 0.5)


def overshooting(ratio: float) -> float:
    """Return the momentum beyond which the relevant feature swings about its minimum, at the onset.

    There eta 2 lambda2 = (1 - sqrt(beta))^2, with the curvature 2 lambda2 at alpha = beta2 = 1 and eta = 2 (1 +
    beta)/lambda1.
    """
    share = 1.0 - 4.0 * ratio
    return ((1.0 - np.sqrt(1.0 - share**2)) / share) ** 2


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
    for ratio, row in zip(RATIOS, over.values, strict=True):
        print(
            f"lambda2/lambda1 = {ratio:g}: swings beyond beta = {overshooting(ratio):.3f}; onset over the formula:",
            *row.round(3),
        )
    figure = Figure(figsize=(10.5, 4.6), layout="constrained")
    axes = figure.subplots(1, 3)
    title = "Heavy ball momentum, λ₁ = 100, λ₂ = 0.01, |β₁| ≤ 0.0527, θ₀ = (0.5, 0.05, 0.5), 10,000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    found = panel(axes[0], plain, "eta", "momentum", title="step size: {edge}")
    found |= panel(axes[1], group, "q", "momentum", title="step size over the edge: {edge}")
    axes[1].set_ylabel("")
    for ratio, row, colour in zip(RATIOS, over, COLOURS, strict=False):
        axes[2].plot(row, over.momentum, color=colour, linewidth=1.4, label=f"λ₂/λ₁ = {ratio:g}")
        axes[2].axhline(overshooting(ratio), color=colour, linewidth=0.9, linestyle=":")
    axes[2].axvline(1.0, color="black", linewidth=1.0, linestyle="--", label="2(1 + β)/η = φ(θ₀)")
    axes[2].set(xlabel="measured onset over the formula", ylim=axes[0].get_ylim())
    axes[2].set_title("first crossing of the edge; dotted: swings begin", loc="left", fontsize=SMALL)
    axes[2].tick_params(labelsize=SMALL)
    axes[2].xaxis.label.set_size(SMALL)
    axes[2].legend(frameon=False, fontsize=SMALL)
    legend(figure, found, "outside lower left", 4)
    save(figure, "momentum")


if __name__ == "__main__":
    main(*sys.argv[1:])

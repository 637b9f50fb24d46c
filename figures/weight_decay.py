"""Where weight decay holds the sharpness below the edge.  Writes figures/weight_decay.png.

    python figures/weight_decay.py [FOLDER]

runs sweeps/weight_decay.toml, and variations of it under other rules, into stores in FOLDER (the current one by
default), as far as they are not there.  Prints shares of the edge of stability with and without decay, and on how many
cells L2 and decoupled decay have the same label.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from panels import EDGE, legend, panel
from stored_sweeps import save, spec_of, stored

from eos_sweep.analysis.pictures.style import HALO, HALO_WIDTH, PINK

MOMENTUM = 0.5
RULES = {  # suffix of the store -> rule, title, momentum
    "": ("l2", "gradient descent, L2", 0.0),
    "_decoupled": ("decoupled_decay", "gradient descent, decoupled decay", 0.0),
    "_momentum_l2": ("heavy_ball + l2", "heavy ball β = 0.5, L2", MOMENTUM),
    "_momentum": ("heavy_ball + decoupled_decay", "heavy ball β = 0.5, decoupled decay", MOMENTUM),
}
DRAWN = ("", "_momentum")


def swept(folder: Path) -> dict[str, Any]:
    """Return the map under each rule."""
    parameters = spec_of("weight_decay").to_dict()["parameters"]
    found = {}
    for suffix, (rule, _, momentum) in RULES.items():
        own = {"momentum": momentum} if momentum else {}
        changes = {"rule": rule, "parameters": parameters | own}
        found[suffix] = stored("weight_decay", folder, suffix, variables=("regime", "settled"), **changes)
    return found


def balanced(dataset: Any, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """Return where the balanced minimum is at the edge: eta over the decay, for L2 and decoupled decay alike.

    At alpha^2 = beta2^2 = 1 - lambda/lambda2 the sharpness is lambda1 (1 - lambda/lambda2); decay adds lambda to the
    eigenvalue, up to terms of eta lambda beta under momentum.
    """
    lambda1, lambda2 = float(dataset.lambda1), float(dataset.lambda2)
    decay = lambda2 * (1.0 - np.geomspace(1.0, 1e-4, 400))
    return decay, 2.0 * (1.0 + momentum) / (lambda1 * (1.0 - decay / lambda2) + decay)


def line(ax: Any, dataset: Any, momentum: float) -> Line2D:
    """Draw where the balanced minimum is at the edge, and where decay extinguishes the weights; return the first."""
    decay, eta = balanced(dataset, momentum)
    ax.plot(eta, decay, linewidth=1.6 + HALO_WIDTH, **HALO)
    ax.axhline(float(dataset.lambda2), color=PINK, linewidth=1.4, linestyle=":", label="λ = λ₂")
    label = r"$\lambda_1(1 - \lambda/\lambda_2) = 2(1+\beta)/\eta - \lambda$"
    return ax.plot(eta, decay, color="black", linewidth=1.6, linestyle="--", label=label)[0]


def tell(found: dict[str, Any]) -> None:
    """Print how often runs with a step size for which little decay leads to the edge are there, over the decay."""
    for suffix, (rule, _, momentum) in RULES.items():
        regime = found[suffix].regime
        steep = regime.where(regime.eta > 2.0 * (1.0 + momentum) / 100.0, drop=True)
        for decay in (1e-5, 1e-4, 1e-3, 3e-3, 1e-2):
            row = steep.sel(weight_decay=decay, method="nearest")
            share = 100.0 * float((row == EDGE).mean())
            print(f"{rule}, lambda = {float(row.weight_decay):.2g}: {share:.1f} % of eta > 2(1 + beta)/lambda1 at the edge")
    for first, second in (("", "_decoupled"), ("_momentum_l2", "_momentum")):
        same = 100.0 * float((found[first].regime == found[second].regime).mean())
        print(f"{RULES[first][0]} and {RULES[second][0]}: the same label on {same:.2f} % of cells")


def main(folder: str = ".") -> None:
    found = swept(Path(folder))
    tell(found)
    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    entries: dict[str, Any] = {}
    for ax, suffix in zip(figure.subplots(1, 2, sharey=True), DRAWN, strict=True):
        _, title, momentum = RULES[suffix]
        entries |= panel(ax, found[suffix], "eta", "weight_decay", title=f"{title}: {{edge}}")
        entries |= {str(one.get_label()): one for one in (line(ax, found[suffix], momentum), ax.lines[-2])}
        ax.label_outer()
    title = "Weight decay in Liu's model, λ₁ = 100, λ₂ = 0.01, |β₁| ≤ 0.0527, θ₀ = (0.5, 0.05, 0.5), 40,000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    legend(figure, entries, "outside lower left", 4)
    save(figure, "weight_decay")


if __name__ == "__main__":
    main(*sys.argv[1:])

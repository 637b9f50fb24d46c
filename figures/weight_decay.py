"""Where weight decay holds the sharpness below the edge.  Writes figures/weight_decay.png.

    python figures/weight_decay.py [FOLDER]

runs sweeps/weight_decay.toml, and variations of it under other rules, into stores in FOLDER (the current one by
default), as far as they are not there.  Prints the largest decay with an edge of stability beside that of the formula,
and on how many cells L2 and decoupled decay have the same label.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from panels import EDGE, SMALL, legend, panel
from stored_sweeps import save, spec_of, stored

from eos_sweep.analysis.pictures.style import HALO, HALO_WIDTH, PINK

MARGIN = 1.02  # times the decay of the line: beyond it a cell is above the line
STEPS = (1.25, 2.0, 3.0)  # printed, step sizes in units of 2(1 + beta)/lambda1


class Panel(NamedTuple):
    """A rule, and how far its momentum weakens the decay."""

    rule: str
    title: str
    momentum: float = 0.0
    weaker: float = 1.0  # decoupled decay does not pass through momentum, which multiplies the gradient by 1/(1 - beta)


PANELS = {  # by the suffix of the store
    "": Panel("l2", "gradient descent, L2"),
    "_decoupled": Panel("decoupled_decay", "gradient descent, decoupled decay"),
    "_momentum_l2": Panel("heavy_ball + l2", "heavy ball β = 0.5, L2", 0.5),
    "_momentum": Panel("heavy_ball + decoupled_decay", "heavy ball β = 0.5, decoupled", 0.5, 0.5),
}
SAME = (("", "_decoupled"), ("_momentum_l2", "_momentum"))


def swept(folder: Path) -> dict[str, Any]:
    """Return the map under each rule."""
    parameters = spec_of("weight_decay").to_dict()["parameters"]
    found = {}
    for suffix, one in PANELS.items():
        own = {"momentum": one.momentum} if one.momentum else {}
        changes = {"rule": one.rule, "parameters": parameters | own}
        found[suffix] = stored("weight_decay", folder, suffix, variables=("regime", "settled"), **changes)
    return found


def at_the_edge(dataset: Any, one: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Return the decay and the step size with which the balanced minimum is at the edge.

    The loss with the decay d that the weights feel has its minimum at alpha^2 = beta2^2 = 1 - d/lambda2, beta1 = 0.
    There S is lambda1 alpha^2.
    """
    lambda1, lambda2 = float(dataset.lambda1), float(dataset.lambda2)
    felt = lambda2 * (1.0 - np.geomspace(1.0, 1e-4, 2000))
    decay = felt / one.weaker
    lowered = decay * (1.0 + one.momentum) if one.weaker < 1.0 else decay  # (2 - eta decay)(1 + beta)/eta
    return decay, 2.0 * (1.0 + one.momentum) / (lambda1 * (1.0 - felt / lambda2) + lowered)


def draw_lines(ax: Any, dataset: Any, one: Panel) -> dict[str, Any]:
    """Draw where the balanced minimum is at the edge, and where the weights vanish; return entries of a legend."""
    decay, eta = at_the_edge(dataset, one)
    ax.plot(eta, decay, linewidth=1.6 + HALO_WIDTH, **HALO)
    look = {"color": "black", "linewidth": 1.6, "linestyle": "--", "zorder": 2.2}
    (edge,) = ax.plot(eta, decay, label="the minimum is at the edge", **look)
    vanish = ax.axhline(float(dataset.lambda2) / one.weaker, color=PINK, linewidth=1.6, linestyle=":")
    vanish.set_label("beyond it the weights vanish")
    return {str(line.get_label()): line for line in (edge, vanish)}


def tell(found: dict[str, Any]) -> None:
    """Print the largest decay with an edge of stability beside that of the formula, and where labels agree."""
    for suffix, one in PANELS.items():
        dataset = found[suffix]
        decay, eta = at_the_edge(dataset, one)
        for times in STEPS:
            column = dataset.regime.sel(eta=times * 2.0 * (1.0 + one.momentum) / 100.0, method="nearest")
            most = float(column.weight_decay.where(column == EDGE).max())
            formula = np.interp(float(column.eta), eta, decay)
            words = f"edge up to {most:.5f}, {100.0 * most / formula:.0f} % of the formula"
            print(f"{one.rule}, eta = {float(column.eta):.4f}: {words}")
        line = np.interp(dataset.eta, eta, decay, left=0.0)
        above = dataset.weight_decay > MARGIN * xr.DataArray(line, dims="eta", coords={"eta": dataset.eta})
        there = int(((dataset.regime == EDGE) & above).sum())
        print(f"{one.rule}: {there} of {int(above.sum()):,} cells above the line are at the edge of stability")
    for first, second in SAME:
        same = 100.0 * float((found[first].regime == found[second].regime).mean())
        print(f"{PANELS[first].rule} and {PANELS[second].rule}: the same label on {same:.2f} % of cells")


def main(folder: str = ".") -> None:
    found = swept(Path(folder))
    tell(found)
    figure = Figure(figsize=(11.0, 4.9), layout="constrained")
    entries: dict[str, Any] = {}
    for ax, suffix in zip(figure.subplots(1, 3, sharey=True), ("", "_momentum_l2", "_momentum"), strict=True):
        one = PANELS[suffix]
        entries |= panel(ax, found[suffix], "eta", "weight_decay", title=f"{one.title}: {{edge}}")
        entries |= draw_lines(ax, found[suffix], one)
        ax.label_outer()
        ax.tick_params(labelsize=SMALL)
    start = next(label for label in entries if label.startswith("$S"))
    shown = {label: entry for label, entry in entries.items() if not label.startswith("$S")}
    shown["the start is at the edge"] = entries[start]
    title = "Weight decay, λ₁ = 100, λ₂ = 0.01, |β₁| ≤ 0.0527, θ₀ = (0.5, 0.05, 0.5), 40,000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    legend(figure, shown, "outside lower left", 5)
    save(figure, "weight_decay")


if __name__ == "__main__":
    main(*sys.argv[1:])

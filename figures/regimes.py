"""One trajectory of each regime, and what each threshold does to a map.  Writes figures/regimes.png.

    python figures/regimes.py [FOLDER]

runs sweeps/quickstart.toml, for the panels on thresholds, into a store in FOLDER (the current one by default) if it is
not there.
"""

import sys
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import regimes
from eos_sweep.analysis.pictures.style import BLUE, PALETTE

START = {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
# Regime -> parameters, start, steps that are drawn.
RUNS: dict[str, tuple[dict[str, Any], dict[str, float], int]] = {
    "divergence": ({"lambda1": 100, "eta": 0.18}, START, 40),
    "sign_flip": ({"lambda1": 100, "eta": 0.15}, START, 400),
    "edge_of_stability": ({"lambda1": 100, "eta": 0.05, "radius": "liu2025"}, START, 10_000),
    "catapult": ({"lambda1": 100, "eta": 0.1}, START, 100),
    "progressive_sharpening": ({"lambda1": 10, "eta": 0.02, "radius": "liu2025"}, START, 20_000),
    "stable": ({"lambda1": 10, "eta": 0.02}, START | {"alpha": 1.0, "beta2": 0.98}, 10_000),
    "unsettled": ({"lambda1": 100, "eta": 0.05, "radius": "liu2025"}, START, 900),
    "periodic": (
        {"lambda1": 16.7, "lambda2": 0.66, "eta": 1.11, "clip": 0.057},
        {"alpha": 1.4, "beta1": -0.019, "beta2": 0.228},
        60,
    ),
}
LAMBDA2 = {"lambda2": 0.01}  # by default
GROWTH, CROSSINGS = np.geomspace(1.001, 3.0, 40), np.arange(1, 31)


def label(parameters: dict[str, Any], start: dict[str, float], steps: int) -> str:
    """Return the regime of one trajectory."""
    found = eos_sweep.sweep("bivariate", {"eta": [parameters["eta"]]}, without(parameters, "eta"), start, steps=steps)
    return list(regimes.CODES)[int(found.regime.values.item())]


def without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: value for other, value in values.items() if other != name}


def example(ax: Any, name: str) -> None:
    """Draw S eta / 2 of the trajectory that stands for a regime."""
    parameters, start, steps = RUNS[name]
    parameters = LAMBDA2 | parameters
    found = label(parameters, start, max(steps, 500) if name == "periodic" else steps)
    if found != name:
        raise ValueError(f"{name}: the trajectory drawn for it is {found}")
    run = eos_sweep.trajectory("bivariate", parameters, start, steps=steps)
    ax.plot(run.step, run.sharpness / run.threshold, color=BLUE, linewidth=1.2)
    ax.axhline(1.0, color="0.3", linewidth=0.9, linestyle=":")
    if name == "divergence":
        ax.set_yscale("log")
    ax.set_title(
        f"{name.replace('_', ' ')}\nλ₁ = {parameters['lambda1']}, η = {parameters['eta']}", fontsize="small", loc="left"
    )
    ax.locator_params(axis="x", nbins=4)
    ax.set(xlabel="step", ylabel="S · η/2")


def sensitivity(ax: Any, dataset: Any, threshold: str, values: np.ndarray) -> None:
    """Draw the share of each regime that moves with a threshold."""
    given = {name: dataset[name].values for name in regimes.REQUIRED}
    codes = [regimes.classify(given, regimes.thresholds({threshold: float(value)})) for value in values]
    for name, code in regimes.CODES.items():
        shares = np.array([100 * np.mean(labels == code) for labels in codes])
        if np.ptp(shares) > 0.05:
            ax.plot(values, shares, color=PALETTE[name], linewidth=2.2, label=name.replace("_", " "))
    ax.axvline(regimes.THRESHOLDS[threshold].default, color="0.3", linewidth=0.9, linestyle=":")
    ax.set_title(
        f"threshold {threshold}, default {regimes.THRESHOLDS[threshold].default:g}", fontsize="small", loc="left"
    )
    ax.set(xlabel=threshold, ylabel="% of the quickstart", facecolor="#DDDDDD")
    ax.legend(fontsize="x-small", frameon=False)


def main(folder: str = ".") -> None:
    dataset = stored("quickstart", folder, variables=regimes.REQUIRED)
    figure = Figure(figsize=(11.5, 8.0), layout="constrained")
    names = list(RUNS)
    axes = figure.subplot_mosaic([names[:4], names[4:], ["growth", "growth", "crossings", "crossings"]])
    for name in names:
        example(axes[name], name)
    sensitivity(axes["growth"], dataset, "growth", GROWTH)
    sensitivity(axes["crossings"], dataset, "crossings", CROSSINGS)
    save(figure, "regimes")


if __name__ == "__main__":
    main(*sys.argv[1:])

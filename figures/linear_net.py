"""The four phases of a run that sharpens, and the map from narrow to wide networks.  Writes figures/linear_net.png.

    python figures/linear_net.py [FOLDER]

runs sweeps/linear_net.toml into a store in FOLDER (the current one by default) if it is not there.

Phases are those of Li, Wang, Li 2022, arXiv 2207.12678: in I sharpness grows below 2/eta, in II it grows above, in III
it falls above, in IV it falls below.  They are judged by a running mean, without the oscillation from step to step.
"""

import itertools
import sys

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from stored_sweeps import save, spec_of, stored

import eos_sweep
from eos_sweep import plot

RUN = {"width": 16.0, "eta": 1.2}
STEPS = 560
PHASES = {"I": "#FFFFFF", "II": "#FFE08A", "III": "#B9C6F5", "IV": "#D9EFEA"}
AVERAGED = np.array([1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 1.0]) / 16.0  # cancels an alternating part, and one that drifts


def phases(ratio: np.ndarray) -> np.ndarray:
    """Return the phase of each step, from the sharpness over 2/eta."""
    smooth = np.convolve(np.pad(ratio, 3, mode="edge"), AVERAGED, mode="valid")
    falls = np.gradient(smooth) < 0
    return np.where(smooth < 1.0, np.where(falls, "IV", "I"), np.where(falls, "III", "II"))


def main(folder: str = ".") -> None:
    dataset, sweep = stored("linear_net", folder), spec_of("linear_net")
    run = eos_sweep.trajectory("linear_net", sweep.parameters | RUN, sweep.initial, steps=STEPS)
    ratio = (run.sharpness / run.threshold).values

    figure = Figure(figsize=(11.0, 6.4), layout="constrained")
    axes = figure.subplot_mosaic(
        [["sharpness", "map"], ["loss", "map"], ["layer", "map"]], width_ratios=[1.05, 1], height_ratios=[1.3, 1, 1]
    )
    panels = {
        "sharpness": (ratio, "λ₁(M) · η/2"),
        "loss": (run.loss.values, "loss"),
        "layer": (run.a.values, "|A|²/m"),
    }
    for key, (values, label) in panels.items():
        start = 0
        for phase, steps in itertools.groupby(phases(ratio)):
            stop = start + len(list(steps))
            axes[key].axvspan(start - 0.5, stop - 0.5, color=PHASES[str(phase)], linewidth=0)
            start = stop
        axes[key].plot(values, color="black", linewidth=1.1)
        axes[key].set(ylabel=label, xlim=(0, STEPS))
    axes["sharpness"].axhline(1.0, color="0.3", linewidth=0.9, linestyle=":")
    axes["loss"].set_yscale("log")
    axes["layer"].set_xlabel("gradient descent step")
    axes["sharpness"].set_title(f"one run: m = {RUN['width']:g}, η = {RUN['eta']:g}", loc="left", fontsize="medium")
    handles = [Patch(facecolor=colour, edgecolor="0.35", label=f"phase {name}") for name, colour in PHASES.items()]
    figure.legend(handles=handles, loc="outside lower left", ncols=2, frameon=False, fontsize="small")

    plot.regime_map(dataset, "eta", "width", ax=axes["map"], lines="all", legend="right")
    axes["map"].plot(RUN["eta"], RUN["width"], marker="*", markersize=13, color="white", markeredgecolor="black")
    axes["map"].set_title("where it is on the map", loc="left", fontsize="medium")
    entries = axes["map"].get_legend().legend_handles
    axes["map"].get_legend().remove()
    figure.legend(handles=entries, loc="outside lower right", ncols=3, frameon=False, fontsize="small")
    save(figure, "linear_net")


if __name__ == "__main__":
    main(*sys.argv[1:])

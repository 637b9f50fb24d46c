"""The model quartic: an edge of stability that ends, and the periods that double beyond it.

    python figures/quartic.py [FOLDER]

writes figures/quartic.png.  It runs sweeps/quartic.toml and two smaller sweeps into stores in FOLDER (the current one
by default), as far as they are not there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import draw_exponent, shrink_legend
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED
from eos_sweep.models import quartic

STARTS = {(2.5, 0.3): BLUE, (3.0, 0.25): AMBER, (2.6, 0.5): RED}
ETA = 0.2
DASHES = {"color": "0.3", "linewidth": 0.9, "linestyle": ":"}


def balanced(folder: Path) -> Any:
    """Return the last states of runs on x = y: many starts, so that they are many points of each orbit."""
    axes = {"eta": np.linspace(0.2, 1.0, 1200), "x": np.linspace(0.85, 1.05, 48)}
    names = ["x_final", "lyapunov"]
    return eos_sweep.sweep(
        "quartic", axes, {}, {"y": "x"}, steps=4000, observables=names, out=folder / "quartic_balanced.zarr"
    )


def ends(folder: Path) -> Any:
    """Return where runs of one step size end."""
    axes = {"x": np.linspace(1.0, 3.0, 80), "y": np.linspace(0.1, 1.0, 60)}
    names = ["outcome", "sharpness_final", "crossings"]
    return eos_sweep.sweep(
        "quartic", axes, {"eta": ETA}, {}, steps=20_000, observables=names, out=folder / "quartic_ends.zarr"
    )


def tree(ax: Any, below: Any, dataset: Any) -> None:
    """Draw the orbits that runs on x = y end on, and below them their Lyapunov exponent, against the step size."""
    eta = np.broadcast_to(dataset.eta.values[:, None], dataset.x_final.shape)
    ax.plot(eta.ravel(), abs(dataset.x_final.values).ravel(), ",", color="black", alpha=0.35, rasterized=True)
    ax.set(ylabel="|x| at the end", xlim=(0.2, 1.0), ylim=(0.0, 1.25))
    ax.set_title("on x = y: orbits of 2, 4, 8, … steps", loc="left", fontsize="medium")
    exponent = dataset.lyapunov.values.max(axis=1)
    draw_exponent(below, dataset.eta.values, exponent)
    below.set(xlabel="step size η", ylabel="Lyapunov exponent", ylim=(-0.8, 0.8))
    lines = (quartic.TWO_CYCLE, quartic.FOUR_CYCLE, quartic.EIGHT_CYCLE, quartic.CHAOS)
    for place, (label, side) in zip(lines, (("2", -1), ("4", -1), ("8", -1), ("∞", 1)), strict=True):
        for one in (ax, below):
            one.axvline(place, **DASHES)
        ax.text(place + 0.004 * side, 1.17, label, fontsize="small", ha="right" if side < 0 else "left")


def common_end(ax: Any) -> None:
    """Draw the sharpness of three runs, its even and its odd steps apart, since it changes sides at each step."""
    for start, colour in STARTS.items():
        run = eos_sweep.trajectory("quartic", {"eta": ETA}, dict(zip("xy", start, strict=True)), steps=700)
        for first in (0, 1):
            ax.plot(run.step[first::2], run.sharpness[first::2], color=colour, linewidth=1.1)
        ax.plot([], [], color=colour, label=f"from {start[0]:g}, {start[1]:g}")
    ax.axhline(2 / ETA, color="black", linewidth=1.0, linestyle="--", label="2/η")
    ax.set(xlabel="gradient descent step", ylabel="sharpness", ylim=(3, 22))
    ax.set_title(f"η = {ETA}: three starts, one end, S = {run.sharpness.values[-1]:.3f}", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def where_runs_end(ax: Any, dataset: Any) -> None:
    """Draw the final sharpness against the one at which gradient flow would end."""
    found = dataset.stack(point=("x", "y")).load()
    found = found.isel(point=np.flatnonzero(found.outcome.values == 1))
    flow = quartic.gradient_flow_sharpness(found.x.values, found.y.values)
    across = found.crossings.values > 1
    for chosen, colour, label in (
        (~across, "#65BFAC", "one crossing at most"),
        (across, AMBER, "edge of stability"),
    ):
        ax.plot(flow[chosen], found.sharpness_final.values[chosen], ".", color=colour, markersize=3, label=label)
    ax.plot([4, 10], [4, 10], color="black", linewidth=0.9, label="as gradient flow")
    ax.axhline(2 / ETA, color="black", linewidth=1.0, linestyle="--", label="2/η")
    ax.set(xlabel="sharpness φ(θ₀) where gradient flow ends", ylabel="sharpness at the end", xlim=(3.8, 18.2))
    ax.set_title(f"η = {ETA}: final sharpness", loc="left", fontsize="medium")
    ax.legend(fontsize="small", loc="lower right", framealpha=0.9, edgecolor="none")


def main(folder: str = ".") -> None:
    place = Path(folder)
    figure = Figure(figsize=(10.5, 9.0), layout="constrained")
    axes = figure.subplot_mosaic([["tree", "map"], ["exponent", "map"], ["end", "ends"]], height_ratios=[1.6, 0.8, 1.8])
    axes["exponent"].sharex(axes["tree"])
    tree(axes["tree"], axes["exponent"], balanced(place).load())
    dataset = stored("quartic", place, variables=("regime", "outcome"))
    plot.regime_map(dataset, "eta", "x", ax=axes["map"], lines="all", legend="right")
    shrink_legend(axes["map"])
    axes["map"].set_title("regimes from y = 0.5", loc="left", fontsize="medium")
    common_end(axes["end"])
    where_runs_end(axes["ends"], ends(place))
    save(figure, "quartic")


if __name__ == "__main__":
    main(*sys.argv[1:])

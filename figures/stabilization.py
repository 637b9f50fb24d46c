"""The model stabilization: four stages, cycles that grow, and how long they last.

    python figures/stabilization.py [FOLDER]

writes figures/stabilization.png.  It runs sweeps/stabilization.toml and a smaller sweep into stores in FOLDER (the
current one by default), as far as they are not there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import shrink_legend
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED
from eos_sweep.models.stabilization import centre, energy

DELTA = centre(1.0, 1.0)
STAGES = {
    "progressive sharpening": "#E3F4EE",
    "blow-up": "#FBE3E6",
    "self-stabilization": "#FFF3C4",
    "return": "#DFE8FB",
}


def run_of(eta: float, start: float, steps: int) -> Any:
    """Return a run with alpha = beta = 1 from y = 0, |x| = start delta."""
    return eos_sweep.trajectory(
        "stabilization", {"eta": eta, "alpha": 1, "beta": 1}, {"x": start * DELTA, "y": 0}, steps=steps
    )


def stages(upper: Any, lower: Any) -> None:
    """Draw sharpness and |x| of some cycles, on the ground of their stages."""
    eta, steps = 0.02, 950
    run = run_of(eta, 0.1, steps)
    high, large = run.y.values > 0, abs(run.x.values) > DELTA
    stage = np.select([~high & ~large, high & ~large, high & large], [0, 1, 2], 3)
    upper.plot(run.step, run.sharpness / run.threshold, color=BLUE, linewidth=1.2)
    upper.axhline(1.0, color="black", linewidth=1.0, linestyle="--")
    lower.plot(run.step, run.log10_abs_x - np.log10(DELTA), color=RED, linewidth=1.2)
    lower.axhline(0.0, color="black", linewidth=1.0, linestyle="--")
    upper.set_ylim(0.97, 1.042)
    for ax in (upper, lower):
        for k, colour in enumerate(STAGES.values()):
            low, high_ = ax.get_ylim()
            ax.fill_between(run.step, low, high_, where=stage == k, step="mid", color=colour, linewidth=0, zorder=0)
            ax.set_ylim(low, high_)
        ax.set_xlim(0, steps)
    upper.set(ylabel="S · η/2")
    lower.set(xlabel="gradient descent step", ylabel="log₁₀ |x|/δ")
    upper.set_title(f"the four stages, η = {eta}", loc="left", fontsize="medium")
    handles = [upper.fill_between([], [], color=colour, label=name) for name, colour in STAGES.items()]
    upper.legend(handles=handles, loc="upper left", ncols=2, fontsize="x-small", framealpha=0.9, edgecolor="none")


def orbits(ax: Any) -> None:
    """Draw a run that spirals outwards, on the closed orbits of the flow."""
    x, y = np.meshgrid(np.geomspace(3e-2, 4, 300), np.linspace(-3.2, 3.2, 300))
    heights = [float(energy(start * DELTA, 0.0, 1.0, 1.0)) for start in (0.7, 0.4, 0.2, 0.1)]
    ax.contour(x, y, energy(x * DELTA, y, 1.0, 1.0), levels=heights, colors="0.6", linewidths=0.8)
    run = run_of(0.05, 0.5, 620)
    ax.plot(abs(run.x) / DELTA, run.y, color=BLUE, linewidth=0.8, marker=".", markersize=2.5)
    ax.plot(1, 0, "+", color="black")
    ax.set(xscale="log", xlabel="|x|/δ", ylabel="y = S − 2/η, nearly", xlim=(3e-2, 4), ylim=(-3.2, 3.2))
    ax.set_title("η → 0: closed (grey); η = 0.05: a spiral", loc="left", fontsize="medium")


def lifetimes(folder: Path) -> Any:
    """Return how long runs last."""
    axes = {"x": DELTA * np.array([1e-6, 1e-2, 0.5, 0.99]), "eta": np.geomspace(0.003, 0.3, 400)}
    out = folder / "stabilization_lifetimes.zarr"
    given, names = {"alpha": 1, "beta": 1}, ["outcome", "steps_taken"]
    return eos_sweep.sweep("stabilization", axes, given, {"y": 0}, steps=4_000_000, observables=names, out=out)


def durations(ax: Any, dataset: Any) -> None:
    """Draw the number of steps that runs last, in units of 1/(alpha eta^2)."""
    gone = dataset.outcome == 2
    for start, colour in zip(dataset.x.values, (RED, AMBER, BLUE, "black"), strict=True):
        found = dataset.sel(x=start)
        time = (found.steps_taken * found.eta**2).where(gone.sel(x=start))
        ax.plot(found.eta, time, ".", color=colour, markersize=3, label=f"from |x| = {start / DELTA:.2g} δ")
    ax.set(xscale="log", xlabel="step size η", ylabel="steps to divergence × αη²", ylim=(0, None))
    ax.set_title("runs last some 10/(αη²) steps", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def main(folder: str = ".") -> None:
    place = Path(folder)
    figure = Figure(figsize=(10.5, 9.0), layout="constrained")
    mosaic = [["upper", "orbits"], ["lower", "orbits"], ["map", "durations"]]
    axes = figure.subplot_mosaic(mosaic, height_ratios=[1.1, 0.9, 2.0])
    stages(axes["upper"], axes["lower"])
    orbits(axes["orbits"])
    dataset = stored("stabilization", place, variables=("regime", "outcome"))
    plot.regime_map(dataset, "eta", "x", ax=axes["map"], lines="all", legend="right")
    axes["map"].set_title("regimes after 20 000 steps, from y = 0", loc="left", fontsize="medium")
    shrink_legend(axes["map"])
    durations(axes["durations"], lifetimes(place).load())
    save(figure, "stabilization")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The model uv: the catapult of wide networks without a target, and the route to chaos of those with one.

    python figures/uv.py [FOLDER]

writes figures/uv.png.  It runs sweeps/uv.toml and two smaller sweeps into stores in FOLDER (the current one by
default), as far as they are not there.
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
from eos_sweep.models import uv

RUNS = {1.5: "#65BFAC", 2.5: BLUE, 3.5: AMBER, 3.95: RED}
WIDTHS = {16.0: AMBER, 256.0: BLUE, 65536.0: "black"}
DASHES = {"color": "0.3", "linewidth": 0.9, "linestyle": ":"}


def catapults(folder: Path) -> Any:
    """Return runs without a target, from f = 1/10."""
    axes = {"n": list(WIDTHS), "lam": np.linspace(0.2, 4.4, 400)}
    names = ["outcome", "lam_final", "loss_max", "loss_initial"]
    return eos_sweep.sweep(
        "uv", axes, {"eta": 1}, {"f": 0.1}, steps=20_000, observables=names, out=folder / "uv_catapults.zarr"
    )


def balanced(folder: Path) -> Any:
    """Return the last states of balanced runs: many starts, so that they are many points of each orbit."""
    axes = {"eta": np.linspace(0.6, 2.05, 1200), "f": np.linspace(0.2, 0.9, 48)}
    names = ["outcome", "f_final", "lyapunov"]
    given = {"n": 1, "y": 1}
    out = folder / "uv_balanced.zarr"
    return eos_sweep.sweep("uv", axes, given, {"lam": "balanced"}, steps=4000, observables=names, out=out)


def runs(ax: Any) -> None:
    """Draw the loss of some runs without a target."""
    for lam, colour in RUNS.items():
        run = eos_sweep.trajectory("uv", {"eta": 1, "n": 256}, {"f": 0.1, "lam": lam}, steps=60)
        loss = run.loss.where(run.loss > 1e-12)
        ax.plot(run.step, loss, color=colour, linewidth=1.4, marker=".", markersize=3, label=f"ηλ₀ = {lam:g}")
    ax.set(yscale="log", xlabel="gradient descent step", ylabel="loss", ylim=(1e-11, 1e4))
    ax.set_title("y = 0, n = 256: lazy, and catapults", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def flatter(ax: Any, dataset: Any) -> None:
    """Draw where catapults come down."""
    for n, colour in WIDTHS.items():
        found = dataset.sel(n=n)
        ax.plot(
            found.lam, found.lam_final.where(found.outcome == 1), ".", color=colour, markersize=3, label=f"n = {n:.0f}"
        )
    ax.plot([0, 2], [0, 2], color="0.3", linewidth=0.9)
    for place, label in ((2, "lazy below 2"), (4, "no end above 4")):
        ax.axvline(place, **DASHES)
        ax.text(place - 0.05, 2.15, label, fontsize="small", ha="right")
    ax.set(xlabel="ηλ₀ at the start", ylabel="ηλ at the end", ylim=(0, 2.3))
    ax.set_title("y = 0: a catapult ends in a flatter minimum", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(0.0, 0.92))


def tree(ax: Any, below: Any, dataset: Any) -> None:
    """Draw the orbits that balanced runs end on, and below them their Lyapunov exponent."""
    scaled = np.broadcast_to(dataset.eta.values[:, None], dataset.f_final.shape)
    bounded = dataset.outcome.values != 2
    h = (scaled * dataset.f_final.values)[bounded]
    ax.plot(scaled[bounded], h, ",", color="black", alpha=0.35, rasterized=True)
    ax.set(ylabel="h = ηf/√n at the end", xlim=(0.6, 2.05), ylim=(0, 4.2))
    ax.set_title("y ≠ 0, u = v: the route to chaos", loc="left", fontsize="medium")
    exponent = np.nanmax(np.where(bounded, dataset.lyapunov.values, -np.inf), axis=1)
    exponent[~bounded.any(axis=1)] = np.nan
    draw_exponent(below, dataset.eta.values, exponent)
    below.set(xlabel="Y = ηy/√n", ylabel="Lyapunov exponent", ylim=(-1.1, 1.1))
    labels = {uv.TWO_CYCLE: "1", uv.FOUR_CYCLE: "√5 − 1", uv.CHAOS: "1.3023", uv.DIVERGENCE: "2"}
    for place, label in labels.items():
        for one in (ax, below):
            one.axvline(place, **DASHES)
        right = place == uv.CHAOS
        ax.text(place + (0.01 if right else -0.01), 3.85, label, fontsize="small", ha="left" if right else "right")


def main(folder: str = ".") -> None:
    place = Path(folder)
    figure = Figure(figsize=(10.5, 9.0), layout="constrained")
    mosaic = [["tree", "map"], ["exponent", "map"], ["runs", "flatter"]]
    axes = figure.subplot_mosaic(mosaic, height_ratios=[1.6, 0.8, 1.8])
    axes["exponent"].sharex(axes["tree"])
    tree(axes["tree"], axes["exponent"], balanced(place).load())
    dataset = stored("uv", place, variables=("regime", "outcome"))
    plot.regime_map(dataset, "eta", "lam", ax=axes["map"], lines="all", legend="right")
    axes["map"].set_title("regimes from f = 0: y = 1, n = 16", loc="left", fontsize="medium")
    shrink_legend(axes["map"])
    runs(axes["runs"])
    flatter(axes["flatter"], catapults(place).load())
    save(figure, "uv")


if __name__ == "__main__":
    main(*sys.argv[1:])

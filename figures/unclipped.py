"""What gradient descent does without a clip, the first of two open questions.  Writes figures/unclipped.png.

    python figures/unclipped.py [FOLDER]

prints the shares of divergence, of sign flips that recover and of those that stay on the plateau L = lambda2/2, of the
edge of stability and of the rest, on the map of sweeps/unclipped.toml and in the box of sweeps/unclipped_box.toml; and
the time spent on the plateau, measured and in closed form.  Sweeps are run into stores in FOLDER (the current one by
default), as far as they are not there.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from stored_sweeps import save, stored

from eos_sweep import regimes
from eos_sweep.analysis.pictures.style import BLUE, PALETTE, PINK, RED
from eos_sweep.analysis.slices import cell_edges

PLATEAU = 0.01  # relative distance from lambda2/2 within which the loss is on the plateau
FATES = {
    "divergence": PALETTE["divergence"],
    "flip, recovered": PINK,
    "flip, on the plateau": PALETTE["sign_flip"],
    "flip, loss above it": PALETTE["periodic"],
    "edge of stability": PALETTE["edge_of_stability"],
    "catapult": PALETTE["catapult"],
    "never above 2/η": PALETTE["progressive_sharpening"],
    "unsettled": PALETTE["unsettled"],
}
BUDGETS, DRAWN = (2_000, 20_000, 200_000, 2_000_000), 4096  # steps, and points of the box that are run with each
QUARTILES = (0.25, 0.5, 0.75)


def fate(dataset: xr.Dataset) -> np.ndarray:
    """Return the index into FATES of each run."""
    code, loss = dataset.regime.values, (dataset.loss_final / (0.5 * dataset.lambda2)).transpose(*dataset.dims).values
    flip = code == regimes.CODES["sign_flip"]
    rules = (
        code == regimes.CODES["divergence"],
        flip & (loss <= 1.0 - PLATEAU),
        flip & (loss < 1.0 + PLATEAU),
        flip,
        code == regimes.CODES["edge_of_stability"],
        code == regimes.CODES["catapult"],
        np.isin(code, [regimes.CODES[name] for name in ("progressive_sharpening", "stable")]),
    )
    return np.select(rules, range(len(rules)), len(rules))


def shares(fates: np.ndarray) -> np.ndarray:
    """Return the percentage of each fate."""
    return 100.0 * np.bincount(fates.ravel(), minlength=len(FATES)) / fates.size


def stay(dataset: xr.Dataset) -> np.ndarray:
    """Return for how many more steps runs stay on the plateau, in closed form.

    There alpha follows lambda2 beta2/(lambda1 beta1^2), C = beta1^2 + beta2^2 is kept, and u = beta1^2 falls by
    du/dt = -2 eta lambda2^2 (C - u)/(lambda1 u), until alpha beta2 = PLATEAU/2.
    """
    v = {name: dataset[name].values for name in ("lambda1", "lambda2", "eta")}
    u, other = dataset.beta1_final.values**2, dataset.beta2_final.values**2
    ratio = (2.0 / PLATEAU - 1.0) * v["lambda2"] / v["lambda1"]
    end = np.minimum(u, (u + other) * ratio / (1.0 + ratio))

    def passed(u_: np.ndarray) -> np.ndarray:
        return -(u + other) * np.log1p(-u_ / (u + other)) - u_

    return v["lambda1"] / (2.0 * v["eta"] * v["lambda2"] ** 2) * (passed(u) - passed(end))


def page(whole: xr.Dataset, cohort: dict[int, xr.Dataset], pairs: Any, stays: np.ndarray) -> Figure:
    """Return the map of fates, what becomes of flipped runs, and how long the plateau holds them."""
    figure = Figure(figsize=(10.5, 8.4), layout="constrained")
    axes = figure.subplot_mosaic([["map", "bars"], ["pairs", "stays"]], height_ratios=[1.3, 1.0])
    edges = [cell_edges(whole[name].values) for name in ("eta", "lambda1")]
    colours = ListedColormap(list(FATES.values()))
    axes["map"].pcolormesh(*edges, fate(whole), cmap=colours, vmin=-0.5, vmax=len(FATES) - 0.5, rasterized=True)
    axes["map"].set(xscale="log", yscale="log", xlabel="step size η", ylabel="variance of the irrelevant feature λ₁")
    axes["map"].set_title("no clip, λ₂ = 0.01, θ₀ = (0.2, 10⁻³, 0.2), 20 000 steps", loc="left", fontsize="medium")
    parts = np.array([shares(fate(later)) for later in cohort.values()])
    below = np.zeros(len(parts))
    for k, colour in enumerate(FATES.values()):
        axes["bars"].bar(
            range(len(parts)), parts[:, k], bottom=below, color=colour, width=0.7, edgecolor="0.35", linewidth=0.4
        )
        below += parts[:, k]
    axes["bars"].set_xticks(range(len(parts)), [f"{steps:,}".replace(",", " ") for steps in cohort])
    axes["bars"].set(xlabel="steps", ylabel="%", ylim=(0, 100))
    axes["bars"].set_title("box: what becomes of runs that flip", loc="left", fontsize="medium")
    handles = [Patch(facecolor=colour, edgecolor="0.35", label=name) for name, colour in FATES.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False)
    axes["pairs"].loglog(*pairs, ".", color=BLUE, markersize=3)
    ends = np.array([pairs[0].min(), pairs[0].max()])
    axes["pairs"].loglog(ends, ends, color="black", linewidth=1.0, linestyle="--")
    axes["pairs"].set(xlabel="closed form", ylabel="measured")
    axes["pairs"].set_title("box: further steps on the plateau L = λ₂/2", loc="left", fontsize="medium")
    axes["stays"].semilogx(stays, 100.0 * (1.0 - np.arange(stays.size) / stays.size), color=RED, linewidth=1.6)
    axes["stays"].set(
        xlabel="steps on the plateau (closed form)", ylabel="% of stuck runs that stay longer", ylim=(0, 100)
    )
    axes["stays"].set(xlim=(1e3, 1e12))
    axes["stays"].set_title("box: how long the plateau holds", loc="left", fontsize="medium")
    return figure


def tell(heading: str, rows: dict[str, np.ndarray], digits: int) -> None:
    """Print the percentage of each fate, a row for each set of runs."""
    print(heading, *FATES, sep=" | ")
    for name, fates in rows.items():
        print(name, *(f"{share:.{digits}f}" for share in shares(fates)), sep=" | ")


def longer(place: Path) -> dict[str, np.ndarray]:
    """Return the fates of the first points of the box for several budgets."""
    axes = {"seed": {"linear": [0, DRAWN - 1, DRAWN]}}
    runs = {steps: stored("unclipped_box", place, f"_{steps}", steps=steps, axes=axes) for steps in BUDGETS}
    return {f"box, {DRAWN:,} points, {steps:,} steps": fate(dataset) for steps, dataset in runs.items()}


def followed(place: Path, flipped: xr.Dataset) -> dict[int, xr.Dataset]:
    """Return the runs that flip within the budget, and the same with larger ones."""
    axes = {"seed": flipped.seed.values.tolist()}
    later = {
        steps: stored("unclipped_box", place, f"_flipped_{steps}", steps=steps, axes=axes) for steps in BUDGETS[2:]
    }
    return {BUDGETS[1]: flipped} | later


def main(folder: str = ".") -> None:
    place = Path(folder)
    whole, box = stored("unclipped", place), stored("unclipped_box", place)
    first = {f"map, {whole.sizes['eta']}²": fate(whole), f"box, {box.sizes['seed']:,} points": fate(box)}
    tell("% of all runs, with 20,000 steps where nothing else is said", first | longer(place), 2)
    cohort = followed(place, box.isel(seed=np.flatnonzero(box.regime == regimes.CODES["sign_flip"])))
    rows = {f"{steps:,} steps": fate(dataset) for steps, dataset in cohort.items()}
    tell(f"% of the {cohort[BUDGETS[1]].sizes['seed']:,} points of the box that flip within 20,000 steps", rows, 1)

    recovered, on = (list(FATES).index(f"flip, {name}") for name in ("recovered", "on the plateau"))
    for name, dataset in (("map", whole), ("box", box)):
        times = dataset.plateau_steps.values[(fate(dataset) == recovered) & (dataset.plateau_steps.values > 0)]
        print(f"{name}: steps on the plateau of runs that recovered, quartiles:", *np.quantile(times, QUARTILES))
    now, later = (dataset.isel(seed=np.flatnonzero(fate(cohort[BUDGETS[1]]) == on)) for dataset in
                  (cohort[BUDGETS[1]], cohort[BUDGETS[-1]]))  # fmt: skip
    more, stayed = stay(now), (later.plateau_steps - now.plateau_steps).values
    print(f"further steps of the {more.size} on it, closed form, quartiles:", *np.quantile(more, QUARTILES).round())
    once = (later.sign_flips == now.sign_flips).values & (fate(later) == recovered) & (more > 0)
    ratio = np.quantile(stayed[once] / more[once], (0.05, 0.5, 0.95)).round(3)
    print(f"measured over closed form, of {once.sum()} that left it and stayed away: 5 %, median, 95 %:", *ratio)
    figure = page(whole, cohort, (more[once], stayed[once]), np.sort(now.plateau_steps.values + more))
    save(figure, "unclipped")


if __name__ == "__main__":
    main(*sys.argv[1:])

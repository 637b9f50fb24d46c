"""Whether self-stabilisation survives several irrelevant inputs.  Writes figures/multivariate.png.

It does.  Equal inputs act as one: the edge of stability of one to four inputs has 39.6, 37.3, 33.5 and 31.0 % of the
map; with a radius too small for one input it has 7.4 % of the step sizes for one and 28.3 % for four.  The larger one
of two inputs acts alone from a difference of 0.1 % (eta = 0.04) or 5 % (eta = 0.5) on.  Where its bound is too tight to
hold the sharpness at 2/eta, the second input holds it at lambda1/lambda2 times 2/eta.  These runs show both, and with
lambda2=0 neither:

    eos-sweep trace sweeps/multivariate.toml --at radius=0.03 --at eta=2 --at lambda2=300       # alpha flips
    eos-sweep trace sweeps/multivariate.toml --at radius=0.006 --at eta=0.05 --at lambda2=270   # held at 1.11 * 2/eta

    python figures/multivariate.py [FOLDER]

runs sweeps/multivariate.toml and other maps into stores in FOLDER (the current one by default), as far as they are not
there, and prints the numbers.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import legend_above, take_legend
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures.style import AMBER, BLUE, GREEN, RED

SIZE = 512  # of the maps
COLOURS = {2: AMBER, 3: BLUE, 4: RED}
LAMBDA, RADII, NORM = 300.0, (0.03, 0.006), 1e-3
START = {"alpha": 0.5, "beta_r": 0.5}
EDGE = regimes.CODES["edge_of_stability"]


def weights(k: int) -> dict[str, float]:
    """Return k equal inner weights of the same norm, whatever k."""
    return {f"beta{j}": NORM / k**0.5 for j in range(1, k + 1)}


def alike(folder: Path, k: int) -> Any:
    """Return the map of k inputs of one variance, over that and the step size."""
    axes = {"lambda1": np.geomspace(1, 1e4, SIZE), "eta": np.geomspace(1e-3, 30, SIZE)}
    given = {"lambda_r": 0.01, "radius": "liu2025", **{f"lambda{j}": "lambda1" for j in range(2, k + 1)}}
    out = folder / f"multivariate_alike_{k}.zarr"
    names = regimes.REQUIRED
    return eos_sweep.sweep(
        "multivariate", axes, given, START | weights(k), steps=10_000, observables=names, out=out
    ).load()


def unlike(folder: Path, k: int) -> Any:
    """Return the map of one input of variance LAMBDA and k - 1 of a smaller one, for both radii."""
    axes = {
        "radius": sorted(RADII),
        "lambda2": np.linspace(0, LAMBDA, SIZE),
        "eta": np.geomspace(1e-3, 30, SIZE),
    }
    given = {"lambda1": LAMBDA, "lambda_r": 0.01, **{f"lambda{j}": "lambda2" for j in range(3, k + 1)}}
    start = START | {f"beta{j}": NORM for j in range(1, k + 1)}
    out, names = folder / f"multivariate_unlike_{k}.zarr", regimes.REQUIRED
    return eos_sweep.sweep("multivariate", axes, given, start, steps=10_000, observables=names, out=out).load()


def maps(axes: Any, folder: Path) -> dict[str, Any]:
    """Draw the regimes of one to four inputs alike; return their entries of a legend."""
    legend: dict[str, Any] = {}
    for ax, k in zip(axes, range(1, 5), strict=True):
        found = alike(folder, k)
        plot.regime_map(found, "eta", "lambda1", ax=ax, lines="all", legend=False)
        codes = eos_sweep.label(found).values
        shares = {name: f"{100 * (codes == code).mean():.1f}" for name, code in regimes.CODES.items()}
        print(f"k = {k} alike, shares in percent:", {name: share for name, share in shares.items() if share != "0.0"})
        legend |= {label: entry for label, entry in take_legend(ax).items() if label not in legend}
        words = "one irrelevant input" if k == 1 else f"{k}, λ₁ = … = λ{'₀₁₂₃₄'[k]}" if k > 2 else "2, λ₁ = λ₂"
        ax.set_title(f"{words}: edge {shares['edge_of_stability']} %", loc="left", fontsize="medium")
        ax.set(xlabel="step size η", ylabel="variance λ₁ of each" if k == 1 else "")
    return legend


def widths(ax: Any, found: dict[int, Any]) -> None:
    """Draw the share of step sizes that lead to the edge of stability against the ratio of variances."""
    for k, dataset in found.items():
        ratio = dataset.lambda2.values / LAMBDA
        for radius, dashes in zip(RADII, ("-", (0, (4, 1.5))), strict=True):
            share = 100 * (eos_sweep.label(dataset.sel(radius=radius)).values == EDGE).mean(axis=1)
            label = f"{k} inputs" if dashes == "-" else None
            ax.plot(ratio, share, color=COLOURS[k], linestyle=dashes, linewidth=1.6, label=label)
            print(f"k = {k}, radius {radius}: percent of step sizes at the edge, by ratio: {some(ratio, share)}")
    ax.text(0.03, 41, f"radius {RADII[0]} (solid)", fontsize="small")
    ax.text(0.03, 9, f"radius {RADII[1]} (dashed)", fontsize="small")
    ax.set(xlim=(0, 1.01), ylim=(0, 55), xlabel="λ₂/λ₁ (others as λ₂)", ylabel="% of step sizes at the edge")
    ax.set_title("how wide the edge is, λ₁ = 300", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(0.0, 0.48))


def some(ratio: np.ndarray, values: np.ndarray) -> dict[float, float]:
    """Return values at some ratios, to print."""
    return {r: round(float(np.interp(r, ratio, values)), 2) for r in (0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1)}


def shared(ax: Any) -> None:
    """Draw up to which difference of variances two inputs share the bound, and the cycle of one alone beside it."""
    gaps, eta = np.geomspace(1e-4, 0.3, 512), np.geomspace(0.02, 0.5, 20)
    given = {"lambda1": LAMBDA, "lambda_r": 0.01, "radius": RADII[0]}
    one, two = START | {"beta1": NORM}, START | {"beta1": NORM, "beta2": NORM}
    names = ["log10_abs_beta1_final", "log10_abs_beta2_final", "crossings"]
    axes = {"lambda2": LAMBDA * (1 - gaps[::-1]), "eta": eta}
    pair = eos_sweep.sweep("multivariate", axes, given, two, steps=10_000, observables=names)
    behind = (pair.log10_abs_beta1_final - pair.log10_abs_beta2_final).values[::-1]
    limit = np.array([gaps[max(0, np.argmax(column > 1) - 1)] for column in behind.T])
    alone = eos_sweep.sweep("multivariate", {"eta": eta}, given, one, steps=10_000, observables=names)
    cycle = 10_000 / alone.crossings.values
    print("two inputs share the bound up to 1 - lambda2/lambda1, in steps of a cycle of one alone, by step size:")
    for step_size, gap, steps in zip(eta, limit, cycle, strict=True):
        print(f"    {step_size:.3f}: {gap:.4f}, {steps:.0f} steps, product {gap * steps:.2f}")
    ax.plot(eta, limit, "o", color=BLUE, markersize=4, label="two share the bound up to here")
    ax.plot(eta, 0.3 / cycle, color="0.3", linewidth=1.2, linestyle="--", label="0.3 / steps from peak to peak")
    ax.set(xscale="log", yscale="log", xlabel="step size η", ylabel="1 − λ₂/λ₁", ylim=(1e-4, 0.12))
    ax.set(xticks=(0.02, 0.05, 0.1, 0.2, 0.5), xticklabels=("0.02", "0.05", "0.1", "0.2", "0.5"))
    ax.minorticks_off()
    ax.set_title("how alike is alike, radius 0.03", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="lower right")


def heights(ax: Any, dataset: Any) -> None:
    """Draw where the sharpness hovers when each input has little room."""
    ratio = dataset.lambda2.values / LAMBDA
    narrow = dataset.sel(radius=RADII[1])
    for eta, colour in zip((0.1, 0.05, 0.02), (RED, BLUE, GREEN), strict=True):
        mean = narrow.sel(eta=eta, method="nearest").tail_mean.values
        ax.plot(ratio, mean, color=colour, linewidth=1.6, label=f"η = {eta:g}")
        print(f"radius {RADII[1]}, eta {eta:g}: tail mean of S eta/2, by ratio: {some(ratio, mean)}")
    ax.plot(ratio[1:], 1 / ratio[1:], color="0.2", linewidth=1.2, linestyle="--", label="λ₁/λ₂: edge of the second")
    ax.set(xlim=(0.4, 1.005), ylim=(0.95, 2.1), xlabel="λ₂/λ₁", ylabel="S · η/2, tail mean")
    ax.set_title("where it hovers, radius 0.006", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0.0, 0.05))


def example(ax: Any) -> None:
    """Draw the run that one input lets go and a second one holds."""
    eta, steps, start = 0.05, 4000, START | {"beta1": NORM, "beta2": NORM}
    for variance, colour in ((0.0, "0.55"), (270.0, BLUE), (300.0, AMBER)):
        given = {"lambda1": LAMBDA, "lambda2": variance, "lambda_r": 0.01, "eta": eta, "radius": RADII[1]}
        run = eos_sweep.trajectory("multivariate", given, start, steps=steps)
        label = f"λ₂ = {variance:g}" if variance else "one input"
        ax.plot(run.step, run.sharpness / run.threshold, color=colour, linewidth=1.2, label=label)
    ax.axhline(1.0, color="black", linewidth=1.0, linestyle="--")
    ax.set(xlim=(0, steps), ylim=(0.9, 2.1), xlabel="gradient descent step", ylabel="S · η/2")
    ax.set_title(f"λ₁ = 300, η = {eta}, radius 0.006", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small", loc="upper right", ncols=3, columnspacing=1.0, handlelength=1.4)


def main(folder: str = ".") -> None:
    place = Path(folder)
    two = stored("multivariate", place)
    figure = Figure(figsize=(13.5, 7.2), layout="constrained")
    axes = figure.subplots(2, 4)
    legend = maps(axes[0], place)
    legend_above(figure, legend, columns=6)
    widths(axes[1, 0], {2: two} | {k: unlike(place, k) for k in (3, 4)})
    shared(axes[1, 1])
    heights(axes[1, 2], two)
    example(axes[1, 3])
    save(figure, "multivariate")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Whether catapults of heavy ball end flatter than those of gradient descent.  Writes figures/momentum_ends.png.

    python figures/momentum_ends.py [FOLDER]

runs sweeps/momentum_ends.toml into a store in FOLDER (the current one by default), as far as it is not there.  Prints
final over initial sharpness, the median over random starts, at equal distance from the edge and at equal eta/(1 -
beta).
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from stored_sweeps import save, stored

from eos_sweep import regimes
from eos_sweep.analysis.pictures.style import AMBER, BLUE, GREEN, PINK, RED
from eos_sweep.analysis.slices import cell_edges

DRAWN = {0.0: BLUE, 0.3: GREEN, 0.6: AMBER, 0.9: RED}  # momentum -> colour of its curve
AT = (2.1, 2.4, 2.7, 3.0)  # q at which medians are printed
HALF = 0.5  # share of starts that must stay bounded where a median is shown


def medians(dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return final over initial sharpness, its median over bounded runs, and the share of these, over (beta, q)."""
    bounded = dataset.regime != regimes.CODES["divergence"]
    ratio = (dataset.sharpness_final / dataset.sharpness_initial).where(bounded).transpose("momentum", "q", "seed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all runs diverged
        return np.nanmedian(ratio.values, axis=-1), bounded.mean("seed").transpose("momentum", "q").values


def row_of(dataset: Any, beta: float) -> int:
    """Return the row of the momentum that is nearest to ``beta``."""
    return int(abs(dataset.momentum.values - beta).argmin())


def tell(dataset: Any, ratio: np.ndarray, share: np.ndarray) -> None:
    """Print where runs stop being bounded, and medians at equal distance from the edge and at equal eta/(1 - beta)."""
    beta, q = dataset.momentum.values, dataset.q.values
    for wanted in DRAWN:
        k = row_of(dataset, wanted)
        inside = share[k] >= HALF
        there = [abs(q - at).argmin() for at in AT]
        words = "".join(f"q = {at:g}: {ratio[k, j]:.2f}; " for at, j in zip(AT, there, strict=True) if inside[j])
        flattest = np.where(inside, ratio[k], np.inf).argmin()
        print(
            f"beta = {beta[k]:.2f}: half diverge from q = {q[~inside].min():.2f}; {words}"
            f"flattest {ratio[k, flattest]:.3f} at q = {q[flattest]:.2f}"
        )
    speed = q * (1.0 + beta[:, None]) / (1.0 - beta[:, None])  # eta S0/(1 - beta)
    for at in (2.5, 3.0, 3.5):
        values = [np.interp(at, speed[k], ratio[k]) for k in (row_of(dataset, b) for b in (0.0, 0.1, 0.2))]
        print(f"eta S0/(1 - beta) = {at}: beta = 0, 0.1, 0.2:", *np.round(values, 2))


def main(folder: str = ".") -> None:
    names = ("regime", "settled", "sharpness_initial", "sharpness_final")
    dataset = stored("momentum_ends", Path(folder), variables=names)
    ratio, share = medians(dataset)
    tell(dataset, ratio, share)
    beta, q = dataset.momentum.values, dataset.q.values
    figure = Figure(figsize=(10.5, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = np.where(share >= HALF, ratio, np.nan)
    look = {"cmap": "viridis", "norm": LogNorm(0.05, 1.0), "rasterized": True}
    mesh = left.pcolormesh(cell_edges(q), cell_edges(beta), shown, **look)
    left.patch.set_facecolor("white")
    left.contour(q, beta, share, [HALF], colors=[PINK], linewidths=1.4)
    left.axvline(2.0, color="black", linewidth=1.4, linestyle="--")
    left.annotate("edge at the start", (2.0, 0.02), (-4, 0), textcoords="offset points", rotation=90, ha="right")
    left.text(4.2, 0.6, "more than half\nof the starts diverge", fontsize="small", ha="center")
    left.set(xlabel="q = ηS₀/(1 + β)", ylabel="momentum β")
    left.set_title("final over initial sharpness, median of bounded runs", loc="left", fontsize="medium")
    figure.colorbar(mesh, ax=left, location="bottom", aspect=40, ticks=[0.05, 0.1, 0.2, 0.5, 1.0], format="%g")
    for wanted, colour in DRAWN.items():
        k = row_of(dataset, wanted)
        speed = q * (1.0 + beta[k]) / (1.0 - beta[k])
        right.plot(speed, shown[k], color=colour, linewidth=1.6, label=f"β = {beta[k]:.2g}")
        right.axvline(2.0 * (1.0 + beta[k]) / (1.0 - beta[k]), color=colour, linewidth=0.9, linestyle=":")
    right.set(xscale="log", yscale="log", xlabel="effective step size ηS₀/(1 − β)", ylim=(0.04, 1.1))
    right.set(yticks=[0.05, 0.1, 0.2, 0.5, 1.0], yticklabels=["0.05", "0.1", "0.2", "0.5", "1"])
    right.minorticks_off()
    right.set(xticks=[2, 5, 10, 20, 50], xticklabels=["2", "5", "10", "20", "50"])
    right.set_title("the same at equal η/(1 − β); dotted: the edge at the start", loc="left", fontsize="medium")
    right.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.6, 1.0))
    title = f"Heavy ball on ½(xy − 1)², {dataset.sizes['seed']} starts, x₀ in [3, 8], y₀ in [−1, 1], 5000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    save(figure, "momentum_ends")


if __name__ == "__main__":
    main(*sys.argv[1:])

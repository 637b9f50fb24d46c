"""Points in a box of six inputs, and the share of each regime there over the clip.  Writes figures/points.png.

    python figures/points.py [FOLDER]

runs sweeps/points.toml into a store in FOLDER (the current one by default), as far as it is not there.  Prints the
shares with their intervals.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import SMALL
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.style import PALETTE

CLIP = 10.0  # of the points that are drawn
DRAWN = ("progressive_sharpening", "edge_of_stability", "divergence", "sign_flip", "unsettled", "catapult")


def draw_shares(ax: Any, shares: Any) -> None:
    """Draw the share of each regime over the clip, with its interval."""
    places = np.arange(shares.sizes["clip"])
    for name in DRAWN:
        one = 100.0 * shares.sel(regime=name)
        ends = [one.share - one.share_low, one.share_high - one.share]
        look = {"color": PALETTE[name], "marker": "o", "markeredgecolor": "0.35", "capsize": 3.0, "ecolor": "0.35"}
        ax.errorbar(places, one.share, yerr=ends, label=name.replace("_", " "), **look)
    ax.set_xticks(places, [f"{clip:g}".replace("inf", "∞") for clip in shares["clip"].values])
    ax.set(xlabel="bound on the gradient of β₁ (clip)", ylabel="% of the volume", ylim=(0.0, None))
    ax.set_title("Shares of the box, with 95 % intervals", loc="left", fontsize=SMALL)


def main(folder: str = ".") -> None:
    dataset = stored("points", Path(folder), variables=("regime", "settled"))
    shares = eos_sweep.shares(dataset, over="point").load()
    for clip in shares["clip"].values:
        rows = [(name, 100.0 * shares.sel(clip=clip, regime=name)) for name in DRAWN]
        words = [f"{name} {one.share:.1f} ({one.share_low:.1f} to {one.share_high:.1f})" for name, one in rows]
        print(f"clip = {clip:g}: {', '.join(words)} %")
    figure = Figure(figsize=(11.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.1, 1.0))
    plot.regime_map(dataset, "eta", "lambda1", {"clip": CLIP}, left, legend=False)
    left.set_title(
        f"{dataset.sizes['point']:,} points of Sobol's sequence, clip = {CLIP:g}", loc="left", fontsize=SMALL
    )
    draw_shares(right, shares)
    plot.legend(figure)
    save(figure, "points")


if __name__ == "__main__":
    main(*sys.argv[1:])

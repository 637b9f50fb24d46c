"""Bias of threshold neurons, which they learn beyond a critical step size.  Writes figures/relu.png.

    python figures/relu.py [FOLDER]

runs sweeps/relu.toml into a store in FOLDER (the current one by default) if it is not there.  It draws the final bias
and accuracy against the step size, the bias beside that of the mean model (``threshold``, from the average size of the
network's weights), and prints where the bias leaves its value for small step sizes.
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep.analysis.pictures.style import BLUE, RED


def main(folder: str = ".") -> None:
    dataset = stored("relu", folder)
    d = float(dataset.dimension)
    critical = 8 * np.pi / d**2
    start = {"A": np.sqrt(d), "b": 0.0}  # A = d (a- + a+), each normal with variance 1/(2d)
    mean = eos_sweep.sweep("threshold", {"eta": dataset.eta.values}, {"d": d}, start, steps=100_000)
    moved = abs(dataset.bias_final / dataset.bias_final.isel(eta=0) - 1).median("seed")
    first = float(dataset.eta.values[moved.values > 0.02][0])
    print(f"critical step size 8 pi / d^2 = {critical:.4g}; the first with another bias: {first:.4g}")
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    panels = {"bias_final": "bias b at the end", "accuracy_final": "share of fresh samples with the right label"}
    for ax, (name, words) in zip(figure.subplots(1, 2, sharex=True), panels.items(), strict=True):
        ax.plot(dataset.eta, dataset[name], color="#7E7EC1", linewidth=0.8, alpha=0.7)
        ax.plot(dataset.eta, dataset[name].median("seed"), color=BLUE, linewidth=2.4, label="median")
        ax.plot([], [], color="#7E7EC1", linewidth=0.8, label=f"{dataset.sizes['seed']} seeds")
        if name == "bias_final":
            style = {"color": "black", "linewidth": 1.6, "linestyle": (0, (1, 1))}
            ax.plot(mean.eta, mean.b_final, label="mean model", **style)
        ax.axvline(critical, color=RED, linewidth=1.4, linestyle=(0, (5, 2)), label="η = 8π/d²")
        ax.set_title(words, loc="left", fontsize="medium")
        ax.set(xscale="log", xlabel="step size η", xmargin=0.01)
        ax.legend(frameon=False)
    save(figure, "relu")


if __name__ == "__main__":
    main(*sys.argv[1:])

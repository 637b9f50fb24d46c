"""Threshold neurons find their bias beyond a critical step size.  Writes figures/relu.png.

    python figures/relu.py [STORE]

runs sweeps/relu.toml into STORE (relu.zarr by default) if it is not there, draws bias and accuracy at its end against
the step size, the bias beside that of the mean model (``threshold``, from the size that the network's weights have on
average), and prints where the bias leaves the value that it has for small ones.
"""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import eos_sweep
from eos_sweep import plot

HERE = Path(__file__).parent


def main(store: str = "relu.zarr") -> None:
    eos_sweep.run(HERE.parent / "sweeps" / "relu.toml", store)
    dataset = eos_sweep.open_sweep(store).load()
    d = float(dataset.dimension)
    critical = 8 * np.pi / d**2
    start = {"A": np.sqrt(d), "b": 0.0}  # A = d (a- + a+), each normal with variance 1/(2d)
    mean = eos_sweep.sweep("threshold", {"eta": dataset.eta.values}, {"d": d}, start, steps=100_000)
    moved = abs(dataset.bias_final / dataset.bias_final.isel(eta=0) - 1).median("seed")
    first = float(dataset.eta.values[moved.values > 0.02][0])
    print(f"critical step size 8 pi / d^2 = {critical:.4g}; the first whose bias is elsewhere: {first:.4g}")
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    panels = {"bias_final": "bias b at the end", "accuracy_final": "share of fresh samples with the right label"}
    for ax, (name, words) in zip(figure.subplots(1, 2, sharex=True), panels.items(), strict=True):
        ax.plot(dataset.eta, dataset[name], color="#7E7EC1", linewidth=0.8, alpha=0.7)
        ax.plot(dataset.eta, dataset[name].median("seed"), color="#0063D2", linewidth=2.4, label="median")
        ax.plot([], [], color="#7E7EC1", linewidth=0.8, label=f"{dataset.sizes['seed']} seeds")
        if name == "bias_final":
            style = {"color": "black", "linewidth": 1.6, "linestyle": (0, (1, 1))}
            ax.plot(mean.eta, mean.b_final, label="mean model", **style)
        ax.axvline(critical, color="#8A0821", linewidth=1.4, linestyle=(0, (5, 2)), label="η = 8π/d²")
        ax.set_title(words, loc="left", fontsize="medium")
        ax.set(xscale="log", xlabel="step size η", xmargin=0.01)
        ax.legend(frameon=False)
    plot.save(figure, HERE / "relu.png")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Where gradient descent on a product of weights ends.  Writes figures/scalar_net.png and figures/scalar_net_map.png.

    python figures/scalar_net.py [FOLDER]

runs sweeps/scalar_net.toml into a store in FOLDER (the current one by default) if it is not there.  The first picture
shows how the sharpness phi at which gradient flow would end falls at each step, and where the sharpness itself ends for
each depth.  The second one is the map of regimes.  Source: Kreisler et al. 2023, arXiv 2305.13064.
"""

import sys

import numpy as np
from matplotlib.figure import Figure
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.pictures.style import COLOURS

START, DEPTH, STEPS = {"w1": 3.0, "w2": 0.5, "w3": 0.5, "w4": 0.5}, 4, 3000
ETAS = (0.3, 0.36, 0.42, 0.48)
SHOWN = 0.36  # the run whose own sharpness is drawn
SLICE = 3.0  # the w1 of the panel on the right; the other weights are a half


def main(folder: str = ".") -> None:
    dataset = stored("scalar_net", folder)
    save(plot.draw(dataset, "eta", "w1", facet="depth", lines="all"), "scalar_net_map")

    figure = Figure(figsize=(11.5, 4.0), layout="constrained")
    one, flows, ends = figure.subplots(1, 3)
    for eta, colour in zip(ETAS, COLOURS, strict=True):
        run = eos_sweep.trajectory("scalar_net", {"depth": DEPTH, "eta": eta}, START, steps=STEPS)
        phi = run.flow_sharpness.values
        rise = (phi[1:] / phi[:-1]).max() - 1.0
        print(f"eta = {eta}: phi from {phi[0]:.4f} to {phi[-1]:.4f}, rises by {rise:.0e} a step at most")
        flows.plot(run.step, phi, color=colour, linewidth=2.0, label=f"η = {eta}")
        flows.axhline(2.0 / eta, color=colour, linewidth=0.9, linestyle=":")
        if eta == SHOWN:
            one.plot(run.step, run.sharpness, color="0.55", linewidth=0.6, label="S")
            one.plot(run.step, phi, color=colour, linewidth=2.0, label="φ")
            one.axhline(2.0 / eta, color=colour, linewidth=0.9, linestyle=":", label="2/η")
    one.set_title(f"depth {DEPTH}, w = 3, ½, ½, ½, η = {SHOWN}", loc="left", fontsize="medium")
    flows.set_title("φ falls below 2/η (dotted)", loc="left", fontsize="medium")
    for ax in (one, flows):
        ax.set(xlabel="gradient descent step", xlim=(0, 1000 if ax is one else STEPS))
        ax.legend(frameon=False, fontsize="small", loc="upper right", ncols=1 if ax is one else 2)
    one.set(ylabel="sharpness")
    flows.set(ylabel="φ", ylim=(4.0, 7.4))

    piece = dataset.sel(w1=SLICE, method="nearest")
    for depth, colour in zip(piece.depth.values, COLOURS, strict=True):
        row = piece.sel(depth=depth)
        ends.plot(
            row.eta,
            row.sharpness_final.where(row.loss_final < 1e-6),
            color=colour,
            linewidth=1.8,
            label=f"depth {depth:g}",
        )
        ends.axhline(float(row.flow_sharpness_initial[0]), color=colour, linewidth=0.9, linestyle=":")
    eta = np.geomspace(0.1, 1.0, 200)
    ends.plot(eta, 2.0 / eta, color="black", linewidth=1.2, linestyle="--", label="2/η")
    ends.set(xscale="log", yscale="log", xlim=(0.1, 1.0), ylim=(1.8, 14), xlabel="step size η", ylabel="S at the end")
    ends.set(xticks=(0.1, 0.2, 0.5, 1.0), xticklabels=("0.1", "0.2", "0.5", "1"), yticks=(2, 5, 10))
    ends.set(yticklabels=("2", "5", "10"))
    ends.minorticks_off()
    ends.set_title("minima reached; φ(θ₀) dotted", loc="left", fontsize="medium")
    ends.legend(frameon=False, fontsize="small")
    save(figure, "scalar_net")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Gradient descent, gradient flow and the constrained trajectory from one start.  Writes figures/liu2025_fig5.png.

    python figures/liu2025_fig5.py [FOLDER]

keeps the run of sweeps/liu2025_fig5.toml, step by step, in FOLDER (the current one by default), and prints how far from
gradient descent the other two end.
"""

import sys

import liu2025
import numpy as np
import xarray as xr
from liu2025 import DASHED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED


def draw(runs: xr.Dataset) -> Figure:
    run = runs.isel(eta=0)
    flow, held = liu2025.gradient_flow(run, 0, run.sizes["step"] - 1), liu2025.constrained(run)
    for name, curve in (("gradient flow", flow), ("the constrained trajectory", held)):
        alpha, beta2 = abs(curve.alpha[-1] - run.alpha[-1]), abs(curve.beta2[-1] - run.beta2[-1])
        print(f"figure 5: {name} ends {float(alpha):.3f} in α and {float(beta2):.3f} in β₂ from gradient descent")
    figure = liu2025.canvas(7.0, 4.0)
    drift = liu2025.drift(flow)
    print(f"figure 5: along gradient flow Q drifts by {drift:.1e}")
    figure.suptitle(f"{liu2025.FLOW}; Q is kept to {drift:.0e}")
    axes = figure.subplot_mosaic([["plane", "sharpness"], ["plane", "loss"]])
    alpha = np.linspace(0.5, 1.2, 200)
    axes["plane"].plot(alpha, 1 / alpha, color="black", linestyle=DASHED, linewidth=0.8, label="minimisers: α β₂ = 1")
    looks = {
        "gradient descent": (run, {"color": BLUE, "linewidth": 0.7, "zorder": 3}),
        "gradient flow": (flow, {"color": RED}),
        "constrained trajectory": (held, {"color": AMBER, "linewidth": 2.4}),
    }
    for name, (curve, look) in looks.items():
        axes["plane"].plot(curve.alpha, curve.beta2, label=name, **look)
        axes["sharpness"].plot(curve.step, curve.sharpness, **look)
        axes["loss"].plot(curve.step, curve.loss, **look)
    axes["plane"].plot(run.alpha[0], run.beta2[0], "o", color="black", markersize=3, zorder=4)
    axes["plane"].set(xlabel="α", ylabel="β₂", xlim=(0.52, 1.2), ylim=(0.45, 1.65))
    axes["plane"].legend(loc="upper right", **liu2025.LEGEND)
    axes["sharpness"].axhline(run.threshold, color="black", linestyle=DASHED, linewidth=0.8, zorder=4, label="2/η")
    axes["sharpness"].set(ylabel="sharpness S")
    axes["sharpness"].legend(loc="center right", **liu2025.LEGEND)
    axes["loss"].set(ylabel="loss L", yscale="log", ylim=(1e-7, 0.2))
    axes["loss"].set_xlabel("gradient descent step t; time of the flow/η")
    liu2025.header(axes["plane"], "from one start, ●")
    liu2025.header(axes["sharpness"], "gradient descent follows the constrained trajectory")
    liu2025.header(axes["loss"], "")
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_fig5", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Gradient flows from points of a gradient descent path to their minimisers.  Writes figures/liu2025_fig4.png.

    python figures/liu2025_fig4.py [FOLDER]

keeps the run of sweeps/liu2025_fig4.toml, step by step, in FOLDER (the current one by default), and prints how well the
flows keep their invariant, and where they end.
"""

import sys

import liu2025
import numpy as np
import xarray as xr
from liu2025 import DASHED
from matplotlib.figure import Figure

from eos_sweep.analysis.pictures.style import AMBER, BLUE, RED

STARTS = 0, 1200, 2500, 4000, 6000, 8200  # steps of gradient descent
STEPS = 60_000  # duration of a flow: its error shrinks as exp(-lambda2 (alpha^2 + beta2^2) eta t), to below 1e-25


def draw(runs: xr.Dataset) -> Figure:
    run = runs.isel(eta=0)
    flows = {start: liu2025.gradient_flow(run, start, STEPS) for start in STARTS}
    drifts, misses = ([check(flow) for flow in flows.values()] for check in (liu2025.drift, liu2025.miss))
    for start, drift, miss in zip(STARTS, drifts, misses, strict=True):
        print(f"figure 4: from step {start}: Q drifts by {drift:.1e}, the end is {miss:.1e} from the minimiser")
    figure = liu2025.canvas(7.0, 3.9)
    starts = f"from steps {', '.join(map(str, STARTS))}, each for the time {STEPS} η"
    checks = f"Q is kept to {max(drifts):.0e}, minimisers are met to {max(misses):.0e}"
    figure.suptitle(f"{liu2025.FLOW};\n{starts}; {checks}")
    left, right = figure.subplots(1, 2)
    alpha = np.linspace(0.5, 1.2, 200)
    left.plot(alpha, 1 / alpha, color="black", linestyle=DASHED, label="minimisers: α β₂ = 1")
    left.plot(run.alpha, run.beta2, color=BLUE, linewidth=0.7, label="gradient descent")
    right.plot(run.step, run.flow_sharpness, color=AMBER, label="φ: where its flow ends")
    right.plot(run.step, run.sharpness, color=BLUE, linewidth=0.7, label="gradient descent")
    right.axhline(run.threshold, color="black", linestyle=DASHED, linewidth=0.8, label="2/η")
    for k, flow in enumerate(flows.values()):
        label = {"label": "gradient flow"} if k == 0 else {}
        left.plot(flow.alpha, flow.beta2, color=RED, **label)
        right.plot(flow.step, flow.sharpness, color=RED, **label)
        left.plot(flow.alpha[0], flow.beta2[0], "o", color=RED, markersize=3)
        right.plot(flow.step[0], flow.sharpness[0], "o", color=RED, markersize=3)
        left.plot(flow.alpha[-1], flow.beta2[-1], "o", color=RED, markerfacecolor="white")
    left.set(xlabel="α", ylabel="β₂", xlim=(0.52, 1.2), ylim=(0.45, 1.65))
    left.legend(loc="upper right", **liu2025.LEGEND)
    right.set(xlabel="gradient descent step t; time of a flow/η", ylabel="sharpness S")
    right.set(xlim=(0, 10_000), ylim=(28, 124))
    right.legend(loc="upper right", ncols=2, **liu2025.LEGEND)
    liu2025.header(left, "from ● to ○ along α² − β₁² − β₂² = Q")
    liu2025.header(right, "a flow sharpens to φ; the descent stays at 2/η")
    return figure


def main(folder: str = ".") -> None:
    liu2025.redraw("liu2025_fig4", draw, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])

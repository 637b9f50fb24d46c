"""The phases of a trajectory, and where its cycles turn.  Writes figures/phases.png.

    python figures/phases.py [FOLDER]

The run is the reference of the documentation: lambda1 = 100, lambda2 = 0.01, eta = 0.05 with the preset's projection.
It takes seconds, so nothing is stored in FOLDER.
"""

import sys
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from stored_sweeps import save

import eos_sweep
from eos_sweep.analysis.phases import PHASES
from eos_sweep.analysis.pictures.style import AMBER, BLUE, GREEN, RED
from eos_sweep.models import bivariate_theory

START = {"alpha": 0.57, "beta1": 0.01, "beta2": 0.5}
PARAMETERS = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "radius": "liu2025"}
STEPS, SHOWN = 30_000, 3_000
TICKS = (0.02, 0.05, 0.1, 0.2, 0.3)
COLOURS = {"I": "#E3F4EE", "II.1": "#FBE3E6", "II.2": "#FFF3C4"}
NAMES = {"I": "I: sharpening", "II.1": "II.1: |β₁| grows", "II.2": "II.2: α falls"}
KAPPAS = {0.3: ("s", GREEN), np.sqrt(10) / 6: ("o", BLUE), 0.9: ("^", RED)}


def strips(ax: Any, found: Any) -> None:
    """Colour the ground of a panel by phase."""
    for code, first, duration in zip(found.segment_phase, found["first"], found.duration, strict=True):
        ax.axvspan(first, first + duration, color=COLOURS[list(PHASES)[int(code)]], linewidth=0)
    ax.set_xlim(0, SHOWN)


def trajectory(upper: Any, lower: Any, run: Any, found: Any) -> None:
    """Draw the first cycles on the ground of their phases."""
    for ax in (upper, lower):
        strips(ax, found)
    upper.plot(run.step, run.sharpness / run.threshold, color=BLUE, linewidth=1.3)
    upper.axhline(1.0, color="black", linewidth=0.9)
    for level, where in ((found.attrs["law_undershoot"], "top"), (found.attrs["law_peak"], "bottom")):
        upper.axhline(level, color="black", linewidth=1.0, linestyle=(0, (5, 3)))
        upper.annotate(
            f"{level:.3f}", (SHOWN, level), (-3, -3 if where == "top" else 3), textcoords="offset points", ha="right",
            va=where, fontsize="small",
        )  # fmt: skip
    lower.plot(run.step, run.log10_abs_beta1, color=RED, linewidth=1.3)
    lower.axhline(np.log10(float(run.radius)), color="black", linewidth=1.0, linestyle=(0, (5, 3)))
    upper.set(ylabel="S · η/2", ylim=(0.78, 1.27))
    lower.set(ylabel="log₁₀ |β₁|", xlabel="gradient descent step")
    upper.set_title(
        "λ₁ = 100, λ₂ = 0.01, η = 0.05, κ = √10/6; dashed: both roots of z − 1 − ln z = κ²η/2, and the radius",
        loc="left", fontsize="medium",
    )  # fmt: skip
    handles = [Patch(facecolor=COLOURS[phase], edgecolor="0.5", label=name) for phase, name in NAMES.items()]
    upper.legend(handles=handles, loc="upper right", ncols=3, fontsize="small", framealpha=0.9, edgecolor="none")


def cycles(ax: Any, found: Any) -> None:
    """Draw peak and undershoot of each cycle of the whole run beside what its own largest beta1 makes of the law."""
    number = np.arange(1, found.sizes["cycle"] + 1)
    ax.plot(number, found.z_peak, "o", color=AMBER, markersize=5, label="peak")
    ax.plot(number[1:], found.law_next_peak[:-1], color="black", linewidth=1.0, label="law, from ηλ₁β₁² at z = 1")
    ax.plot(number, found.undershoot, "v", color=BLUE, markersize=5, label="undershoot")
    ax.plot(number, found.law_undershoot, color="black", linewidth=1.0)
    ax.axhline(1.0, color="0.5", linewidth=0.8)
    ax.set(xlabel="cycle", ylabel="z = ηλ₁α²/2 where it turns")
    ax.set_title("each cycle of 30 000 steps", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def law(ax: Any) -> None:
    """Draw the undershoot against kappa^2 eta, over step sizes and projections."""
    reach = np.geomspace(3e-4, 0.15, 200)
    ax.plot(reach, 1 - bivariate_theory.turning_points(reach)[0], color="black", linewidth=1.2, label="law")
    for kappa, (marker, colour) in KAPPAS.items():
        etas = np.geomspace(0.004, 0.16, 9)
        depth = []
        for eta in etas:
            given = {"lambda1": 400.0, "lambda2": 0.01, "eta": eta, "radius": kappa / 20}
            start = {"alpha": np.sqrt(1.7 / (400 * eta)), "beta1": 0.01, "beta2": 0.2}
            found = eos_sweep.segment_phases(eos_sweep.trajectory("bivariate", given, start, steps=25_000))
            depth.append(1 - float(found.undershoot[0]) if found.sizes["cycle"] else np.nan)
        ax.plot(kappa**2 * etas, depth, marker, color=colour, markersize=5, label=f"κ = {kappa:.3g}")
    ax.set(xscale="log", yscale="log", xlabel="κ²η", ylabel="1 − undershoot")
    ax.set_yticks(TICKS, map(str, TICKS))
    ax.minorticks_off()
    ax.set_title("first undershoot, λ₁ = 400, λ₂ = 0.01", loc="left", fontsize="medium")
    ax.legend(frameon=False, fontsize="small")


def main(folder: str = ".") -> None:
    """Draw the figure; nothing is stored in ``folder``."""
    run = eos_sweep.trajectory("bivariate", PARAMETERS, START, steps=STEPS)
    found = eos_sweep.segment_phases(run)
    figure = Figure(figsize=(10.5, 8.6), layout="constrained")
    mosaic = [["sharpness", "sharpness"], ["beta1", "beta1"], ["cycles", "law"]]
    axes = figure.subplot_mosaic(mosaic, height_ratios=[1.2, 0.8, 1.5])
    trajectory(axes["sharpness"], axes["beta1"], run, found)
    cycles(axes["cycles"], found)
    law(axes["law"])
    save(figure, "phases")
    print("crossing   peak   undershoot   law   steps in I, II.1, II.2")
    steps = found.duration.values[1:]  # the start has too large a beta1, so that alpha falls on the first step
    for k in range(8):
        one = found.isel(cycle=k)
        spans = ", ".join(map(str, steps[3 * k : 3 * k + 3]))
        print(
            f"{int(one.crossing):8}{float(one.sharpness_peak):7.3f}{float(one.undershoot):13.3f}"
            f"{float(one.law_undershoot):6.3f}   {spans}"
        )


if __name__ == "__main__":
    main(*sys.argv[1:])

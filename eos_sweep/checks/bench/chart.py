"""The summary of a benchmark as a picture."""

from typing import Any

from eos_sweep.checks.bench import our_kernel
from eos_sweep.checks.bench.contenders import KERNEL_MODULE, core_counts
from eos_sweep.checks.bench.race import Contender
from eos_sweep.checks.bench.summary import Summary
from eos_sweep.engine.cores import cores

# Okabe and Ito's colours, which people with colour blindness can tell apart; dark to light, so also in grey.
KERNEL, KERNEL_MIXED, CLOSED_FORM, SOLVER = "#0072B2", "#56B4E9", "#E69F00", "#BBBBBB"


def chart(found: Summary) -> Any:
    """Return a Figure of the speeds of all contenders."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1.0))
    _draw_peers(left, found)
    _draw_modes(right, found)
    machine = found.machine
    figure.suptitle(
        f"{machine['cpu']}, {cores()} cores; numba {machine['numba_version']}, numpy {machine['numpy_version']}",
        fontsize="medium",
        x=0.01,
        ha="left",
    )
    return figure


def _draw_peers(ax: Any, found: Summary) -> None:
    """Draw the kernel's modes and the peers, on one core, of trajectories that do not end early."""
    modes = sorted((found.kernel(mode) for mode in our_kernel.MODES), key=found.median)
    bars = [*reversed(found.peers()), *modes]
    speeds = [found.median(bar) / 1e6 for bar in bars]
    ax.barh([_name(bar) for bar in bars], speeds, color=[_colour(bar) for bar in bars], height=0.72)
    for place, (bar, speed) in enumerate(zip(bars, speeds, strict=True)):
        readings = [speed / 1e6 for speed in found.speeds(bar)]
        ax.plot((min(readings), max(readings)), (place, place), color="black", linewidth=1.2)
        ax.text(1.12 * max(readings), place, f"{speed:.3g}", va="center", fontsize="small")
    ax.set_xscale("log")
    ax.set_xlim(min(speeds) / 3, max(speeds) * 4)
    ax.set_xlabel("million trajectory-steps per second")
    ax.set_title("one core, no trajectory ends early", fontsize="medium", loc="left")
    ax.spines[["top", "right"]].set_visible(False)


def _draw_modes(ax: Any, found: Summary) -> None:
    """Draw the kernel's modes on one and on all cores, with and without trajectories that end early."""
    early = f"{100 * found.ending_early:.0f} % end early"
    groups = [
        (label + (f", {number} cores" if number > 1 else ""), kind, number, colour, "////" if number > 1 else "")
        for label, kind, colour in (("none ends early", "alive", KERNEL), (early, "mixed", KERNEL_MIXED))
        for number in core_counts()
    ]
    height = 0.8 / len(groups)
    for number, (label, kind, on, colour, hatch) in enumerate(groups):
        speeds = [found.median(found.kernel(mode, kind, on)) / 1e6 for mode in our_kernel.MODES]
        places = [place + (number - (len(groups) - 1) / 2) * height for place in range(len(speeds))]
        ax.barh(places, speeds, height=height, color=colour, hatch=hatch, edgecolor="white", linewidth=0.6, label=label)
        for place, speed in zip(places, speeds, strict=True):
            ax.text(speed, place, f" {speed:.0f}", va="center", fontsize="small")
    ax.set_yticks(range(len(our_kernel.MODES)), our_kernel.MODES)
    ax.invert_yaxis()
    ax.set_xlim(0, ax.get_xlim()[1] * 1.08)
    ax.set_xlabel("million trajectory-steps per second")
    ax.set_title("eos_sweep: steps taken", fontsize="medium", loc="left")
    ax.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.45, -0.14), ncols=2)
    ax.spines[["top", "right"]].set_visible(False)


def _name(bar: Contender) -> str:
    return f"{bar.library}, {bar.variant}"


def _colour(bar: Contender) -> str:
    return KERNEL if bar.module == KERNEL_MODULE else SOLVER if bar.variant == "eigvalsh" else CLOSED_FORM

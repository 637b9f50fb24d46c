"""Whether the decay rate on the edge is independent of the step size, the second of two open questions.

    python figures/decay.py [FOLDER]

fits the slope of log L^, L^ = lambda2 (beta2 sqrt(2/(eta lambda1)) - 1)^2 / 2, over step size and lambda2/lambda1,
prints where it leaves 2 log(1 - 2 lambda2/lambda1), and writes figures/decay.png.  The runs of sweeps/decay.toml are
stored in FOLDER (the current one by default), as far as they are not there.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from stored_sweeps import save, spec_of, stored

import eos_sweep
from eos_sweep.analysis.pictures.style import COLOURS, DOT
from eos_sweep.analysis.slices import cell_edges

TIMES = np.array([0.1, 0.2, 0.4])  # at which the slope is fitted, in units of lambda1/lambda2
LEVEL = 0.2  # of lambda2/2: the loss level to which the time is measured
LAMBDA1, KAPPA = 100.0, np.sqrt(10.0) / 6.0


def surrogate(dataset: xr.Dataset) -> np.ndarray:
    """Return log(L^/(lambda2/2)) at the end of each run: L^ = lambda2 (beta2 sqrt(2/(eta lambda1)) - 1)^2 / 2."""
    edge = np.sqrt(2.0 / (dataset.eta * LAMBDA1))
    with np.errstate(all="ignore"):
        return 2.0 * np.log(np.abs(dataset.beta2_final * edge - 1.0)).transpose("lambda2", "eta").values


def decayed(folder: Path) -> dict[str, np.ndarray]:
    """Return lambda2, eta, and over both the slope over 2 log(1 - 2 lambda2/lambda1), and the time to LEVEL.

    Budgets are powers of two; between them log L^ is taken for straight.
    """
    spec = spec_of("decay")
    lambda2, eta = (spec.axis(name).values for name in ("lambda2", "eta"))
    unit = LAMBDA1 / lambda2
    first, last = np.log2(TIMES[0] * unit.min()), np.log2(TIMES[-1] * unit.max())
    budgets = 2 ** np.arange(max(0, int(first)), int(last) + 2)
    logs = np.full((budgets.size + 1, lambda2.size, eta.size), np.nan)
    logs[0] = 2.0 * np.log(np.abs(0.5 * np.sqrt(2.0 / (eta * LAMBDA1)) - 1.0))
    for k, steps in enumerate(budgets.tolist(), 1):
        rows = np.flatnonzero((2 * steps > TIMES[0] * unit) & (steps < 2 * TIMES[-1] * unit))
        axes = spec.to_dict()["axes"] | {"lambda2": lambda2[rows].tolist()}
        logs[k, rows] = surrogate(stored("decay", folder, f"_{steps}", steps=steps, axes=axes))
    slope, time = np.empty((2, lambda2.size, eta.size))
    for row in range(lambda2.size):
        there = np.flatnonzero(np.isfinite(logs[:, row]).any(1))
        steps, values = np.concatenate([[0], budgets])[there], logs[there, row]
        ends = between(steps, values, TIMES * unit[row])
        slope[row] = fitted(TIMES * unit[row], ends) / (2.0 * np.log1p(-2.0 / unit[row]))
        time[row] = fallen(steps, values) / unit[row]
    return {"lambda2": lambda2, "eta": eta, "slope": slope, "time": time}


def between(steps: np.ndarray, values: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return values, given at some steps along the first axis, at others on straight lines between them."""
    k = np.clip(np.searchsorted(steps, at), 1, steps.size - 1)
    share = ((at - steps[k - 1]) / (steps[k] - steps[k - 1]))[:, None]
    return (1.0 - share) * values[k - 1] + share * values[k]


def fitted(at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the least-squares slope of values along the first axis."""
    deviation = (at - at.mean())[:, None]
    return (deviation * values).sum(0) / (deviation**2).sum()


def fallen(steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return when values first fall to log(LEVEL), on straight lines between the steps; NaN if they do not."""
    found = np.full(values.shape[1], np.nan)
    level = np.log(LEVEL)
    for k in range(steps.size - 1, 0, -1):
        before, after = values[k - 1], values[k]
        with np.errstate(all="ignore"):
            here = steps[k - 1] + (steps[k] - steps[k - 1]) * (before - level) / (before - after)
        found = np.where((before > level) & (after <= level), here, found)
    return found


def page(found: dict[str, np.ndarray], last: np.ndarray, room: np.ndarray) -> Figure:
    """Return the map of slopes, and the time to a loss level."""
    ratio, eta = found["lambda2"] / LAMBDA1, found["eta"]
    figure = Figure(figsize=(10.5, 5.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    edges = [cell_edges(values) for values in (eta, ratio)]
    norm = Normalize(0.5, 1.5)
    mesh = left.pcolormesh(*edges, found["slope"].clip(-9.0, 9.0), cmap="RdBu_r", norm=norm, rasterized=True)
    left.plot(room, ratio, color="black", linestyle="--", linewidth=1.4, label="η = 8κ²/(λ₁λ₂)")
    left.plot(last, ratio, **DOT, markerfacecolor="#FFCD00", markevery=6, label="5 % off from here on")
    left.set(xscale="log", yscale="log", xlabel="step size η", ylabel="λ₂/λ₁ (λ₁ = 100)")
    left.set(xlim=eta[[0, -1]], ylim=ratio[[0, -1]])
    left.set_title("slope of log L̂ over 2 log(1 − 2λ₂/λ₁)", loc="left", fontsize="medium")
    left.legend(loc="upper right", fontsize="small", framealpha=0.9)
    figure.colorbar(mesh, ax=left, location="bottom", aspect=40, extend="both")
    start = 2.0 * np.log(np.abs(0.5 * np.sqrt(2.0 / (eta * LAMBDA1)) - 1.0))
    right.plot(
        eta,
        start - np.log(LEVEL),
        color="black",
        linestyle="--",
        linewidth=1.4,
        label="rate of the edge from the start",
    )
    for value, colour in zip((1e-5, 1e-4, 1e-3, 1e-2), COLOURS, strict=True):
        k = int(np.abs(np.log(ratio / value)).argmin())
        right.plot(eta, 4.0 * found["time"][k], color=colour, linewidth=1.6, label=f"λ₂/λ₁ = {value:g}")
    right.set(xscale="log", xlabel="step size η", ylabel="steps × 4λ₂/λ₁", xlim=(0.02, 10.0), ylim=(0.0, 3.0))
    right.set_title(f"time until L̂ = {LEVEL:g} · ½λ₂", loc="left", fontsize="medium")
    right.legend(frameon=False, loc="lower right")
    return figure


def main(folder: str = ".") -> None:
    found = decayed(Path(folder))
    ratio, eta, slope = found["lambda2"] / LAMBDA1, found["eta"], found["slope"]
    inside = eta > 0.03  # below it runs reach the edge late
    off = (np.abs(slope - 1.0) > 0.05) & inside
    last = np.where(off.any(1) & (off.argmax(1) > inside.argmax()), eta[off.argmax(1)], np.nan)
    room = 8.0 * KAPPA**2 / (LAMBDA1 * found["lambda2"])
    print("lambda2/lambda1 | eta from which the slope is more than 5 % off | 8 kappa^2/(lambda1 lambda2)")
    for k in range(0, ratio.size, ratio.size // 16):
        print(f"{ratio[k]:.2e} | {last[k]:.3f} | {room[k]:.3f}")
    part = (ratio > 1e-3) & (ratio < 5e-3)
    law, over = eos_sweep.power_law(ratio[part], last[part]), (last / room)[part]
    print(
        f"for lambda2/lambda1 from 1e-3 to 5e-3 that eta has exponent {law.exponent:.3f} ({law.exponent_low:.3f} to "
        f"{law.exponent_high:.3f}) and is {over.min():.2f} to {over.max():.2f} times 8 kappa^2/(lambda1 lambda2)"
    )
    for words, most, thin in (("lambda1 lambda2 <= 1, eta", 0.1, 1e-4), ("lambda2/lambda1 <= 3e-4, eta", 1.0, 3e-4)):
        there = slope[(ratio <= thin)[:, None] & inside & (eta <= most)]
        quantiles = np.quantile(there, [0.0, 0.05, 0.5, 0.95, 1.0])
        print(f"slope over prediction, {words} 0.03 to {most}: 0, 5, 50, 95, 100 %", quantiles.round(4))
    save(page(found, last, room), "decay")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The map of sweeps/underflow.toml in plain doubles, beside the true one.  Writes figures/underflow.png.

    python figures/underflow.py [FOLDER]

runs the sweep into a store in FOLDER (the current one by default) if it is not there, runs the same grid in plain
doubles, prints the shares of both, and draws them with one run that shows why they differ.
"""

import sys

import numpy as np
import plain_doubles
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from stored_sweeps import save, spec_of, stored

import eos_sweep
from eos_sweep import plot, regimes
from eos_sweep.analysis.pictures.style import BLUE, PALETTE, RED
from eos_sweep.contract import EDGE
from eos_sweep.eigen.sharpness import top
from eos_sweep.engine import batch

RUN = {"lambda1": 100.0, "lambda2": 0.01, "eta": 0.05, "clip": np.inf, "radius": np.sqrt(10) / 60}
START = {"alpha": 0.4, "beta1": 0.01, "beta2": 0.5}
STEPS = 10_000


def in_plain_doubles(truth: xr.Dataset) -> xr.Dataset:
    """Return the regimes of the same grid with the model in plain doubles."""
    sweep = spec_of("underflow")
    initial, parameters = sweep.inputs(
        dict(zip(sweep.dims, np.ix_(*(axis.values for axis in sweep.axes)), strict=True))
    )
    flat = [{name: array.ravel() for name, array in table.items()} for table in (initial, parameters)]
    found = batch.run(sweep.job(variables=regimes.REQUIRED)._replace(model=plain_doubles), *flat)
    codes = regimes.classify(found, regimes.thresholds()).reshape(sweep.shape)
    return truth[["regime"]].assign(regime=truth.regime.copy(data=codes))


def run_in_plain_doubles() -> tuple[np.ndarray, np.ndarray]:
    """Return S * eta / 2 and log10 |beta1| of the one run, step by step."""
    p = tuple(RUN.values())
    states = [(*START.values(), 0.0)]
    for _ in range(STEPS):
        states.append(plain_doubles.step(states[-1], p))
    theta = tuple(np.array(states, dtype=float).T)
    with np.errstate(divide="ignore"):
        return top(plain_doubles, theta, p) / EDGE, np.log10(np.abs(theta[1]))


def main(folder: str = ".") -> None:
    truth = stored("underflow", folder)
    plain = in_plain_doubles(truth)
    for name, dataset in (("plain doubles", plain), ("own exponent", truth)):
        shares = [f"{regime} {float((dataset.regime == code).mean()):.3f}" for regime, code in regimes.CODES.items()]
        print(f"{name:14}", ", ".join(shares[1:]))
    print(f"labels that plain doubles get wrong: {float((plain.regime != truth.regime).mean()):.3f}")

    figure = Figure(figsize=(10.5, 8.4), layout="constrained")
    axes = figure.subplot_mosaic([["plain", "truth"], ["sharpness", "beta1"]], height_ratios=[1.25, 1])
    for key, dataset, title in (("plain", plain, "plain doubles"), ("truth", truth, "β₁ with its own exponent")):
        plot.regime_map(dataset, "eta", "lambda1", ax=axes[key], lines=False, legend=False)
        diverging = float((dataset.regime == regimes.CODES["divergence"]).mean())
        axes[key].set_title(f"{title}: {100 * diverging:.1f} % diverge", loc="left", fontsize="medium")
    met = np.union1d(truth.regime, plain.regime)  # a rest above 2/eta counts as an orbit of one step, so as periodic
    names = [name for name, code in regimes.CODES.items() if code in met]
    handles = [Patch(facecolor=PALETTE[name], edgecolor="0.35", label=name.replace("_", " ")) for name in names]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False, fontsize="small")

    ratio, depth = run_in_plain_doubles()
    run = eos_sweep.trajectory("bivariate", RUN, START, steps=STEPS)
    series = {
        "sharpness": (ratio, run.sharpness / run.threshold, "S · η/2"),
        "beta1": (depth, run.log10_abs_beta1, "log₁₀ |β₁|"),
    }
    for key, (doubles, exact, label) in series.items():
        axes[key].plot(exact, color=BLUE, linewidth=1.4, label="own exponent")
        axes[key].plot(doubles, color=RED, linewidth=1.8, linestyle=(0, (5, 2)), label="plain doubles")
        axes[key].set(ylabel=label, xlabel="gradient descent step")
    axes["sharpness"].axhline(1.0, color="0.3", linewidth=0.9, linestyle=":")
    axes["sharpness"].legend(frameon=False, loc="lower right")
    axes["sharpness"].set_title("one run: λ₁ = 100, η = 0.05, radius = √10/60", loc="left", fontsize="medium")
    axes["beta1"].set_title("below 10⁻³²⁴ a double is zero, for ever", loc="left", fontsize="medium")
    save(figure, "underflow")


if __name__ == "__main__":
    main(*sys.argv[1:])

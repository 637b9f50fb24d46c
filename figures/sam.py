"""The lowered edge of sharpness-aware minimisation, over its radius and the step size.  Writes figures/sam.png.

    python figures/sam.py [FOLDER]

runs sweeps/sam.toml, and the same with the normalised gradient, into stores in FOLDER (the current one by default), as
far as they are not there.  Prints shares of regimes, and the final sharpness over the closed edge and over 2/eta.
"""

import sys
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from panels import EDGE, label_outer_panels, legend, panel
from stored_sweeps import save, stored

from eos_sweep import regimes
from eos_sweep.analysis.slices import cell_edges

RULES = {"sam_unnormalised": "SAM, not normalised", "sam": "SAM"}
NAMES = ("regime", "settled", "sharpness_final", "final_above")


def closed_edge(dataset: Any) -> Any:
    """Return the sharpness at the edge of SAM without normalisation."""
    eta, rho = dataset.eta, dataset.sam_radius
    return (np.sqrt(1.0 + 8.0 * rho / eta) - 1.0) / (2.0 * rho)


def over_gd(dataset: Any) -> Any:
    """Return the final sharpness over 2/eta, NaN where a run diverged."""
    bounded = dataset.regime != regimes.CODES["divergence"]
    return (dataset.sharpness_final * dataset.eta / 2.0).where(bounded)


def tell(found: dict[str, Any]) -> None:
    """Print shares of regimes, and medians of the final sharpness at the edge of stability."""
    for rule, dataset in found.items():
        shares = {name: 100.0 * float((dataset.regime == code).mean()) for name, code in regimes.CODES.items()}
        print(f"{rule}:", ", ".join(f"{name} {share:.1f} %" for name, share in shares.items() if share))
        bounded = dataset.regime != regimes.CODES["divergence"]
        above = 100.0 * float((dataset.final_above == regimes.ABOVE).where(bounded).mean())
        print(f"{rule}: {above:.0f} % of the bounded runs end at the edge or above it")
        for rho in (1e-4, 1e-3, 1e-2, 1e-1):
            row = dataset.sel(sam_radius=rho, method="nearest")
            ends = over_gd(row).where(row.regime == EDGE)
            bound = (ends / (closed_edge(row) * row.eta / 2.0)).values if rule == "sam_unnormalised" else None
            words = "" if bound is None else f"; over its own edge {np.nanmedian(bound):.3f}"
            print(f"{rule}, rho = {rho:g}: {100.0 * float((row.regime == EDGE).mean()):.1f} % at the edge, final "
                  f"sharpness over 2/eta there, median {float(ends.median()):.3f}{words}")  # fmt: skip


def main(folder: str = ".") -> None:
    found = {rule: stored("sam", folder, f"_{rule}", rule=rule, variables=NAMES) for rule in RULES}
    tell(found)
    figure = Figure(figsize=(9.6, 7.6), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    entries: dict[str, Any] = {}
    for row, (rule, words) in zip(axes, RULES.items(), strict=True):
        dataset = found[rule]
        entries |= panel(row[0], dataset, "eta", "sam_radius", title=f"{words}: {{edge}}")
        edges = [cell_edges(dataset[name].values) for name in ("eta", "sam_radius")]
        values = over_gd(dataset).transpose("sam_radius", "eta").values
        mesh = row[1].pcolormesh(*edges, values, cmap="viridis", vmin=0.0, vmax=1.0, rasterized=True)
        row[1].set_title(f"{words}: final sharpness over 2/η", loc="left", fontsize="small")
        row[1].set_xlabel(row[0].get_xlabel(), fontsize="small")
        row[1].tick_params(labelsize="small")
    label_outer_panels(axes)
    figure.colorbar(mesh, ax=axes[:, 1], location="right", aspect=40, extend="max")
    entries = {("the start is at the edge" if "theta_0" in label else label): one for label, one in entries.items()}
    title = "Sharpness-aware minimisation, λ₁ = 100, λ₂ = 0.01, |β₁| ≤ 0.0527, θ₀ = (0.5, 0.05, 0.5), 40,000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    legend(figure, entries, "outside lower left", 4)
    save(figure, "sam")


if __name__ == "__main__":
    main(*sys.argv[1:])

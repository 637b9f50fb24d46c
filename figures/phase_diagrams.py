"""Phase diagrams of the model ``bivariate``: in each plane of its parameters, over its start, and in four dimensions.

    python figures/phase_diagrams.py [FOLDER]

runs the sweeps named below into stores in FOLDER (the current one by default), as far as they are not there, and draws
quickstart.png, flagship.png, settled.png and phase_*.png beside this file.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from panels import SMALL, figure_of, fixed_inputs, label_outer_panels, legend, panel, swept
from stored_sweeps import save

from eos_sweep import plot

PICTURES: dict[str, dict[str, Any]] = {
    "quickstart": {},
    "flagship": {"x": "eta", "y": "lambda1", "at": {"lambda2": 0.01}, "facet": "clip", "lines": "all"},
    "settled": {"variable": "settled"},
}
BELOW = "outside lower left"
TURNED = {"rotation": -90, "verticalalignment": "center", "fontsize": SMALL}


def readings(folder: Path) -> Any:
    """Draw the plane of step size and curvature for both readings of "clipped", and without a clip."""
    clipping, projected = swept(folder, "clipping"), swept(folder, "quickstart")
    title = "Gradient descent without a clip, with a clip of β₁'s gradient, and with a projection of β₁\n"
    figure = figure_of(clipping, 9.0, 4.7, title + fixed_inputs(clipping, ["radius"]))
    axes = figure.subplots(1, 3, sharey=True)
    found = {}
    for ax, (dataset, at, words) in zip(
        axes,
        (
            (clipping, {"clip": np.inf}, "no clip"),
            (clipping, {"clip": 5.0}, "gradient clip |∂L/∂β₁| ≤ 5"),
            (projected, {}, "projection |β₁| ≤ 0.527/√λ₁"),
        ),
        strict=True,
    ):
        found |= panel(ax, dataset, "eta", "lambda1", at, f"{words}: {{edge}}")
    label_outer_panels(axes)
    legend(figure, found, BELOW, 4)
    return figure


PLANES = {
    "plane_eta_lambda2": ("eta", "lambda2", "projection |β₁| ≤ 0.527/√λ₁"),
    "plane_lambda1_lambda2": ("lambda1", "lambda2", "projection |β₁| ≤ 0.527/√λ₁"),
    "plane_clip_eta": ("eta", "clip", "gradient clip"),
    "plane_kappa_eta": ("eta", "kappa", "projection |β₁| ≤ κ/√λ₁"),
}
NOT_HERE = ("alpha", "beta1", "beta2", "clip", "radius")  # which all planes share, or which are off


def planes(folder: Path) -> Any:
    """Draw the other planes of the parameters."""
    datasets = {name: swept(folder, name) for name in PLANES}
    title = "Four planes through (λ₁, λ₂, η) = (100, 0.01, 0.05)\nα = 0.5, β₁ = 0.05, β₂ = 0.5"
    figure = figure_of(datasets["plane_eta_lambda2"], 8.6, 6.8, title)
    axes, found = figure.subplots(2, 2), {}
    for ax, (name, (x, y, words)) in zip(axes.flat, PLANES.items(), strict=True):
        dataset = datasets[name]
        found |= panel(ax, dataset, x, y, title=f"{words}: {{edge}}\n{fixed_inputs(dataset, NOT_HERE)}")
    legend(figure, found)
    return figure


def starts(folder: Path) -> Any:
    """Draw maps over the start, without a bound on beta1 and with a projection."""
    datasets = {"beta1": swept(folder, "start_beta1"), "beta2": swept(folder, "start_beta2")}
    title = "Regimes over the start θ₀ = (α₀, β₁₀, β₂₀)\n" + fixed_inputs(datasets["beta1"], ["clip", "beta2"])
    figure = figure_of(datasets["beta1"], 8.6, 6.6, title)
    axes, found = figure.subplots(2, 2, sharex=True), {}
    for row, (y, dataset) in zip(axes, datasets.items(), strict=True):
        other = "β₂₀ = 0.5" if y == "beta1" else "β₁₀ = 0.05"
        for ax, (kappa, words) in zip(row, ((np.inf, "no clip"), (0.527, "|β₁| ≤ 0.527/√λ₁")), strict=True):
            at = {"kappa": kappa}
            found |= panel(ax, dataset, "alpha", y, at, f"{words}, {other}: {{edge}}")
    label_outer_panels(axes)
    legend(figure, found)
    return figure


FACETS: dict[str, tuple[str, list[float], str]] = {
    "flagship": ("clip", [0.3, 1, 3, 10, 50, np.inf], "gradient clip"),
    "radius_facet": ("kappa", [0.03, 0.1, 0.3, 1, 3, np.inf], "projection κ = radius·√λ₁"),
}


def facet(folder: Path, name: str) -> Any:
    """Draw four dimensions: a plane of step size and curvature for each pair of lambda2 and a bound on beta1."""
    dataset, (by, values, words) = swept(folder, name), FACETS[name]
    title = f"Step size and curvature for each {words} (columns) and λ₂ (rows)\n"
    figure = figure_of(dataset, 9.0, 8.3, title + fixed_inputs(dataset, ["clip", "radius"]))
    rows = [1, 0.1, 0.01, 1e-3, 1e-4]
    axes, found = figure.subplots(len(rows), len(values), sharex=True, sharey=True), {}
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    for (row, column), ax in np.ndenumerate(axes):
        at = {by: values[column], "lambda2": rows[row]}
        symbol = "κ" if by == "kappa" else by
        top = f"{symbol} = {values[column]:g}\n".replace("inf", "∞") if row == 0 else ""
        found |= panel(ax, dataset, "eta", "lambda1", at, top + "{edge}", thin=0.5)
        ax.set(xlabel="", ylabel="", xticks=[1e-2, 1], yticks=[1, 1e2, 1e4])
        if column == len(values) - 1:
            ax.text(1.06, 0.5, f"λ₂ = {rows[row]:g}", TURNED, transform=ax.transAxes)
    axes[-1, 2].set_xlabel("step size η", fontsize=SMALL)
    axes[2, 0].set_ylabel("variance of the irrelevant feature λ₁", fontsize=SMALL)
    legend(figure, found, BELOW, 4)
    return figure


def main(folder: str = ".") -> None:
    for name, choice in PICTURES.items():
        save(plot.draw(swept(folder, name), **choice), name)
    save(readings(folder), "phase_readings")
    save(planes(folder), "phase_planes")
    save(starts(folder), "phase_starts")
    save(facet(folder, "flagship"), "phase_facet_clip")
    save(facet(folder, "radius_facet"), "phase_facet_radius")


if __name__ == "__main__":
    main(*sys.argv[1:])

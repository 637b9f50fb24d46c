"""The map of step size and curvature under eight update rules.  Writes figures/eight_rules.png.

    python figures/eight_rules.py [FOLDER]

runs sweeps/eight_rules.toml under each of them into stores in FOLDER (the current one by default), as far as they are
not there.  Prints the share of each regime.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from panels import legend, panel
from stored_sweeps import save, spec_of, stored

from eos_sweep import regimes

LINES = 4  # that a map keeps: where the start and where gradient flow is at the edge, each with its halo


class Panel(NamedTuple):
    """A rule with its parameters, and the title of its map."""

    rule: str
    parameters: dict[str, float]
    title: str


PANELS = (
    Panel("gd", {}, "gradient descent"),
    Panel("l2", {"weight_decay": 1e-3}, "L2 λ = 0.001"),
    Panel("sam", {"sam_radius": 0.05}, "SAM ρ = 0.05"),
    Panel("heavy_ball", {"momentum": 0.9}, "heavy ball β = 0.9"),
    Panel("nesterov", {"momentum": 0.9}, "Nesterov β = 0.9"),
    Panel("normalised", {}, "normalised"),
    Panel("rmsprop", {}, "RMSProp β₂ = 0.99"),
    Panel("adam", {}, "Adam β₁ = 0.9, β₂ = 0.999"),
)


def swept(folder: Path) -> dict[str, Any]:
    """Return the map under each rule."""
    parameters = spec_of("eight_rules").to_dict()["parameters"]
    names = ("regime", "settled")
    return {
        one.rule: stored(
            "eight_rules",
            folder,
            f"_{one.rule}",
            variables=names,
            rule=one.rule,
            parameters=parameters | one.parameters,
        )
        for one in PANELS
    }


def main(folder: str = ".") -> None:
    found = swept(Path(folder))
    figure = Figure(figsize=(11.0, 6.4), layout="constrained")
    axes = figure.subplots(2, 4, sharex=True, sharey=True)
    entries: dict[str, Any] = {}
    for ax, one in zip(axes.flat, PANELS, strict=True):
        dataset = found[one.rule]
        shares = {name: 100.0 * float((dataset.regime == code).mean()) for name, code in regimes.CODES.items()}
        print(f"{one.rule}:", ", ".join(f"{name} {share:.1f} %" for name, share in shares.items() if share))
        found_here = panel(ax, dataset, "eta", "lambda1", title=f"{one.title}: {{edge}}")
        entries |= {label: entry for label, entry in found_here.items() if not isinstance(entry, Line2D)}
        for line in ax.lines[LINES:]:
            line.remove()
        ax.label_outer()
    solid, dashed = axes[0, 0].lines[1::2]
    entries |= {"the start is at the edge": solid, "gradient flow ends at the edge": dashed}
    title = "Regimes under eight rules, λ₂ = 0.01, |β₁| ≤ 0.527/√λ₁, θ₀ = (0.5, 0.05, 0.5), 10,000 steps"
    figure.suptitle(title, x=0.01, ha="left", fontsize="medium")
    legend(figure, entries, "outside lower left", 5)
    save(figure, "eight_rules")


if __name__ == "__main__":
    main(*sys.argv[1:])

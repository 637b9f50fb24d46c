"""Regimes of the models that specs give by a formula.  Writes figures/formulas.png.

    python figures/formulas.py [FOLDER]

runs their sweeps into stores in FOLDER (the current one by default), as far as they are not there.
"""

import sys
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from panels import SMALL, panel, swept
from stored_sweeps import save

PANELS: tuple[tuple[str, str, str, str, dict[str, float]], ...] = (
    ("factorisation", "x", "y", "½(xy − 1)²", {"l2": 0.0}),
    ("factorisation", "x", "y", "½(xy − 1)² + 0.15(x² + y²)", {"l2": 0.3}),
    ("logistic", "r", "w", "logistic regression", {}),
    ("cosine", "eta", "x", "½x² + ½(1 − cos 8x)", {}),
    ("rosenbrock", "eta", "x", "(1 − x)² + 10(y − x²)²", {}),
    ("tanh_neuron", "eta", "b", "½(a tanh b − 1)²", {}),
    ("three_layers", "eta", "w1", "½(w₁w₂w₃ − 1)²", {}),
    ("four_scalars", "eta", "x", "½(xyzw − 1)²", {}),
    ("eight_layers", "eta", "w1", "½(w₁⋯w₈ − 1)²", {}),
    ("ahn_log_cosh", "eta", "y", "log cosh(xy)", {}),
    ("ahn_logistic", "eta", "y", "4 log cosh(xy/2)", {}),
    ("ahn_root", "eta", "y", "√(1 + x²y²)", {}),
    ("ahn_huber", "eta", "y", "4√(1 + x²y²/4)", {}),
)
COLUMNS = 5


def main(folder: str = ".") -> None:
    figure = Figure(figsize=(14.0, 9.0), layout="constrained")
    axes = figure.subplots(-(-len(PANELS) // COLUMNS), COLUMNS).ravel()
    found: dict[str, Any] = {}
    for ax, (name, x, y, title, at) in zip(axes, PANELS, strict=False):
        found |= panel(ax, swept(Path(folder), name), x, y, at, title)
    for ax in axes[len(PANELS) :]:
        ax.set_axis_off()
    # Each panel has critical lines of its own, which the page names.
    shown = [entry for label, entry in found.items() if not isinstance(entry, Line2D) or label.startswith("$S")]
    shown.sort(key=lambda entry: isinstance(entry, Line2D))
    figure.legend(handles=shown, loc="lower right", bbox_to_anchor=(0.85, 0.1), frameon=False, fontsize=SMALL)
    save(figure, "formulas")


if __name__ == "__main__":
    main(*sys.argv[1:])

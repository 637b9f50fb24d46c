"""Draw the figures of the table below anew: runs that are not stored yet are run first.

    python figures/all.py [FOLDER [KEY ...]]

keeps the runs in FOLDER (the current one by default) and says how long each script took.  KEY is "gallery", for the
page figures/README.md, or "models", for docs/models.md and the pages on regimes, trust and datasets; both by default.
"""

import importlib
import sys
import time

# Scripts in this folder, each with a function main(folder).
SCRIPTS = {
    "gallery": (
        "liu2025_fig1",
        "liu2025_fig2",
        "liu2025_fig3",
        "liu2025_fig4",
        "liu2025_fig5",
        "liu2025_fig14",
        "liu2025_eta",
        "phase_diagrams",
        "collapse",
        "claims",
        "phases",
        "break_conditions",
        "unclipped",
        "decay",
        "multivariate",
        "momentum",
        "momentum_ends",
        "warmup",
        "weight_decay",
        "sam",
        "gradient_noise",
        "eight_rules",
        "points",
    ),
    "models": (
        "regimes",
        "underflow",
        "edges",
        "dimensions",
        "edge_curves",
        "threshold",
        "product",
        "quartic",
        "uv",
        "stabilization",
        "scalar_net",
        "linear_net",
        "tanh_net",
        "relu",
        "formulas",
    ),
}


def main(folder: str = ".", *keys: str) -> None:
    names = [name for key in keys or SCRIPTS for name in SCRIPTS[key]]
    start = time.perf_counter()
    for name in names:
        before = time.perf_counter()
        importlib.import_module(name).main(folder)
        print(f"figures/{name}.py: {time.perf_counter() - before:.1f} s", flush=True)
    print(f"{len(names)} scripts: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    if unknown := set(sys.argv[2:]) - set(SCRIPTS):
        sys.exit(f"figures/all.py: no key {unknown.pop()!r}; there are: {', '.join(SCRIPTS)}")
    main(*sys.argv[1:])

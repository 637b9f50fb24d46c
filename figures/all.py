"""Draw the figures of the table below anew: runs that are not stored yet are run first.

    python figures/all.py [FOLDER]

keeps the runs in FOLDER (the current one by default) and says how long each figure took.
"""

import importlib
import sys
import time

# Scripts in this folder, each with a function main(folder).
SCRIPTS = (
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
)


def main(folder: str = ".") -> None:
    start = time.perf_counter()
    for name in SCRIPTS:
        before = time.perf_counter()
        importlib.import_module(name).main(folder)
        print(f"figures/{name}.py: {time.perf_counter() - before:.1f} s", flush=True)
    print(f"{len(SCRIPTS)} scripts: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Edges of sign flips without a bound on beta1, and which of them are one of several.  Writes figures/edges.png.

    python figures/edges.py [FOLDER]

runs a coarse map of sweeps/unclipped.toml into a store in FOLDER (the current one by default) if it is not there, finds
where sign flips begin and end in some of its columns, prints how many edges are of each kind for three widths of the
bracket, and draws them.
"""

import sys

from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.neighbourhoods import KINDS

AXES = {"lambda1": {"log": [10, 1e4, 128]}, "eta": {"log": [1e-3, 1, 128]}}
COLUMNS = slice(None, None, 6)


def main(folder: str = ".") -> None:
    dataset = stored("unclipped", folder, "_edges", axes=AXES, steps=3000)
    some = dataset.isel(lambda1=COLUMNS)
    for rtol in (1e-4, 1e-6, 1e-10):
        found = eos_sweep.boundary(some, "eta", "sign_flip", rtol=rtol)
        counts = {name: int((found.kind == code).sum()) for name, code in KINDS.items() if code}
        print(f"rtol {rtol:g}:", ", ".join(f"{count} {name}" for name, count in counts.items()))
    found = eos_sweep.boundary(some, "eta", "sign_flip")
    ax = plot.regime_map(dataset, "eta", "lambda1", lines=False)
    ax.set(xlim=(4e-3, 1.0))
    save(plot.boundary_dots(found, "eta", "lambda1", ax).figure, "edges")


if __name__ == "__main__":
    main(*sys.argv[1:])

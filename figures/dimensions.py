"""Fractal dimensions of the edges of four maps.  Writes figures/dimensions.png.

    python figures/dimensions.py [FOLDER]

runs coarse maps of four specifications into stores in FOLDER (the current one by default) if they are not there, prints
the dimension of all edges of each, its slopes and the share of its edge near which three labels meet, and draws the
scales of the one without a clip.
"""

import sys

import numpy as np
from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot

SIDE = 513
AXES = {
    "quickstart": {"lambda1": {"log": [1, 1e4, SIDE]}, "eta": {"log": [1e-3, 30, SIDE]}},
    "unclipped": {"lambda1": {"log": [10, 1e4, SIDE]}, "eta": {"log": [1e-3, 1, SIDE]}},
    "quartic": {"x": {"linear": [0.05, 3.5, SIDE]}, "eta": {"linear": [0.05, 1.25, SIDE]}},
    "uv": {"lam": {"log": [0.01, 10, SIDE]}, "eta": {"log": [0.3, 30, SIDE]}},
}
DRAWN = "unclipped"


def main(folder: str = ".") -> None:
    for name, axes in AXES.items():
        dataset = stored(name, folder, "_dimensions", axes=axes, steps=3000)
        found = eos_sweep.dimension(dataset)
        for estimator in found.estimator.values:
            one = found.sel(estimator=estimator)
            ends = f"{float(one.dimension_low):.2f} to {float(one.dimension_high):.2f}"
            print(f"{name} {estimator}: {float(one.dimension):.2f} ({ends}); slopes {_numbers(one.slope[:-1])}")
        print(f"{name}: three labels near the edge {_numbers(eos_sweep.wada(dataset).share)}")
        if name == DRAWN:
            save(plot.dimension_plot(found), "dimensions")


def _numbers(values: np.ndarray) -> str:
    return " ".join(f"{float(value):.2f}" for value in values)


if __name__ == "__main__":
    main(*sys.argv[1:])

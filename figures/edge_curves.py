"""The edge of stability of a map as curves, with their power laws.  Writes figures/edge_curves.png.

    python figures/edge_curves.py [FOLDER]

runs a coarse map of sweeps/quickstart.toml into a store in FOLDER (the current one by default) if it is not there,
finds the curves around the edge of stability, prints each with its power laws and its distance from the line of the
onset, and draws them.
"""

import sys

from stored_sweeps import save, stored

import eos_sweep
from eos_sweep import plot

AXES = {"lambda1": {"log": [1, 1e4, 192]}, "eta": {"log": [1e-3, 30, 192]}}


def main(folder: str = ".") -> None:
    dataset = stored("quickstart", folder, "_edge_curves", axes=AXES)
    found = eos_sweep.edges(dataset, "edge_of_stability", against="onset")
    for feature in eos_sweep.edges_geojson(found)["features"]:
        one = feature["properties"]
        shape = "closed" if one["closed"] else "open"
        print(
            f"curve {feature['id']}: {shape}, {one['points']} points, {one['length']:.3g} decades, "
            f"{one['modal_left']} | {one['modal_right']}, median distance from the onset {one['distance_median']:.3g}"
        )
        for law in one["branches"]:
            interval = f"{law['exponent_low']:.4f} to {law['exponent_high']:.4f}"
            print(f"    {law['branch_points']} points: lambda1 ~ eta^{law['exponent']:.4f} ({interval})")
    ax = plot.regime_map(dataset, "eta", "lambda1", lines=["onset"])
    save(plot.edge_curves(found, ax=ax).figure, "edge_curves")


if __name__ == "__main__":
    main(*sys.argv[1:])

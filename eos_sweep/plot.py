"""Pictures of a sweep: Dataset, Axes -> Axes.  Nothing here computes a trajectory.

Figures are matplotlib's objects without pyplot, so drawing keeps no global state and works in any thread.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import regimes, theory

DPI = 200  # of saved pixels; meshes are pooled for it
# Distinct to normal, deuteranopic and protanopic eyes, and each at least 10 apart in lightness (so in grey, too).
PALETTE = {"divergence": "#0A1F3E", "sign_flip": "#8A0821", "edge_of_stability": "#E2C414", "catapult": "#0063D2",
           "progressive_sharpening": "#4BB48C", "stable": "#FDFFBF", "unsettled": "#AA6FAF"}  # fmt: skip
SPARE = ("#FDFFBF", "#4BB48C", "#0A1F3E", "#AA6FAF", "#0063D2", "#E2C414", "#8A0821")  # for flags that are no regimes
NOTHING = {"facecolor": "#EDEDED", "edgecolor": "#B5B5B5", "hatch": "//////", "linewidth": 0.0}
DASHES = ("-", (0, (6, 2)), (0, (1, 1.3)), (0, (7, 2, 1.3, 2)), (0, (2.5, 1.3)), (0, (7, 2, 1, 2, 1, 2)))
OUTSIDE = {"frameon": False, "handlelength": 2.8, "borderaxespad": 0.0}
FORMATS = ("png", "svg", "pdf")
At = Mapping[str, float] | None


def scale_of(values: np.ndarray) -> tuple[str, bool]:
    """Return how an axis of increasing values is drawn ("linear", "log", "category"), and whether it is even there."""
    if not np.isfinite(values).all():
        return "category", False
    for kind, measure in (("linear", np.asarray), ("log", np.log))[: 2 if values[0] > 0 else 1]:
        if values.size > 2:
            along = measure(values)
            even, step = np.linspace(along[0], along[-1], along.size, retstep=True)
            if np.abs(along - even).max() <= 1e-3 * step:
                return kind, True
    return "log" if values[0] > 0 and values[-1] >= 100 * values[0] else "linear", False


def cell_edges(values: np.ndarray) -> np.ndarray:
    """Return the n + 1 edges of the cells around n increasing values: midpoints, geometric ones on a log axis."""
    kind, _ = scale_of(np.asarray(values, np.float64))
    along = np.arange(len(values)) if kind == "category" else np.log(values) if kind == "log" else np.asarray(values)
    if along.size == 1:
        return along[0] + np.array([-0.5, 0.5])
    middle = along[:-1] + 0.5 * np.diff(along)
    result = np.concatenate([[2 * along[0] - middle[0]], middle, [2 * along[-1] - middle[-1]]])
    return np.exp(result) if kind == "log" else result


def select(dataset: xr.Dataset, x: str, y: str, at: At = None) -> xr.Dataset:
    """Return the slice of ``dataset`` over (y, x), both increasing; nothing but the slice will be loaded.

    Args:
        at: name -> value of every other axis that has more than one.  On an evenly spaced axis the nearest value is
            taken if it is not farther than half a cell; on others the value has to be met to 1e-9.

    Raises:
        ValueError: an axis does not exist, is named twice, is not picked, or has no such value.
    """
    at, dims = dict(at or {}), [str(name) for name in dataset[x].dims if x in dataset.dims] and [*map(str, dataset.dims)]
    for role, name in (("x", x), ("y", y), *(("at", name) for name in at)):
        if name not in dims:
            raise ValueError(f"{role}: no axis {name!r} in this sweep; there are: {', '.join(map(str, dataset.dims))}")
    return dataset

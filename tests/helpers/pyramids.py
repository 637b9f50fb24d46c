"""Sweeps that have a pyramid, and what has to be in it."""

import math

import numpy as np
import xarray as xr

import eos_sweep
from eos_sweep import regimes
from eos_sweep.analysis import pooling

SPEC = {
    "model": "bivariate",
    "steps": 8,
    "axes": {"clip": [10, math.inf], "lambda1": {"log": [1, 1e4, 701]}, "eta": {"log": [1e-3, 30, 530]}},
    "parameters": {"lambda2": 0.01},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
    "chunks": {"clip": 1, "lambda1": 96, "eta": 77},  # no power of two
    "observables": list(regimes.REQUIRED),
}
# A map that is long in one direction only is quick to compute.
THIN = {**SPEC, "axes": {"lambda1": {"log": [1, 1e4, 520]}, "eta": [0.03, 0.3, 3.0]}, "chunks": {"lambda1": 100}}


def checked_levels(path):
    """Assert that the levels of a store are its labels pooled, exactly; return how many there are."""
    found = eos_sweep.open_pyramid(path)
    labels = xr.open_zarr(path)["regime"].load()
    for level in found:
        sides = {str(dim): int(level[dim].attrs.get("pooled", 1)) for dim in labels.dims}
        np.testing.assert_array_equal(level["regime"], eos_sweep.coarsen(labels, sides))
        np.testing.assert_array_equal(pooling.recount(labels, sides, level["share"]), pooling.counts(labels, sides))
    return len(found)

"""Which points of a dataset of edges belong to which of its curves."""

from typing import Any

import numpy as np
import xarray as xr

from eos_sweep.errors import InputError


def points_of(found: Any) -> list[slice]:
    """Return the points of each curve of what :func:`eos_sweep.edges` returned, or of some of these curves.

    Raises
    ------
    InputError
        If it is something else.
    """
    if not isinstance(found, xr.Dataset) or not {"on_curve", "closed", "curve"} <= set(found.variables):
        raise InputError("found: holds no curves; give what eos_sweep.edges returned")
    numbers, of_points = found["curve"].values, found["on_curve"].values
    if numbers.ndim != 1:
        raise InputError("found: has lost its axis curve; pick a curve with isel(curve=[0])")
    first = np.searchsorted(of_points, numbers)
    return list(map(slice, first.tolist(), np.searchsorted(of_points, numbers + 1).tolist()))

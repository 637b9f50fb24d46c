"""What a dataset of edges says of itself: its axes, and which points belong to which of its curves."""

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


def scales_of(found: xr.Dataset) -> dict[str, str]:
    """Return the scale of each axis of curves, by its name; x is the first.

    Raises
    ------
    InputError
        If the attributes that name them are lost, or the variables of these names.
    """
    names = [found.attrs.get(side) for side in "xy"]
    for name in names:
        if not isinstance(name, str) or f"scale_{name}" not in found.attrs or name not in found.coords:
            raise InputError(
                "found: has lost its axes, which its attributes x, y and scale_ name; give what eos_sweep.edges "
                "returned, with its attributes and coordinates"
            )
    return {str(name): str(found.attrs[f"scale_{name}"]) for name in names}

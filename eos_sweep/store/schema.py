"""Coordinates of a stored dataset, and the CF attributes of its coordinates and variables."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eos_sweep.contract import Quantity, Variable
from eos_sweep.spec import labels
from eos_sweep.spec.inputs import subgrid
from eos_sweep.spec.points import POINT
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.sentinels import sentinels
from eos_sweep.training_data import replaced

MAX_COORDINATE_CELLS = 2**12  # of a coordinate over several axes
CLOSE = 1e-9  # relative difference of the values of an expression on two machines; many bits more than it takes


class Coordinate(NamedTuple):
    """Axes, values and attributes of a coordinate."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, Any]


def attributes(stored: Mapping[str, Variable], limits: Mapping[str, float]) -> dict[str, dict[str, Any]]:
    """Return the CF attributes of each variable of a dataset.

    Parameters
    ----------
    stored
        All variables of the dataset, such as ``Sweep.stored``.
    limits
        The thresholds with which it is labelled.
    """
    return {name: _attributes(name, variable, stored, limits) for name, variable in stored.items()}


def _attributes(
    name: str, variable: Variable, stored: Mapping[str, Variable], limits: Mapping[str, float]
) -> dict[str, Any]:
    found: dict[str, Any] = {"long_name": variable.long_name}
    if variable.centre is not None:
        found["centre"] = variable.centre
    if flags := variable.flags or sentinels(name, variable):
        found |= {"flag_values": list(flags.values()), "flag_meanings": " ".join(flags)}
    return found | (labels.attributes(name, stored, limits) if name in labels.LABELS else {})


def coordinates(sweep: Sweep) -> dict[str, Coordinate]:
    """Return the coordinates of a dataset: each axis and column of points, and every other input over its axes.

    Left out are inputs that a data file replaces, and expressions of several axes with more than MAX_COORDINATE_CELLS
    cells, which the spec in the attributes has.
    """
    axes = {axis.name: axis.values for axis in sweep.axes}
    found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {name: ((name,), values) for name, values in axes.items()}
    found |= {name: ((POINT,), values) for name, values in sweep.columns.items()}
    found |= {name: ((), np.asarray(value)) for name, value in sweep.sources.items() if isinstance(value, float)}
    further = {name: wanted for name, wanted in sweep.depends.items() if name not in found}
    for wanted in dict.fromkeys(further.values()):
        dims = tuple(axis for axis in axes if axis in wanted)
        shape = tuple(axes[axis].size for axis in dims)
        if len(dims) < 2 or math.prod(shape) <= MAX_COORDINATE_CELLS:
            initial, parameters = sweep.inputs(subgrid(axes, wanted))
            values = initial | parameters
            found |= {name: (dims, values[name].reshape(shape)) for name, of in further.items() if of == wanted}
    useless = replaced(sweep.module, sweep.data) - {*sweep.dims, *sweep.columns}
    return {
        name: Coordinate(dims, np.asarray(values, np.float64), coordinate_attributes(sweep.described[name]))
        for name, (dims, values) in found.items()
        if name not in useless
    }


def same(found: np.ndarray, expected: np.ndarray, exactly: bool) -> bool:
    """Return whether a stored coordinate has the values that its spec gives.

    Expressions may differ in their last bits between processors, so they are compared exactly only if asked.
    """
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return False
    if exactly:
        return found.tobytes() == expected.tobytes()
    return bool(np.allclose(found, expected, rtol=CLOSE, atol=0.0, equal_nan=True))


def coordinate_attributes(quantity: Quantity) -> dict[str, str]:
    """Return the attributes of the coordinate of an input or an axis."""
    return {"long_name": quantity.long_name, "symbol": quantity.symbol}

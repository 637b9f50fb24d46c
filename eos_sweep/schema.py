"""What a stored dataset holds: its variables, its coordinates, and their CF attributes."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.contract import Variable
from eos_sweep.inputs import axes_of, subgrid
from eos_sweep.spec import SEED, Sweep

MOST = 2**12  # cells of a coordinate that an expression of several axes gives
REGIME = Variable("int8", "regime of training", 0, regimes.CODES)


class Coordinate(NamedTuple):
    """A coordinate's axes, values and attributes."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, Any]


def variables(sweep: Sweep) -> dict[str, Variable]:
    """Return name -> description of the variables that ``sweep`` stores: the regime, too, if they decide it."""
    known = observables.variables(sweep.module)
    chosen = {name: known[name][1] for name in sweep.variables}
    return chosen | ({"regime": REGIME} if set(regimes.REQUIRED) <= set(chosen) else {})


def dtypes(sweep: Sweep) -> dict[str, np.dtype]:
    """Return name -> type in which each variable is stored."""
    return {
        name: np.dtype(sweep.dtype if variable.dtype == "float64" else variable.dtype)
        for name, variable in variables(sweep).items()
    }


def attributes(variable: Variable, limits: Mapping[str, float]) -> dict[str, Any]:
    """Return the CF attributes of a variable; ``limits`` are the thresholds of the regime."""
    found: dict[str, Any] = {"long_name": variable.long_name, "units": "1"}
    if variable.centre is not None:
        found["centre"] = variable.centre
    if variable.flags:
        found |= {"flag_values": list(variable.flags.values()), "flag_meanings": " ".join(variable.flags)}
    return found | (regimes.attributes(limits) if variable is REGIME else {})


def coordinates(sweep: Sweep) -> dict[str, Coordinate]:
    """Return name -> coordinate of each axis, and of every other input over the axes that it depends on.

    An expression of several axes with more than MOST cells is left out; the spec in the attributes has it.
    """
    quantities = sweep.quantities | {"seed": SEED}
    axes = {axis.name: axis.values for axis in sweep.axes}
    found: dict[str, tuple[tuple[str, ...], np.ndarray]] = {name: ((name,), values) for name, values in axes.items()}
    found |= {name: ((), np.asarray(value)) for name, value in sweep.sources.items() if isinstance(value, float)}
    for name, wanted in axes_of(sweep.sources, axes).items():
        dims = tuple(axis for axis in axes if axis in wanted)
        shape = tuple(axes[axis].size for axis in dims)
        if len(dims) < 2 or math.prod(shape) <= MOST:
            initial, parameters = sweep.inputs(subgrid(axes, wanted))
            found[name] = dims, (initial | parameters)[name].reshape(shape)
    return {
        name: Coordinate(
            dims,
            np.asarray(values, np.float64),
            {"long_name": quantities[name].long_name, "units": "1", "symbol": quantities[name].symbol},
        )
        for name, (dims, values) in found.items()
    }

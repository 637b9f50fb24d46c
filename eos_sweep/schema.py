"""What a stored dataset holds: its variables, its coordinates, and their CF attributes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.contract import Variable
from eos_sweep.spec import SEED, Sweep

REGIME = Variable("int8", "regime of training", 0, regimes.CODES)


class Coordinate(NamedTuple):
    """A coordinate's values (a number, or one for each cell of its axis) and attributes."""

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
    """Return name -> coordinate for each axis, and for every other input that is one number."""
    quantities = sweep.quantities | {"seed": SEED}
    values: dict[str, Any] = {name: value for name, value in sweep.sources.items() if isinstance(value, float)}
    values |= {axis.name: axis.values for axis in sweep.axes}
    return {
        name: Coordinate(
            np.asarray(array, np.float64),
            {"long_name": quantities[name].long_name, "units": "1", "symbol": quantities[name].symbol},
        )
        for name, array in values.items()
    }

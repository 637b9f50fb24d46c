"""What a stored dataset holds: its variables, its coordinates, and their CF attributes."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import observables, regimes, trust
from eos_sweep.contract import Variable
from eos_sweep.inputs import axes_of, subgrid
from eos_sweep.spec import Sweep

MOST = 2**12  # cells of a coordinate that an expression of several axes gives
REGIME = Variable("int8", "regime of training", 0, regimes.CODES)
SETTLED = Variable("int8", "whether the regime is settled", 0, trust.CODES)
LABELS = {"regime": REGIME, "settled": SETTLED}


class Coordinate(NamedTuple):
    """A coordinate's axes, values and attributes."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, Any]


def variables(sweep: Sweep) -> dict[str, Variable]:
    """Return name -> description of the variables that ``sweep`` stores: the regime, too, if they decide it."""
    known = observables.variables(sweep.module)
    chosen = {name: known[name][1] for name in sweep.variables}
    return chosen | {name: LABELS[name] for name in labels_of(chosen, sweep.limits)}


def labels_of(stored: Collection[str], limits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the labels that the observables among ``stored`` decide."""
    if not set(regimes.reads(limits)) <= set(stored):
        return ()
    return ("regime", "settled") if set(trust.REQUIRED) <= set(stored) else ("regime",)


def labelled(
    read: Callable[[str], np.ndarray], stored: Collection[str], limits: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Return name -> codes of the labels that the observables among ``stored`` decide; ``read`` gives their values."""
    names = labels_of(stored, limits)
    wanted = {*(regimes.reads(limits) if names else ()), *(trust.reads(stored) if "settled" in names else ())}
    values = {name: read(name) for name in wanted}
    found = {"regime": regimes.classify, "settled": trust.classify}
    return {name: found[name](values, limits) for name in names}


def dtypes(sweep: Sweep) -> dict[str, np.dtype]:
    """Return name -> type in which each variable is stored."""
    return {
        name: np.dtype(sweep.dtype if variable.dtype == "float64" else variable.dtype)
        for name, variable in variables(sweep).items()
    }


def attributes(variable: Variable, limits: Mapping[str, float], stored: Collection[str]) -> dict[str, Any]:
    """Return the CF attributes of a variable; ``limits`` are the thresholds of labels, ``stored`` all variables."""
    found: dict[str, Any] = {"long_name": variable.long_name, "units": "1"}
    if variable.centre is not None:
        found["centre"] = variable.centre
    if variable.flags:
        found |= {"flag_values": list(variable.flags.values()), "flag_meanings": " ".join(variable.flags)}
    if variable is SETTLED:
        found |= trust.attributes(limits, stored)
    if variable is REGIME:
        found |= regimes.attributes(limits) | ({"ancillary_variables": "settled"} if "settled" in stored else {})
    return found


def coordinates(sweep: Sweep) -> dict[str, Coordinate]:
    """Return name -> coordinate of each axis, and of every other input over the axes that it depends on.

    An expression of several axes with more than MOST cells is left out; the spec in the attributes has it.
    """
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
            meaning(sweep, name),
        )
        for name, (dims, values) in found.items()
    }


def meaning(sweep: Sweep, name: str) -> dict[str, str]:
    """Return the attributes of a coordinate."""
    quantity = sweep.described[name]
    return {"long_name": quantity.long_name, "units": "1", "symbol": quantity.symbol}

"""The loss and the sharpness over two coordinates of a trajectory's model, with the other coordinates held.

Nothing is run: both are closed forms of the state.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from eos_sweep import state
from eos_sweep.analysis.specs import arguments_of
from eos_sweep.contract import Model, is_array
from eos_sweep.eigen.sharpness import matrix_of, sharpness
from eos_sweep.errors import InputError, closest, short
from eos_sweep.models.declared import check_code
from eos_sweep.spec.making import make


@dataclass(frozen=True)
class Landscape:
    """The landscape over two coordinates along which a trajectory moves."""

    model: Model
    parameters: tuple[float, ...]
    run: xr.Dataset
    x: str
    y: str

    @property
    def others(self) -> tuple[str, ...]:
        """The coordinates that are held."""
        return tuple(name for name in self.model.STATE if name not in (self.x, self.y))

    @property
    def edge(self) -> float | None:
        """The sharpness at the edge of stability, if it is one number and of the Hessian."""
        fixed = "threshold" in self.run.attrs and matrix_of(self.model) == "Hessian"
        return float(self.run.attrs["threshold"]) if fixed else None

    def at(self, step: int, xs: np.ndarray, ys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the loss and the sharpness over (ys, xs), with the other coordinates as on a step."""
        mesh = dict(zip((self.x, self.y), (grid.ravel() for grid in np.meshgrid(xs, ys)), strict=True))
        held = {name: np.full(xs.size * ys.size, self.run[name].values[step]) for name in self.others}
        with np.errstate(all="ignore"):
            theta = state.enter(self.model, {name: (mesh | held)[name] for name in self.model.STATE}, self.parameters)
            loss = np.broadcast_to(self.model.loss(theta, self.parameters), xs.size * ys.size)
            top = np.broadcast_to(sharpness(self.model, theta, self.parameters), loss.shape)
        return loss.reshape(ys.size, xs.size), top.reshape(ys.size, xs.size)


def landscape_of(run: xr.Dataset, x: str | None = None, y: str | None = None) -> Landscape:
    """Return the landscape over two coordinates of a trajectory; by default the two that move most for their size.

    Raises
    ------
    InputError
        If the trajectory does not say what made it, its model is a network, or it has no such coordinate.
    """
    given = arguments_of(run)
    if given is None or "loss" not in run:
        raise InputError("run: this dataset is no trajectory of this version; give what eos_sweep.trajectory returns")
    seed = given.pop("seed", 0)
    sweep = make(axes={"seed": [seed]}, **given)
    model = sweep.module
    if is_array(model):
        raise InputError(
            f"run: {sweep.model_name} is a network, whose weights a trajectory does not hold; give another"
        )
    check_code(model)
    names = list(model.STATE)
    if len(names) < 2:
        raise InputError(f"run: {sweep.model_name} has one coordinate, {names[0]}; a landscape takes two")
    for role, name in (("x", x), ("y", y)):
        if name is not None and name not in names:
            raise InputError(f"{role}: no coordinate {short(name)} of {sweep.model_name}; {closest(name, names)}")
    if x is not None and x == y:
        raise InputError(f"x, y: got {x} twice; name two coordinates")
    free = sorted((name for name in names if name not in (x, y)), key=lambda name: -_motion(run[name].values))
    chosen = [name for name in names if name in free[: (x is None) + (y is None)]]
    x = x or chosen.pop(0)
    parameters = sweep.inputs({"seed": np.array([float(seed)])})[1]
    return Landscape(model, tuple(float(parameters[name][0]) for name in model.PARAMETERS), run, x, y or chosen[0])


def _motion(values: np.ndarray) -> Any:
    """Return how far a coordinate moves over its size."""
    there = values[np.isfinite(values)]
    largest = np.abs(there).max(initial=0.0)
    return np.ptp(there) / largest if largest > 0 else 0.0

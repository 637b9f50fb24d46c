"""The check of what functions take and return, which all other checks rely on."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from eos_sweep.conformance.requirements import ConformanceError, require
from eos_sweep.conformance.trial import inputs
from eos_sweep.contract import Model
from eos_sweep.errors import one_line
from eos_sweep.state import enter, turned

NO_BRANCH = (
    "asks whether a condition holds, of many trajectories at once; instead of if, and, or, min and max use "
    "np.where(condition, yes, no), &, |, np.minimum and np.maximum"
)


def check_shapes(model: Model) -> None:
    """Call each function for many trajectories at once, and look for a number of each that it returns."""
    initial, parameters = inputs(model)
    p = tuple(parameters.values())
    theta = enter(model, initial, p)
    for name, call, count in _calls(model, theta, p):
        try:
            with np.errstate(all="ignore"):
                found = call()
        except ValueError as error:
            raise ConformanceError(f"{name}: {NO_BRANCH if 'truth value' in str(error) else one_line(error)}") from None
        except Exception as error:
            raise ConformanceError(f"{name}: {type(error).__name__}, {one_line(error)}") from None
        if name == "hessian":
            _check_matrices(model, found, theta[0].size)
        elif count is None:
            require(_is_number(found, theta[0].size), f"{name}: {_got(found)}; return one number for each trajectory")
        else:
            right = isinstance(found, tuple) and len(found) == count
            right = right and all(_is_number(one, theta[0].size) for one in found)
            require(right, f"{name}: {_got(found)}; return a tuple of {count}, each a number for each trajectory")


def _calls(model: Model, theta: Any, p: Any) -> Iterator[tuple[str, Callable[[], Any], int | None]]:
    """Yield the name of a function, a call of it, and the length of the tuple that it returns; None for a number."""
    yield "loss", lambda: model.loss(theta, p), None
    yield "step", lambda: model.step(theta, p), len(theta)
    yield "clipped", lambda: model.clipped(theta, p), None
    ones = tuple(np.ones_like(theta[0]) for _ in turned(model))
    yield "tangent", lambda: model.tangent(theta, p, ones), len(ones)
    yield "hessian", lambda: model.hessian(theta, p), None
    yield "stable", lambda: model.stable(model.curvature(theta, p), np.ones_like(theta[0])), None
    yield "settled", lambda: model.settled(theta, p, model.loss(theta, p), 1e-12), None


def _check_matrices(model: Model, found: Any, rows: int) -> None:
    """Require a matrix for each trajectory, the trajectories along the first axis."""
    side = len(model.STATE)
    if not getattr(model, "DESCENT", True) and np.ndim(found) == 3:
        side = np.shape(found)[-1]  # of weights that are not the coordinates
    last = np.shape(found) == (side, side, rows) != (rows, side, side)
    remedy = ", np.moveaxis(matrix, -1, 0) of this one" if last else ""
    wanted = f"an array of shape ({rows}, {side}, {side}), the trajectories along the first axis{remedy}"
    require(np.shape(found) == (rows, side, side), f"hessian: {_got(found)}; for {rows} trajectories return {wanted}")


def _is_number(found: Any, rows: int) -> bool:
    return not isinstance(found, tuple | list) and np.shape(found) in ((), (rows,))


def _got(found: Any) -> str:
    if isinstance(found, tuple | list):
        shapes = ", ".join(str(np.shape(one)) for one in found[:4])
        return f"a {type(found).__name__} of {len(found)}, of shapes {shapes}"
    return f"shape {np.shape(found)}"

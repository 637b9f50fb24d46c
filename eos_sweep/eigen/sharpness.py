"""The sharpness of states, computed by a model's stages from its curvature, and the edge of stability above it."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from eos_sweep import plain
from eos_sweep.contract import ArrayModel, Model, Numbers
from eos_sweep.eigen.stages import again_of, usable
from eos_sweep.scalar import inlined, select

UNTOLD = r"S_{\mathrm{edge}}"  # the label of an edge without a short formula


def top(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the largest eigenvalue of eta times the Hessian: the sharpness in units of 1/eta, 2 at the edge."""
    return solved(model.SHARPNESS_STAGES, model.curvature(theta, p))


def top_once(model: Model, theta: Numbers, p: Numbers) -> Callable[[], np.ndarray]:
    """Return a function that computes :func:`top` when it is first called, and keeps it."""
    return functools.cache(functools.partial(top, model, theta, p))


def solved(stages: Sequence[Callable[[Numbers], Numbers]], matrix: Numbers) -> Any:
    """Return the eigenvalue that ``stages``, one after the other, compute from ``matrix``."""
    again = again_of(stages)
    if again is None:
        return _in_turn(stages, matrix)
    with np.errstate(over="ignore", invalid="ignore"):  # products overflow where it takes units
        found = _in_turn(stages, matrix)
        return found if np.all(usable(found)) else select(usable(found), found, again(matrix)[0])


def _in_turn(stages: Sequence[Callable[[Numbers], Numbers]], matrix: Numbers) -> Any:
    values = matrix
    for stage in stages:
        values = stage(values)
    return values[0]


def edge_of(model: Model) -> Callable[[Numbers, Numbers], Any]:
    """Return the model's ``edge``: (theta, p) -> the largest eigenvalue of eta times the Hessian at the edge."""
    return getattr(model, "edge", plain.edge)


def edge_moves(model: Model | ArrayModel) -> bool:
    """Return whether the edge of a model depends on the state."""
    return getattr(model, "EDGE_MOVES", plain.EDGE_MOVES)


def edge_words(model: Model | ArrayModel) -> str:
    """Return the sharpness at the edge of stability, in words."""
    return getattr(model, "EDGE_WORDS", plain.EDGE_WORDS)


def edge_label(model: Model | ArrayModel) -> str:
    """Return the sharpness at the edge of stability as mathtext, without dollar signs."""
    usual = r"2/\eta" if edge_words(model) == plain.EDGE_WORDS else UNTOLD
    return getattr(model, "EDGE_LABEL", usual)


def ratio_words(model: Model | ArrayModel) -> str:
    """Return what the sharpness over that at the edge is, in words."""
    words = edge_words(model)
    return "sharpness * eta / 2" if words == plain.EDGE_WORDS else f"sharpness in units of {words}"


def sharpness_at_edge(model: Model, theta: Numbers, p: Numbers) -> Any:
    """Return the sharpness from which on the update rule is unstable: 2/eta for gradient descent."""
    return 0.5 * model.threshold(p) * edge_of(model)(theta, p)


@inlined
def over_edge(top, edge):
    """Return the sharpness over that at the edge, which may be negative: there it is infinite, or zero below it."""
    return select(edge > 0.0, top / select(edge > 0.0, edge, 1.0), select(top < edge, 0.0, np.inf))


def ratio(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the sharpness over that at the edge: at one the update rule becomes unstable."""
    return over_edge(top(model, theta, p), edge_of(model)(theta, p))  # type: ignore[no-any-return]


def matrix_of(model: Model | ArrayModel) -> str:
    """Return the name of the matrix whose largest eigenvalue is the sharpness of a model."""
    return getattr(model, "MATRIX", "Hessian")


def words_for(model: Model | ArrayModel) -> str:
    """Return what the sharpness of a model is, in words."""
    return f"sharpness (largest eigenvalue of the {matrix_of(model)})"


def sharpness(model: Model, theta: Numbers, p: Numbers) -> np.ndarray:
    """Return the sharpness, the largest eigenvalue of the Hessian of the loss."""
    return 0.5 * model.threshold(p) * top(model, theta, p)

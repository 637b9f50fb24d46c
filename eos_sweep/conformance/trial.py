"""Inputs at which a model is tried, and its functions there in numbers of 300 bits."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import gmpy2
import numpy as np

from eos_sweep import models
from eos_sweep.checks.exact import arithmetic
from eos_sweep.contract import Model, Numbers
from eos_sweep.spec.making import make
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.state import enter, memory, turned

POINTS = 24
BITS = 300
NUDGE = 2.0**-60  # step of the differences, relative


def trial(model: Model, count: int = POINTS, **axes: Any) -> Sweep:
    """Return a sweep over ``count`` draws of the model's TRIAL, and over ``axes``."""
    drawn = {name: given for name, given in model.TRIAL.items() if name not in axes}
    parameters, initial = (
        {name: drawn[name] for name in names if name in drawn} for names in (model.PARAMETERS, model.STATE)
    )
    all_axes = {"seed": np.arange(count), **axes}
    rule = models.rule_of(model)
    return make(models.given_as(model), all_axes, parameters, initial, steps=200, rule=rule)


def inputs(model: Model, count: int = POINTS) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return initial states and parameters of the trial."""
    initial, parameters = trial(model, count).inputs({"seed": np.arange(float(count))})
    return _columns(initial, count), _columns(parameters, count)


def _columns(table: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    return {name: np.broadcast_to(values, count).copy() for name, values in table.items()}


def states(model: Model) -> tuple[Numbers, Numbers]:
    """Return states and parameters of the trial: its starts, and the states seven steps later."""
    initial, parameters = inputs(model)
    p = tuple(parameters.values())
    theta = enter(model, initial, p)
    with np.errstate(all="ignore"):
        later = theta
        for _ in range(7):
            later = model.step(later, p)
        fine = np.abs(model.loss(later, p)) < 1e6
    both = tuple(np.concatenate([first, second[fine]]) for first, second in zip(theta, later, strict=True))
    return both, tuple(np.concatenate([column, column[fine]]) for column in p)


class Point(NamedTuple):
    """A state of the trial in 300 bits, and the model's functions of its coordinates, or of these and its memory."""

    coordinates: list
    memory: list
    p: list
    state: Callable  # from these numbers to all of the state
    step: Callable
    loss: Callable
    clipped: Callable
    names: tuple[str, ...]

    def __str__(self) -> str:
        """Return coordinates, memory and parameters, for messages."""
        numbers = zip(self.names, (*self.coordinates, *self.memory, *self.p), strict=True)
        return ", ".join(f"{name} = {float(number)}" for name, number in numbers)


def points(model: Model) -> Iterator[Point]:
    """Yield states of the trial, except those where a coordinate's own exponent is not zero.

    Such a coordinate is too small for the others to depend on it, so differences would be zero.
    """
    m = arithmetic.translated(model)
    theta, p = states(model)
    width, names = len(model.STATE), (*model.STATE, *memory(model), *model.PARAMETERS)
    for k in range(len(theta[0])):
        if any(column[k] for column in theta[width : width + len(model.CARRIED)]):
            continue
        numbers, q = ([gmpy2.mpfr(float(column[k])) for column in columns] for columns in (theta, p))
        whole = functools.partial(_replaced, numbers, [place for place, _ in turned(model)])
        step, loss, clipped = (
            functools.partial(lambda f, q, whole, *x: f(whole(*x), q), f, q, whole) for f in (m.step, m.loss, m.clipped)
        )
        kept = [numbers[place] for place, _ in turned(model)][width:]
        yield Point(numbers[:width], kept, q, whole, step, loss, clipped, names)


def _replaced(numbers: list, places: list[int], *others: Any) -> tuple:
    """Return a state with ``others`` in the first of ``places``."""
    found = [*numbers]
    for place, other in zip(places, others, strict=False):
        found[place] = other
    return tuple(found)


def unit(number: Any) -> Any:
    """Return the unit of a coordinate's moves: its size, or one if it is zero."""
    return abs(number) or gmpy2.mpfr(1)


def moved(coordinates: list, by: dict[int, int]) -> list:
    """Return the coordinates, each moved by ``by`` times NUDGE units."""
    return [x + by.get(k, 0) * NUDGE * unit(x) for k, x in enumerate(coordinates)]

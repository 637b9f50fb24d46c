"""States of a batch of trajectories in one arithmetic: what the kernel's rules and the observables ask of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from eos_sweep.contract import Model, Numbers
from eos_sweep.eigen.sharpness import edge_of
from eos_sweep.state import enter, guard_index, turned

EPSILON = 2.0**-52
RARER = 4.0  # times as rare is noise in the second trajectory as in the first, and so on to the fourth


class Snapshot(NamedTuple):
    """The states of all trajectories as observables see them: doubles and answers, arrays with an entry a trajectory.

    Of a single trajectory each field is a number, or a tuple of numbers.
    """

    theta: Numbers
    loss: Any
    stable: Any
    guard: Any
    clipped: Any  # whether a clip or a projection changed the step to this state
    curvature: Numbers


class States(Protocol):
    """Trajectories in one arithmetic.

    ``theta`` is the state after the last step that counted, as :class:`Snapshot` shows it.  Entries of trajectories
    that are not ``running`` may be anything.
    """

    def start(self) -> Snapshot:
        """Return the initial states."""
        ...

    def step(self, theta: Numbers, running: np.ndarray) -> Snapshot:
        """Take a step and return the states after it."""
        ...

    def rescale(self, theta: Numbers) -> Numbers:
        """Return ``theta`` in the form from which the next step is taken."""
        ...

    def settled(self, theta: Numbers, loss: np.ndarray, tolerance: float, running: np.ndarray) -> np.ndarray:
        """Tell which trajectories have converged."""
        ...


class DoubleStates:
    """Trajectories in doubles, as NumPy arrays: without noise the same bits as in a kernel."""

    def __init__(
        self, model: Model, initial: Mapping[str, np.ndarray], p: Numbers, noise: np.random.Generator | None = None
    ) -> None:
        """Start at the coordinates ``initial`` with parameters ``p``.

        With ``noise`` steps move each number but the clocks by up to a unit in the last place: each step of every
        fourth trajectory, and fewer of the others, which may rest in between where rounding lets them.
        """
        self._noise = noise
        self._places = {place for place, _ in turned(model)}
        self._model, self._p = model, p
        self._initial = enter(model, initial, p)
        self._guard = guard_index(model)

    def start(self) -> Snapshot:
        """Return the initial states."""
        return self._snapshot(self._initial, np.array(False))

    def step(self, theta: Numbers, running: np.ndarray) -> Snapshot:
        """Take a step from ``theta``, with all trajectories."""
        clipped = self._model.clipped(theta, self._p)
        return self._snapshot(self._shaken(self._model.step(theta, self._p)), clipped)

    def _shaken(self, theta: Numbers) -> Numbers:
        if self._noise is None:
            return theta
        count = len(theta[0])
        now = self._noise.random(count) < RARER ** -(np.arange(count) % 4)
        return tuple(
            x * np.where(now, 1.0 + EPSILON * self._noise.uniform(-1.0, 1.0, count), 1.0) if k in self._places else x
            for k, x in enumerate(theta)
        )

    def rescale(self, theta: Numbers) -> Numbers:
        """Return the model's rescaled ``theta``."""
        return self._model.rescale(theta, self._p)

    def settled(self, theta: Numbers, loss: np.ndarray, tolerance: float, running: np.ndarray) -> np.ndarray:
        """Return the model's answer."""
        return self._model.settled(theta, self._p, loss, tolerance)

    def _snapshot(self, theta: Numbers, clipped: np.ndarray) -> Snapshot:
        model, one = self._model, np.ones_like(theta[0])
        curvature = tuple(np.broadcast_arrays(*model.curvature(theta, self._p), one)[:-1])
        return Snapshot(
            theta,
            model.loss(theta, self._p),
            model.stable(curvature, edge_of(model)(theta, self._p)),
            one if self._guard is None else theta[self._guard],
            np.broadcast_to(clipped, one.shape),
            curvature,
        )

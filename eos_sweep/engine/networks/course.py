"""One trajectory of an array model, from one look at its sharpness to the next.

A network takes its own steps.  The sharpness and the edge of stability are computed at step 0, at every multiple of
``stride`` and at the last step.  At the steps between two measurements they are held at the values of the earlier one.
So crossings and the like are counted between measurements, and a stride of one is exact.  Beyond the edge a run swings
from one side of its valley to the other at each step: an even stride would see one side only.

A trajectory ends at the step budget of the sweep, at eta times step = ``time``, or when its loss leaves the model's
bound.  It never converges, since no test can tell that a network will stay where it is.  Numbers are plain doubles:
below the edge a component along the top eigenvector shrinks to what rounding leaves, 1e-16, and no further, so that
beyond the edge the first swing comes sooner than in exact arithmetic.

Between two measurements a trajectory can be kept, and gone on with in another process to the same bits.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from eos_sweep import training_data
from eos_sweep.contract import EDGE, LONGEST_PERIOD, ArrayModel, Job, Network
from eos_sweep.engine import periods
from eos_sweep.substates import below, part

Measured = tuple[float, ...]  # the readings, the edge of stability, and eta times the sharpness, of which it is a bound


class Stretch(NamedTuple):
    """What happened from one measurement to the next."""

    losses: np.ndarray  # after each step; of the first stretch, at the start
    measured: Measured  # at the last of these steps
    diverged: bool  # whether the next step would leave the bound
    period: int = 0  # of the orbit on which the last stretch ends, if an observable needs it
    clips: np.ndarray = np.zeros(0, bool)  # of each step, whether a clip or a bound changed it


class Course:
    """A trajectory at its start or after some stretches.

    Callers ignore floating point errors (a trajectory that diverges overflows), and keep BLAS to one thread.

    Attributes
    ----------
    network : Network
        The network after the steps that are taken.
    age : int
        Steps taken.
    budget : int
        Steps that it may take.
    measured : tuple
        At the last look; empty before the first one.
    diverged : bool
        Whether the next step would leave the bound.
    """

    def __init__(self, job: Job, p: Sequence[float], initial: Sequence[float]) -> None:
        model: ArrayModel = job.model  # type: ignore[assignment]
        named = dict(zip(model.PARAMETERS, p, strict=True))
        self.network = model.start(tuple(p), tuple(initial), training_data.load(job.data) if job.data else None)
        self._limit, self._eta, self._stride = model.LIMIT, named["eta"], int(named["stride"])
        self._wants_period = "period" in job.variables
        self.budget = budget_of(job, named)
        self.age, self.diverged = 0, False
        self.measured: Measured = ()

    def start(self) -> Stretch:
        """Look at the network at its start: a stretch without a step."""
        loss = self.network.loss
        self.measured, self.diverged = self._measure(np.nan), not loss < self._limit
        return Stretch(np.array([loss]), self.measured, self.diverged)

    @property
    def over(self) -> bool:
        """Whether no stretch is left."""
        return self.diverged or self.age >= self.budget

    def further(self) -> Stretch:
        """Take steps up to the next look; there may be none, if the first one diverges."""
        steps = min(self._stride, self.budget - self.age)
        losses, clips, self.diverged = _advance(self.network, steps, self._limit)
        self.age += losses.size
        if losses.size:
            self.measured = self._measure(self.measured[-1])
        last = self._wants_period and self.over and not self.diverged
        return Stretch(losses, self.measured, self.diverged, _period(self.network) if last else 0, clips)

    def _measure(self, before: float) -> Measured:
        network = self.network
        top = self._eta * network.sharpness()
        edge = network.edge() if hasattr(network, "edge") else EDGE
        return *network.readings(), edge, before if np.isnan(top) else top  # what is uncertain is held

    def state(self) -> dict[str, np.ndarray] | None:
        """Return all that the stretches to come depend on; None if the network cannot tell."""
        found = self.network.state() if hasattr(self.network, "state") else None
        if found is None:
            return None
        here = {"age": np.array(self.age), "measured": np.array(self.measured), "loss": np.array(self.network.loss)}
        return here | below("network", found)

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where a course of the same job and inputs was whose state this is.

        Raises
        ------
        ValueError, LookupError, TypeError
            If it is no such state, or if this machine computes another loss from its weights, to the last bit.
        """
        network: Any = self.network
        network.load(part("network", state))
        if float(state["loss"]) != network.loss:
            raise ValueError(f"its loss is {float(state['loss'])!r} there, and {network.loss!r} here")
        self.age, self.measured = int(state["age"]), tuple(state["measured"].tolist())


def follow(job: Job, p: Sequence[float], initial: Sequence[float]) -> Iterator[Stretch]:
    """Take one trajectory through its steps.

    Yields
    ------
    Stretch
        The first one is the start alone; the last one may have no step.
    """
    course = Course(job, p, initial)
    yield course.start()
    while not course.over:
        yield course.further()


def _period(network: Network) -> int:
    """Return the period of the orbit on which the weights are, 0 if it is on none of at most LONGEST_PERIOD steps.

    The distance to the nearest orbit of k steps is estimated from two changes in k steps, d and e, as if both were
    along one direction: |d| / |1 - (d, e) / (d, d)|, as in Aitken's extrapolation.
    """
    path = [network.weights.copy()]
    for _ in range(2 * LONGEST_PERIOD):
        network.advance(1)
        path.append(network.weights.copy())
    size = np.linalg.norm(path[0])
    nearest = periods.NEAR / periods.CLOSER * size
    for steps in range(1, LONGEST_PERIOD + 1):
        change, following = path[steps] - path[0], path[2 * steps] - path[steps]
        far = np.linalg.norm(change)
        if far == 0.0:
            return steps
        if far <= periods.CLOSER * nearest:
            left = abs(1.0 - np.dot(change, following) / np.dot(change, change))
            if far <= periods.REACHED * size * left:
                return steps
        nearest = min(nearest, far)
    return 0


def _advance(network: Network, steps: int, limit: float) -> tuple[np.ndarray, np.ndarray, bool]:
    """Take steps as far as the loss stays within the bound.

    Return their losses, whether a clip or a bound changed them, and whether the next one diverges.
    """
    before = getattr(network, "saved", network.weights.copy)()
    losses = network.advance(steps)
    clips = getattr(network, "clips", np.zeros(steps, bool))
    inside = int(np.logical_and.accumulate(losses < limit).sum())
    if inside < steps:
        getattr(network, "resume", network.restore)(before)
        network.advance(inside)
    return losses[:inside], clips[:inside], inside < steps


def budget_of(job: Job, named: Mapping[str, float]) -> int:
    """Return the steps that a trajectory with parameters ``named`` may take."""
    most = named["time"] / named["eta"]
    return job.steps if most >= job.steps else max(1, round(most))

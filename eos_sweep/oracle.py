"""What :func:`eos_sweep.batch.run` computes, in arithmetic of any precision: slow, and right.

The steps, the loss, the test of stability and the rule of convergence are the model's own functions in numbers of
MPFR, whose exponents do not end.  Observables are those of the kernel; they see each step rounded to doubles, with the
answers of the tests as they are in full precision.  Where rounding could still have moved something, precision is
raised.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import gmpy2
import numpy as np

from eos_sweep import exactly, observers, orbit
from eos_sweep.batch import observables_of
from eos_sweep.contract import (
    CHUNK,
    CONVERGED,
    DIVERGED,
    EDGE,
    EVERY_STEP,
    ORBIT,
    RUNNING,
    TAIL,
    Ends,
    Job,
    Model,
    Moment,
    Observable,
)
from eos_sweep.observables import tail
from eos_sweep.sharpness import solved

FIRST_BITS, MOST_BITS = 128, 2**14  # a chaotic run loses up to a bit a step
EPSILON = 2.0**-52
CLOSE = 1e-9  # relative; floats that differ by less in two precisions are the same

Inputs = Mapping[str, np.ndarray]


class Look(NamedTuple):
    """One state of one trajectory, as an observable sees it: doubles and answers."""

    theta: tuple[float, ...]
    loss: float
    stable: bool
    guard: float
    clipped: bool
    curvature: tuple[float, ...]


def run(job: Job, initial: Inputs, parameters: Inputs) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run trajectories in precisions that are doubled until two of them give the same.

    Parameters
    ----------
    job, initial, parameters
        As of :func:`eos_sweep.batch.run`.

    Returns
    -------
    dict, ndarray of int
        The observables, as :func:`eos_sweep.batch.run` returns them, and the bits that were needed; 0 where MOST_BITS
        are not enough.
    """
    count = len(next(iter(parameters.values())))
    results = run_in(FIRST_BITS, job, initial, parameters)
    needed = np.zeros(count, np.int64)
    bits = FIRST_BITS
    while (open_ := np.flatnonzero(needed == 0)).size and bits < MOST_BITS:
        again = run_in(2 * bits, job, _part(initial, open_), _part(parameters, open_))
        same = np.all([_same(results[name][open_], values) for name, values in again.items()], axis=0)
        needed[open_[same]] = bits
        for name, values in again.items():
            results[name][open_] = values
        bits *= 2
    return results, needed


def _part(values: Inputs, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: array[rows] for name, array in values.items()}


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.dtype.kind == "i":
        return one == other
    return np.isclose(one, other, rtol=CLOSE, atol=0.0, equal_nan=True)


def run_in(
    bits: int, job: Job, initial: Inputs, parameters: Inputs, noise: np.random.Generator | None = None
) -> dict[str, np.ndarray]:
    """Run trajectories with numbers of ``bits`` bits; ``noise`` moves each step, as :meth:`Exact.advance`."""
    model, watched = job.model, observables_of(job.model, job.variables)
    with exactly.precise(bits), np.errstate(all="ignore"):
        states = [
            Exact(model, *point)
            for point in zip(
                zip(*(initial[name] for name in model.STATE), strict=True),
                zip(*(parameters[name] for name in model.PARAMETERS), strict=True),
                strict=True,
            )
        ]
        p = tuple(parameters[name] for name in model.PARAMETERS)
        looks = [state.look() for state in states]
        record = Record(job, watched, p, looks)
        for age in range(job.steps):
            running = np.flatnonzero(record.status == RUNNING)
            if not running.size:
                break
            for row in running:
                looks[row] = states[row].advance(noise)
            record.watch(age, looks)
            if (age + 1) % CHUNK == 0 or age + 1 == job.steps:
                record.fold()
                if (age + 1) % CHUNK == 0:
                    for row in np.flatnonzero((record.status == RUNNING) & (record.loss < 2 * job.tolerance)):
                        record.status[row] = CONVERGED if states[row].settled(job.tolerance) else RUNNING
        record.fold()
        return record.finish()


class Exact:
    """One trajectory, at one step."""

    def __init__(self, model: Model, theta: tuple, p: tuple) -> None:
        """Start at the doubles ``theta`` with parameters ``p``."""
        self.model, self.functions = model, exactly.translated(model)
        self.theta = (*map(gmpy2.mpfr, map(float, theta)), *(0 for _ in model.CARRIED))
        self.p = tuple(map(gmpy2.mpfr, map(float, p)))
        self.was_clipped = False
        self.powers = [0 for _ in model.CARRIED]

    def advance(self, noise: np.random.Generator | None = None) -> Look:
        """Take a step; with ``noise`` move each coordinate by up to a unit in a double's last place."""
        self.was_clipped = bool(self.functions.clipped(self.theta, self.p))
        self.theta = self.functions.step(self.theta, self.p)
        if noise is not None:
            moves = 1.0 + EPSILON * noise.uniform(-1.0, 1.0, len(self.theta))
            self.theta = tuple(value * move for value, move in zip(self.theta, moves.tolist(), strict=True))
        return self.look()

    def look(self) -> Look:
        """Return what an observable sees of the state."""
        m = self.functions
        curvature = m.curvature(self.theta, self.p)
        return Look(
            self._doubles(),
            float(m.loss(self.theta, self.p)),
            bool(m.stable(curvature, EDGE)),
            _signed(self.theta[list(self.model.STATE).index(self.model.GUARD)]) if self.model.GUARD else 1.0,
            self.was_clipped,
            tuple(map(float, curvature)),
        )

    def settled(self, tolerance: float) -> bool:
        """Return whether the trajectory has converged."""
        return bool(self.functions.settled(self.theta, self.p, self.functions.loss(self.theta, self.p), tolerance))

    def _doubles(self) -> tuple[float, ...]:
        """Return the state as a kernel holds it: a coordinate with its own exponent as a mantissa and a power."""
        names = list(self.model.STATE)
        numbers = list(self.theta[: len(names)])
        for k, name in enumerate(self.model.CARRIED):
            value = numbers[names.index(name)]
            if gmpy2.is_finite(value) and value != 0:  # zero stays in the power that it has
                self.powers[k] = min(0, (gmpy2.get_exp(value) + 167) // 512)  # the mantissa is at least 1e-50
            numbers[names.index(name)] = value * gmpy2.mpfr(2) ** (-512 * self.powers[k])
        return (*map(float, numbers), *map(float, self.powers))


def _signed(value: Any) -> float:
    """Return a double of the same sign, however small the number is."""
    return float(value) or (np.copysign(5e-324, float(gmpy2.sign(value))) if value != 0 else 0.0)


class Record:
    """What the observables have kept of all trajectories, by the rules of the kernel."""

    def __init__(self, job: Job, watched: tuple[Observable, ...], p: tuple, looks: list[Look]) -> None:
        """Begin at the start of each trajectory."""
        self.job, self.watched, self.p = job, watched, p
        count = len(looks)
        self.theta, self.loss = _columns(looks, "theta"), np.array([look.loss for look in looks])
        self.status = np.where(self.loss < job.model.LIMIT, RUNNING, DIVERGED)
        self.age, self.folded = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.maximum = _top(job.model, looks)
        zero = np.zeros(count, np.int64)
        self.begin = Ends(job.model, self.theta, p, self.loss, zero, zero, self.maximum, job.steps)
        started = [o.start(self.begin) for o in watched]
        self.kept = [tuple(kept) for kept, _ in started]
        self.counts = [tuple(counts) for _, counts in started]
        self.bits = [tuple(np.zeros(count, np.int64) for _ in range(o.FLAGS)) for o in watched]

    def watch(self, age: int, looks: list[Look]) -> None:
        """Show step ``age`` + 1 to the observables; a step out of bounds does not count, and ends the trajectory."""
        model = self.job.model
        loss = np.array([look.loss for look in looks])
        moved = (self.status == RUNNING) & (loss < model.LIMIT)
        self.status = np.where((self.status == RUNNING) & ~moved, DIVERGED, self.status)
        theta = _columns(looks, "theta")
        moment = Moment(
            self.theta,
            theta,
            self.p,
            loss,
            self.loss,
            np.array([look.stable for look in looks]),
            np.array([look.guard for look in looks]),
            np.array([look.clipped for look in looks]),
        )
        top, curvature = _top(model, looks), _columns(looks, "curvature")
        in_tail = age >= self.job.steps - tail.window(self.job.steps)
        for k, o in enumerate(self.watched):
            kept = self.kept[k]
            if hasattr(o, "watch"):
                kept, flags = observers.watcher(o, model)(kept, moment)
                mark = np.int64(1) << (age % CHUNK)
                self.bits[k] = tuple(b | np.where(moved & f, mark, 0) for b, f in zip(self.bits[k], flags, strict=True))
            if EVERY_STEP in o.NEEDS or (TAIL in o.NEEDS and in_tail):
                kept = observers.sharpness_watcher(o, model)(kept, top / EDGE, curvature)
            self.kept[k] = tuple(np.where(moved, new, old) for new, old in zip(kept, self.kept[k], strict=True))
        self.maximum = np.where(moved & (top > self.maximum), top, self.maximum)
        self.theta = tuple(np.where(moved, new, old) for new, old in zip(theta, self.theta, strict=True))
        self.loss = np.where(moved, loss, self.loss)
        self.age = self.age + moved

    def fold(self) -> None:
        """Count the flags of the steps since the last time."""
        steps = self.age - self.folded
        for k, o in enumerate(self.watched):
            if hasattr(o, "fold"):
                counts = o.fold(self.counts[k], self.bits[k], self.folded, steps)
                self.counts[k] = tuple(
                    np.where(steps > 0, new, old) for new, old in zip(counts, self.counts[k], strict=True)
                )
            self.bits[k] = tuple(np.zeros_like(b) for b in self.bits[k])
        self.folded = self.age

    def finish(self) -> dict[str, np.ndarray]:
        """Return the observables."""
        model, budget = self.job.model, self.job.steps
        wanted = any(ORBIT in o.NEEDS for o in self.watched)
        period = orbit.periods(model, self.theta, self.p, self.status == RUNNING) if wanted else 0
        end = Ends(model, self.theta, self.p, self.loss, self.age, self.status, self.maximum, budget, period)
        found: dict[str, np.ndarray] = {}
        for o, kept, counts in zip(self.watched, self.kept, self.counts, strict=True):
            found |= o.finish(self.begin, end, kept, counts)
        return {name: found[name] for name in self.job.variables} | {"work": self.age}


def _top(model: Model, looks: list[Look]) -> np.ndarray:
    return solved(model.SHARPNESS_STAGES, _columns(looks, "curvature"))


def _columns(looks: list[Look], field: str) -> tuple[np.ndarray, ...]:
    return tuple(np.array(column) for column in zip(*(getattr(look, field) for look in looks), strict=True))

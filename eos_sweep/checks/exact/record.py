"""What observables keep of trajectories that are followed step by step, as a kernel keeps it."""

import numpy as np

from eos_sweep.checks.exact.rules import Step, chosen, follow
from eos_sweep.checks.exact.states import States
from eos_sweep.contract import (
    CHUNK,
    EVERY_STEP,
    MAXIMUM,
    ORBIT,
    RUNNING,
    TAIL,
    Ends,
    Job,
    Moment,
    Numbers,
    Observable,
)
from eos_sweep.eigen.sharpness import edge_moves, edge_of, over_edge, solved, top_once
from eos_sweep.engine import observers, periods
from eos_sweep.engine.kernels import observables_of
from eos_sweep.engine.sharpness_passes import SLACK
from eos_sweep.observables import tail
from eos_sweep.state import guard_index


def observe(states: States, job: Job, p: Numbers) -> dict[str, np.ndarray]:
    """Follow trajectories with parameters ``p``; return what :func:`eos_sweep.engine.batch.run` does."""
    steps = follow(states, job)
    record = Record(job, observables_of(job.model, job.variables, job.own), p, next(steps))
    for step in steps:
        record.watch(step)
    return record.finish()


class Record:
    """What observables have kept of all trajectories so far."""

    def __init__(self, job: Job, watched: tuple[Observable, ...], p: Numbers, start: Step) -> None:
        """Begin at the start of each trajectory."""
        self._job, self._watched, self._p = job, watched, p
        self._last = start
        zero = np.zeros(start.loss.shape, np.int64)
        self._age, self._folded = zero, zero
        self._needs = {need for observable in watched for need in observable.NEEDS}
        self._edge = edge_of(job.model)
        self._maximum = self._top(start) if MAXIMUM in self._needs else np.zeros(start.loss.shape)
        self._ratio = 0.0 * self._maximum
        if edge_moves(job.model):
            self._ratio = over_edge(self._maximum, self._edge(start.theta, p))
        largest = self._maximum, job.steps, 0, self._ratio, top_once(job.model, start.theta, p)
        self._begin = Ends(job.model, start.theta, p, start.loss, zero, zero, *largest)
        started = [observable.start(self._begin) for observable in watched]
        self._kept = [tuple(kept) for kept, _ in started]
        self._counts = [tuple(counts) for _, counts in started]
        self._bits = [(zero,) * observable.FLAGS for observable in watched]

    def watch(self, step: Step) -> None:
        """Show the next step to the observables; it counts where a trajectory has moved."""
        model, after, last = self._job.model, step.after, self._last
        place = guard_index(model)
        tests = after.stable, after.guard, 1.0 if place is None else last.rescaled[place], after.clipped
        moment = Moment(last.rescaled, after.theta, self._p, after.loss, last.loss, *tests)
        in_tail = step.number > self._job.steps - tail.window(self._job.steps)
        at_each = EVERY_STEP in self._needs or (TAIL in self._needs and in_tail)
        top, edge = self._top(step) if at_each else self._maximum, self._edge(after.theta, self._p)
        mark = np.int64(1) << (step.number - 1) % CHUNK
        for k, observable in enumerate(self._watched):
            kept = self._kept[k]
            if hasattr(observable, "watch"):
                kept, flags = observers.watcher(observable, model)(kept, moment)
                pairs = zip(self._bits[k], flags, strict=True)
                self._bits[k] = tuple(bits | np.where(step.moved & flag, mark, 0) for bits, flag in pairs)
            if EVERY_STEP in observable.NEEDS or (TAIL in observable.NEEDS and in_tail):
                seen = after.theta, after.loss
                kept = observers.sharpness_watcher(observable, model)(kept, top, edge, after.curvature, seen)
            self._kept[k] = chosen(step.moved, kept, self._kept[k])
        if MAXIMUM in self._needs:
            self._raise_maximum(step)
        self._age = self._age + step.moved
        self._last = step
        if step.number % CHUNK == 0:
            self._fold()

    def finish(self) -> dict[str, np.ndarray]:
        """Return the variables that are wanted, and the steps taken as "work"."""
        self._fold()
        model, last = self._job.model, self._last
        wanted = any(ORBIT in observable.NEEDS for observable in self._watched)
        period = periods.periods(model, last.rescaled, self._p, last.status == RUNNING) if wanted else 0
        facts = last.loss, self._age, last.status, self._maximum
        top = top_once(model, last.rescaled, self._p)
        end = Ends(model, last.rescaled, self._p, *facts, self._job.steps, period, self._ratio, top)
        found: dict[str, np.ndarray] = {}
        for observable, kept, counts in zip(self._watched, self._kept, self._counts, strict=True):
            found |= observable.finish(self._begin, end, kept, counts)
        return {name: found[name] for name in self._job.variables} | {"work": self._age}

    def _fold(self) -> None:
        """Count the flags of the steps since the last time."""
        steps = self._age - self._folded
        for k, observable in enumerate(self._watched):
            if hasattr(observable, "fold"):
                counts = observable.fold(self._counts[k], self._bits[k], self._folded, steps)
                self._counts[k] = chosen(steps > 0, counts, self._counts[k])
            self._bits[k] = tuple(np.zeros_like(bits) for bits in self._bits[k])
        self._folded = self._age

    def _raise_maximum(self, step: Step) -> None:
        """Keep the largest sharpness so far, as a kernel does: no eigenvalue is computed where the test is enough."""
        model, curvature = self._job.model, step.after.curvature
        exceeds = ~model.stable(curvature, SLACK * self._maximum)
        edge = np.broadcast_to(self._edge(step.after.theta, self._p), step.moved.shape)
        if edge_moves(model):
            exceeds |= ~model.stable(curvature, SLACK * self._ratio * edge)
        rows = np.flatnonzero(step.moved & exceeds)
        if rows.size:
            found = solved(model.SHARPNESS_STAGES, tuple(column[rows] for column in curvature))
            self._maximum = _raised(self._maximum, rows, found)
            self._ratio = _raised(self._ratio, rows, over_edge(found, edge[rows]))

    def _top(self, step: Step) -> np.ndarray:
        return solved(self._job.model.SHARPNESS_STAGES, step.after.curvature)


def _raised(largest: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Return the array ``largest`` with what is larger in ``found`` in some rows."""
    raised = largest.copy()
    raised[rows] = np.where(found > largest[rows], found, largest[rows])
    return raised

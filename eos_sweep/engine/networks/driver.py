"""Run array models: one trajectory after another, shown to the observables from one look to the next.

Nothing that happens to a trajectory depends on others, or on how many run at once.
:mod:`eos_sweep.engine.networks.course` says what happens between two looks.
"""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from eos_sweep.contract import DIVERGED, RUNNING, Ends, Job, Observable
from eos_sweep.eigen.sharpness import over_edge, top_once
from eos_sweep.engine.networks import blas
from eos_sweep.engine.networks.course import Course
from eos_sweep.observables import tail
from eos_sweep.observables.networks import observed
from eos_sweep.substates import below, part

Arrays = Mapping[str, np.ndarray]
MISFIT = ValueError, LookupError, TypeError  # of a state that is none of this run


class Reached(NamedTuple):
    """How far a run is."""

    done: int  # trajectories
    total: int
    step: int  # that the present one has taken ...
    budget: int  # ... of those that it may take
    work: int  # steps of all


class Keeper(Protocol):
    """Keeps how far a run is, so that another process can go on with it."""

    def found(self, job: Job, initial: Arrays, parameters: Arrays) -> Arrays:
        """Return the state from which a run with these inputs goes on; empty if it begins."""

    def goes_on(self, reached: Reached) -> None:
        """Note from where the run goes on."""

    def refused(self, reason: str) -> None:
        """Note that the state that was found is none of this run, which begins."""

    def keep(self, state: Callable[[], Arrays | None], reached: Reached) -> None:
        """Keep what ``state`` returns if it is time to do so, or raise to end the run.

        It is None if a network cannot tell its state.
        """


def run(
    job: Job,
    feed: Callable,
    watched: tuple[Observable, ...],
    initial: Arrays,
    parameters: Arrays,
    keeper: Keeper | None = None,
) -> dict[str, np.ndarray]:
    """Run one trajectory for each entry of the inputs, as :func:`eos_sweep.engine.batch.run` does.

    Parameters
    ----------
    job, initial, parameters, keeper
        As of :func:`eos_sweep.engine.batch.run`.
    feed
        Result of :func:`eos_sweep.engine.networks.feed.build` for those of ``watched`` that are compiled.
    watched
        The observables that give the job's variables.
    """
    states, points = (
        [tuple(table[name].tolist()[k] for name in names) for k in range(len(parameters["eta"]))]
        for names, table in ((job.model.STATE, initial), (job.model.PARAMETERS, parameters))
    )
    given = list(zip(points, states, strict=True))
    with blas.one_thread(), np.errstate(all="ignore"):
        state = keeper.found(job, initial, parameters) if keeper else {}
        results, present = _gone_on(job, feed, watched, given, keeper, state)
        for p, start in given[len(results) :]:
            one = present or Trajectory(job, feed, watched, p, start)
            present = None
            while not one.over:
                one.advance()
                if keeper and not one.over:
                    keeper.keep(functools.partial(_state, results, one), _reached(given, results, one))
            results.append(one.finished())
    return _together(results)


def _gone_on(
    job: Job, feed: Callable, watched: Sequence[Observable], given: Sequence[Any], keeper: Keeper | None, state: Arrays
) -> tuple[list[dict[str, np.ndarray]], "Trajectory | None"]:
    """Return what a state has of a run: the results of the trajectories that are done, and the present one."""
    if not state or not keeper:
        return [], None
    try:
        done, columns = int(state["done"]), part("result", state)
        results = [{name: columns[name][k : k + 1] for name in (*job.variables, "work")} for k in range(done)]
        p, initial = given[done]
        present = Trajectory(job, feed, watched, p, initial, part("present", state))
    except MISFIT as error:
        keeper.refused(str(error))
        return [], None
    keeper.goes_on(_reached(given, results, present))
    return results, present


def _reached(given: Sequence, results: Sequence[dict[str, np.ndarray]], present: "Trajectory") -> Reached:
    work = sum(int(one["work"].item()) for one in results) + present.age
    return Reached(len(results), len(given), present.age, present.budget, work)


def _state(results: Sequence[dict[str, np.ndarray]], present: "Trajectory") -> dict[str, np.ndarray] | None:
    here = present.state()
    if here is None:
        return None
    done = below("result", _together(results)) if results else {}
    return {"done": np.array(len(results)), **done, **below("present", here)}


def _together(results: Sequence[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([one[name] for one in results]) for name in results[0]}


class Trajectory:
    """One trajectory, and what the observables keep of it."""

    def __init__(
        self,
        job: Job,
        feed: Callable,
        watched: Sequence[Observable],
        p: tuple[float, ...],
        initial: tuple[float, ...],
        state: Arrays | None = None,
    ) -> None:
        """Begin, or go on from the ``state`` that a trajectory of the same job and inputs had."""
        self._job, self._feed, self._watched, self._p = job, feed, watched, p
        self._course, self._period = Course(job, p, initial), 0
        if state is None:
            (loss,), measured, *_ = self._course.start()
        else:
            loss, *measured = state["start"].tolist()
        self._start = loss, *measured
        self._loss, self._largest = loss, _sizes(measured)
        self._begin = self._ends(loss, measured)
        started = [o.start(self._begin) for o in watched]
        self._kept = np.array([value[0] for values, _ in started for value in values], np.float64)
        self._counts = np.array([value[0] for _, values in started for value in values], np.int64)
        if state is not None:
            self._course.load(part("course", state))
            self._loss = float(state["loss"])
            for mine, name in ((self._largest, "largest"), (self._kept, "kept"), (self._counts, "counts")):
                mine[...] = state[name]

    @property
    def age(self) -> int:
        """Steps taken."""
        return self._course.age

    @property
    def budget(self) -> int:
        """Steps that it may take."""
        return self._course.budget

    @property
    def over(self) -> bool:
        """Whether no step is left."""
        return self._course.over

    def advance(self) -> None:
        """Go on to the next look."""
        age, before = self.age, self._course.measured
        losses, after, _, self._period, clips = self._course.further()
        tail_begins = self.budget - tail.window(self.budget)
        self._feed(self._kept, self._counts, losses, clips, self._loss, before, after, age, tail_begins)
        self._largest = np.fmax(self._largest, _sizes(after))
        self._loss = losses[-1] if losses.size else self._loss

    def state(self) -> dict[str, np.ndarray] | None:
        """Return all that is to come depends on, beside job and inputs; None if the network cannot tell."""
        course = self._course.state()
        if course is None:
            return None
        mine = {"largest": self._largest, "kept": self._kept.copy(), "counts": self._counts.copy()}
        numbers = {"start": np.array(self._start), "loss": np.array(self._loss)}
        return mine | numbers | below("course", course)

    def finished(self) -> dict[str, np.ndarray]:
        """Return its observables, as arrays of length one."""
        end = self._ends(self._loss, self._course.measured)._replace(period=np.array([self._period]))
        all_kept, all_counts = iter(self._kept.reshape(-1, 1)), iter(self._counts.reshape(-1, 1))
        found: dict[str, np.ndarray] = {}
        for o in self._watched:
            mine = tuple(itertools.islice(all_kept, o.KEPT))
            found |= o.finish(self._begin, end, mine, tuple(itertools.islice(all_counts, o.COUNTS)))
        return {name: found[name] for name in self._job.variables} | {"work": end.steps}

    def _ends(self, loss: float, measured: Sequence[float]) -> Ends:
        """Return the facts about the trajectory as it is now."""
        facts = (loss, self.age, self._course.diverged, *self._largest)
        ended, age, diverged, maximum, ratio = (np.array([fact]) for fact in facts)
        theta, p = (tuple(np.array([number]) for number in numbers) for numbers in (measured, self._p))
        status = np.where(diverged, DIVERGED, RUNNING)
        model = observed(self._job.model)
        top = top_once(model, theta, p)
        return Ends(model, theta, p, ended, age, status, maximum, self.budget, ratio=ratio, top=top)


def _sizes(measured: Sequence[float]) -> np.ndarray:
    """Return eta times the sharpness, and the ratio of the sharpness to that at the edge."""
    edge, top = np.array(measured[-2:])
    return np.array([top, over_edge(top, edge)])

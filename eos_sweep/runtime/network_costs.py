"""What networks of a sweep cost: some are trained for a moment, and the others are inferred from them.

The time of a trajectory is that of its start, and that of each stretch from one look at the sharpness to the next.  It
depends on sizes: whole numbers such as width, depth, samples and stride.  Cells with the same sizes are a group.  Some
groups are measured.  The logarithm of the time is linear in those of the sizes, corrected by the nearest group that was
measured.
"""

import contextvars
import functools
import heapq
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from eos_sweep.contract import Job
from eos_sweep.engine import preparing
from eos_sweep.engine.networks import blas
from eos_sweep.engine.networks.course import Course, budget_of
from eos_sweep.engine.networks.driver import Trajectory
from eos_sweep.kernel_cache import before_compiling
from eos_sweep.progress.bars import Count, compiling

SECONDS = 2.5  # that all readings take together, unless a single look takes longer
READINGS = 8  # networks that are trained, of as many groups as there are
LOOK_STEPS = 200  # steps in the time of the first looks; where they take too long, only one network is looked at
ATTEMPTS = 4  # at readings during which nothing is compiled
NO_SIZE = {"seed", "degree"}  # whole numbers on which no time depends

Numbers = tuple[float, ...]
Cell = tuple[Numbers, Numbers]  # parameters and initial state
Found = TypeVar("Found")


class Reading(NamedTuple):
    """The cost of a network, in seconds."""

    start: float
    step: float  # with its part of the looks
    ends: float = math.inf  # steps after which it diverged


def estimated(job: Job, cells: Sequence[Cell], together: int, seed: int, show: Count) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps and the seconds of trajectories, of which ``together`` run at once.

    Parameters
    ----------
    job
        What they have in common.
    cells
        Parameters and initial state of each.
    together
        Networks that are trained at once: threads share caches and memory.
    seed
        Seed of the choice of those that are trained.
    show
        Is told how far the readings are.
    """
    names = list(job.model.PARAMETERS)
    sizes = [k for k, name in enumerate(names) if job.model.PARAMETERS[name].whole and name not in NO_SIZE]
    budgets = np.array([budget_of(job, dict(zip(names, p, strict=True))) for p, _ in cells], float)
    kinds, group = np.unique([[p[k] for k in sizes] for p, _ in cells], axis=0, return_inverse=True)
    group = group.reshape(-1)
    etas = np.log([p[names.index("eta")] for p, _ in cells])
    chosen = _chosen(kinds, group, etas, np.random.default_rng(seed))
    readings = _read(job, [cells[k] for k in chosen], together, show)
    costs = np.array([[one.start, one.step] for one in readings])
    start, step = (_inferred(_logarithms(kinds), group[chosen], column)[group] for column in costs.T)
    taken = np.array([min(one.ends, budgets[k]) / budgets[k] for k, one in zip(chosen, readings, strict=True)])
    steps = budgets * _share(taken, etas[chosen], etas)
    return steps, start + steps * step


def makespan(seconds: Sequence[float], cores: int) -> float:
    """Return when the last of some blocks is done, of which each core takes the next one when it is free.

    Examples
    --------
    >>> from eos_sweep.runtime.network_costs import makespan
    >>> makespan([2.0, 1.0, 1.0, 3.0], 2)
    5.0
    """
    free = [0.0] * cores
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


def _logarithms(kinds: np.ndarray) -> np.ndarray:
    """Return the logarithms of sizes; an infinite one, such as a batch of all samples, counts as a huge one."""
    return np.log2(np.clip(kinds, 1.0, 2.0**30))


def _chosen(kinds: np.ndarray, group: np.ndarray, etas: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return cells to be trained: of each group if there are few, else of those that lie far from each other.

    Those of a group are spread over the step sizes, on which it depends whether a network diverges.
    """
    places = _logarithms(kinds)
    groups = [int(np.argmin(places.sum(axis=1)))]
    while len(groups) < min(READINGS, len(kinds)):
        far = np.min([np.abs(places - places[k]).sum(axis=1) for k in groups], axis=0)
        groups.append(int(np.argmax(far)))
    each = -(-READINGS // len(groups))
    found = []
    for one in groups:
        members = draw.permutation(np.flatnonzero(group == one))
        members = members[np.argsort(etas[members], kind="stable")]
        count = min(each, len(members))
        found.append(members[((np.arange(count) + 0.5) / count * len(members)).astype(int)])
    return np.concatenate(found)


def _inferred(places: np.ndarray, measured: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Return the cost of each group, from those of the groups that were ``measured``."""
    groups, which = np.unique(measured, return_inverse=True)
    logarithms = np.log(np.bincount(which, np.maximum(costs, 1e-9)) / np.bincount(which))
    table = np.column_stack([np.ones(len(groups)), places[groups]])
    slopes = np.linalg.lstsq(table, logarithms, rcond=None)[0]
    left = logarithms - table @ slopes
    nearest = np.argmin(np.abs(places[:, None] - places[groups]).sum(axis=2), axis=1)
    return np.asarray(np.exp(np.column_stack([np.ones(len(places)), places]) @ slopes + left[nearest]))


def _share(taken: np.ndarray, readings: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the share of its budget that each network takes: that of the reading whose step size is nearest."""
    nearest = np.argmin(np.abs(places[:, None] - readings), axis=1)
    return np.asarray(taken[nearest])


def _read(job: Job, cells: Sequence[Cell], together: int, show: Count) -> list[Reading]:
    """Train networks for a moment each, ``together`` at once."""
    rounds = -(-len(cells) // together)
    more = [cells[k % len(cells)] for k in range(rounds * together)]  # so that no thread runs alone
    with blas.one_thread(), ThreadPoolExecutor(together) as threads:

        def all_of(read: Callable[[Cell], Found], some: Sequence[Cell]) -> list[Found]:
            # Each in a context of its own that has the listener of this one.
            running = [threads.submit(contextvars.copy_context().run, read, cell) for cell in some]
            found = []
            for one in running:
                found.append(one.result())
                show("training networks", len(found), len(some))
            return found

        bare = _compiled(functools.partial(_without_looks, job, cells[0]), show)  # it also draws or loads the data
        if bare.step * LOOK_STEPS * rounds < SECONDS:
            _compiled(functools.partial(_looks, job, cells[0]), show)  # or all threads would wait for one that compiles
            read: Callable[[Cell], Reading] = functools.partial(_watched, job, SECONDS / rounds)
        else:
            looks = _compiled(functools.partial(all_of, functools.partial(_looks, job), [cells[0]] * together), show)
            read = functools.partial(_with_looks, job, *np.mean(looks, axis=0))
        return _compiled(functools.partial(all_of, read, more), show)[: len(cells)]


def _compiled(measure: Callable[[], Found], show: Count) -> Found:
    """Return what is measured while nothing is compiled: loops of a network are compiled when they are first called.

    A run compiles them once.  In a plan of seconds that would count as a training of half a minute.
    """
    told: list[float] = []

    def tell(seconds: float) -> None:
        told.append(seconds)
        show(compiling(seconds), 0, 1)

    for _ in range(ATTEMPTS):
        told.clear()
        with before_compiling(tell):
            found = measure()
        if not told:
            break
    return found


def _watched(job: Job, seconds: float, cell: Cell) -> Reading:
    """Train a network for some seconds, as a run does."""
    prepared = preparing.prepare(job)
    with np.errstate(all="ignore"):
        began = time.perf_counter()
        one = Trajectory(job, prepared.kernel, prepared.watched, *cell)
        ready = time.perf_counter()
        while not one.over and time.perf_counter() - began < seconds:
            one.advance()
        step = (time.perf_counter() - ready) / max(one.age, 1)
    return Reading(ready - began, step, one.age if one.over and one.age < one.budget else math.inf)


def _without_looks(job: Job, cell: Cell) -> Reading:
    """Take two steps of a network, of which the second one is measured."""
    with np.errstate(all="ignore"):
        clocks = [time.perf_counter()]
        network = Course(job, *cell).network
        for _ in range(2):
            clocks.append(time.perf_counter())
            network.advance(1)
        clocks.append(time.perf_counter())
    return Reading(clocks[1] - clocks[0], clocks[3] - clocks[2])


def _looks(job: Job, cell: Cell) -> tuple[float, float]:
    """Return the times of the first look at the sharpness and of the next one, in those of a step."""
    with np.errstate(all="ignore"):
        network = Course(job, *cell).network
        clocks = []
        for action in (network.sharpness, functools.partial(network.advance, 1), network.sharpness):
            began = time.perf_counter()
            action()
            clocks.append(time.perf_counter() - began)
    return clocks[0] / clocks[1], clocks[2] / clocks[1]


def _with_looks(job: Job, first: float, next_: float, cell: Cell) -> Reading:
    """Take two steps of a network, whose looks take so many steps each."""
    bare = _without_looks(job, cell)
    stride = dict(zip(job.model.PARAMETERS, cell[0], strict=True))["stride"]
    return Reading(bare.start + first * bare.step, bare.step * (1.0 + next_ / stride))

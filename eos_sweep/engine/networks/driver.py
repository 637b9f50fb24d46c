"""Run array models: one trajectory after another, its sharpness measured every so many steps.

A network takes its own steps.  The sharpness and the edge of stability are computed at step 0, at every multiple of
``stride`` and at the last step.  At the steps between two measurements they are held at the values of the earlier one.
So crossings and the like are counted between measurements, and a stride of one is exact.  Beyond the edge a run swings
from one side of its valley to the other at each step: an even stride would see one side only.

A trajectory ends at the step budget of the sweep, at eta times step = ``time``, or when its loss leaves the model's
bound.  It never converges, since no test can tell that a network will stay where it is.  Numbers are plain doubles:
below the edge a component along the top eigenvector shrinks to what rounding leaves, 1e-16, and no further, so that
beyond the edge the first swing comes sooner than in exact arithmetic.

Nothing that happens to a trajectory depends on others, or on how many run at once.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep import training_data
from eos_sweep.contract import (
    DIVERGED,
    EDGE,
    LONGEST_PERIOD,
    RUNNING,
    ArrayModel,
    Ends,
    Job,
    Model,
    Network,
    Observable,
)
from eos_sweep.eigen.sharpness import over_edge
from eos_sweep.engine import periods
from eos_sweep.engine.networks import blas
from eos_sweep.observables import tail
from eos_sweep.observables.networks import observed

Measured = tuple[float, ...]  # the readings, the edge of stability, and eta times the sharpness, of which it is a bound


class Stretch(NamedTuple):
    """What happened from one measurement to the next."""

    losses: np.ndarray  # after each step; of the first stretch, at the start
    measured: Measured  # at the last of these steps
    diverged: bool  # whether the next step would leave the bound
    period: int = 0  # of the orbit on which the last stretch ends, if an observable needs it
    clips: np.ndarray = np.zeros(0, bool)  # of each step, whether a clip or a bound changed it


def follow(job: Job, p: Sequence[float], initial: Sequence[float]) -> Iterator[Stretch]:
    """Take one trajectory through its steps.

    Callers ignore floating point errors (a trajectory that diverges overflows), and keep BLAS to one thread.

    Yields
    ------
    Stretch
        The first one is the start alone; the last one may have no step.
    """
    model: ArrayModel = job.model  # type: ignore[assignment]
    named = dict(zip(model.PARAMETERS, p, strict=True))
    network = model.start(tuple(p), tuple(initial), training_data.load(job.data) if job.data else None)
    stride, budget = int(named["stride"]), budget_of(job, named)

    def measure(before: float = np.nan) -> Measured:
        top = named["eta"] * network.sharpness()
        edge = network.edge() if hasattr(network, "edge") else EDGE
        return *network.readings(), edge, before if np.isnan(top) else top  # what is uncertain is held

    measured, diverged = measure(), not network.loss < model.LIMIT
    yield Stretch(np.array([network.loss]), measured, diverged)
    for age in range(0, budget, stride):
        if diverged:
            return
        losses, clips, diverged = _advance(network, min(stride, budget - age), model.LIMIT)
        measured = measure(measured[-1]) if losses.size else measured
        last = age + stride >= budget and not diverged
        yield Stretch(losses, measured, diverged, _period(network) if last and "period" in job.variables else 0, clips)


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


def run(
    job: Job,
    feed: Callable,
    watched: tuple[Observable, ...],
    initial: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Run one trajectory for each entry of the inputs, as :func:`eos_sweep.engine.batch.run` does.

    Parameters
    ----------
    job, initial, parameters
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
    with blas.one_thread(), np.errstate(all="ignore"):
        found = [_one(job, feed, watched, p, state) for p, state in zip(points, states, strict=True)]
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def _one(
    job: Job, feed: Callable, watched: tuple[Observable, ...], p: tuple[float, ...], initial: tuple[float, ...]
) -> dict[str, np.ndarray]:
    """Run one trajectory; return its observables, as arrays of length one."""
    budget = budget_of(job, dict(zip(job.model.PARAMETERS, p, strict=True)))
    stretches = follow(job, p, initial)
    (loss,), measured, diverged, *_ = next(stretches)
    age, period = 0, 0
    largest = _sizes(measured)
    begin = _ends(job.model, p, measured, (loss, age, diverged, *largest), budget)
    started = [o.start(begin) for o in watched]
    kept = np.array([value[0] for values, _ in started for value in values], np.float64)
    counts = np.array([value[0] for _, values in started for value in values], np.int64)
    for stretch in stretches:
        losses, after, diverged, period, clips = stretch
        feed(kept, counts, losses, clips, loss, measured, after, age, budget - tail.window(budget))
        age, measured = age + losses.size, after
        largest = np.fmax(largest, _sizes(after))
        loss = losses[-1] if losses.size else loss
    end = _ends(job.model, p, measured, (loss, age, diverged, *largest), budget)._replace(period=np.array([period]))
    all_kept, all_counts = iter(kept.reshape(-1, 1)), iter(counts.reshape(-1, 1))
    found: dict[str, np.ndarray] = {}
    for o in watched:
        mine = tuple(itertools.islice(all_kept, o.KEPT))
        found |= o.finish(begin, end, mine, tuple(itertools.islice(all_counts, o.COUNTS)))
    return {name: found[name] for name in job.variables} | {"work": end.steps}


def _sizes(measured: Measured) -> np.ndarray:
    """Return eta times the sharpness, and the ratio of the sharpness to that at the edge."""
    edge, top = np.array(measured[-2:])
    return np.array([top, over_edge(top, edge)])


def _ends(
    model: Model, p: tuple[float, ...], measured: Measured, facts: tuple[float, int, bool, float, float], budget: int
) -> Ends:
    loss, age, diverged, maximum, ratio = (np.array([fact]) for fact in facts)
    theta, parameters = (tuple(np.array([number]) for number in numbers) for numbers in (measured, p))
    status = np.where(diverged, DIVERGED, RUNNING)
    return Ends(observed(model), theta, parameters, loss, age, status, maximum, budget, ratio=ratio)

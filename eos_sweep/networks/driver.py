"""Runs array models: one trajectory after another, its sharpness looked at every so many steps.

A network takes its own steps.  At step 0, at every multiple of ``stride`` and at the last step the sharpness is
computed by Lanczos on exact Hessian-vector products; at the steps between two looks it is held to be what it was at the
earlier one.  So counts of crossings and the like are about looks, and a stride of one is exact.  Beyond the edge a run
swings from one side of its valley to the other at each step: an even stride would only ever see one of them.

A trajectory ends at the step budget of the sweep, at eta times step = ``time``, or when its loss leaves every bound;
there is no convergence, since nothing tells of a network that it will stay where it is.  Numbers are plain doubles:
below the edge a component along the top eigenvector shrinks to what rounding leaves, 1e-16, and no further, so that
beyond it the first swing comes sooner than in exact arithmetic.

Nothing that happens to a trajectory depends on others, or on how many run at once.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

import numpy as np

from eos_sweep.contract import DIVERGED, LONGEST, RETURNED, RUNNING, ArrayModel, Ends, Job, Model, Network, Observable
from eos_sweep.eigen.lanczos import Tracker
from eos_sweep.networks import blas, data
from eos_sweep.observables import tail
from eos_sweep.shown import shown

Look = tuple[float, ...]  # the readings, and eta times the sharpness


class Stretch(NamedTuple):
    """What happened from one look to the next."""

    losses: np.ndarray  # after each step; of the first stretch, at the start
    look: Look  # at the last of these steps
    diverged: bool  # whether the next step would leave the bound
    period: int = 0  # of the orbit on which the last stretch ends, if an observable asks for it


def follow(job: Job, p: Sequence[float], initial: Sequence[float]) -> Iterator[Stretch]:
    """Take one trajectory through its steps; the first stretch is its start alone, the last one may have no step.

    Callers ignore floating point errors (a trajectory that diverges overflows), and keep BLAS to one thread.
    """
    model = cast(ArrayModel, job.model)
    named = dict(zip(model.PARAMETERS, p, strict=True))
    network = model.start(tuple(p), tuple(initial), data.load(job.data) if job.data else None)
    tracker = Tracker(network.weights.size)
    stride, budget = int(named["stride"]), budget_of(job, named)

    def seen() -> Look:
        return *network.readings(), named["eta"] * tracker.top(network.hessian_product)

    look, diverged = seen(), not network.loss < model.LIMIT
    yield Stretch(np.array([network.loss]), look, diverged)
    for age in range(0, budget, stride):
        if diverged:
            return
        losses, diverged = _advance(network, min(stride, budget - age), model.LIMIT)
        look = seen() if losses.size else look
        last = age + stride >= budget and not diverged
        yield Stretch(losses, look, diverged, _period(network) if last and "period" in job.variables else 0)


def _period(network: Network) -> int:
    """Return the least number of steps after which the weights are the same again, 0 if more than LONGEST."""
    start = network.weights.copy()
    room = RETURNED * np.linalg.norm(start)
    for steps in range(1, LONGEST + 1):
        network.advance(1)
        if np.linalg.norm(network.weights - start) <= room:
            return steps
    return 0


def _advance(network: Network, steps: int, limit: float) -> tuple[np.ndarray, bool]:
    """Take steps as far as the loss stays within the bound; return their losses, and whether it would not have."""
    before = network.weights.copy()
    losses = network.advance(steps)
    inside = int(np.logical_and.accumulate(losses < limit).sum())
    if inside < steps:
        network.restore(before)
        network.advance(inside)
    return losses[:inside], inside < steps


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
    """Run one trajectory for each entry of the inputs, as :func:`eos_sweep.batch.run` does.

    ``feed`` is what :func:`eos_sweep.networks.feed.build` returns for the observables ``watched`` that are compiled.
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
    (loss,), look, over, _ = next(stretches)
    age, maximum, period = 0, look[-1], 0
    begin = _ends(job.model, p, look, (loss, age, over, maximum), budget)
    started = [o.start(begin) for o in watched]
    kept = np.array([value[0] for values, _ in started for value in values], np.float64)
    counts = np.array([value[0] for _, values in started for value in values], np.int64)
    for stretch in stretches:
        losses, after, over, period = stretch
        feed(kept, counts, losses, loss, look, after, age, budget - tail.window(budget))
        age, look, maximum = age + losses.size, after, max(maximum, after[-1])
        loss = losses[-1] if losses.size else loss
    end = _ends(job.model, p, look, (loss, age, over, maximum), budget)._replace(period=np.array([period]))
    all_kept, all_counts = iter(kept.reshape(-1, 1)), iter(counts.reshape(-1, 1))
    found: dict[str, np.ndarray] = {}
    for o in watched:
        mine = tuple(itertools.islice(all_kept, o.KEPT))
        found |= o.finish(begin, end, mine, tuple(itertools.islice(all_counts, o.COUNTS)))
    return {name: found[name] for name in job.variables} | {"work": end.steps}


def _ends(model: Model, p: tuple[float, ...], look: Look, facts: tuple[float, int, bool, float], budget: int) -> Ends:
    loss, age, diverged, maximum = (np.array([fact]) for fact in facts)
    theta, parameters = (tuple(np.array([number]) for number in numbers) for numbers in (look, p))
    status = np.where(diverged, DIVERGED, RUNNING)
    return Ends(shown(model), theta, parameters, loss, age, status, maximum, budget)

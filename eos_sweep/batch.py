"""Runs a batch of trajectories: fills the kernel's table, calls it, and turns the table into observables."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eos_sweep import observables, observers, state
from eos_sweep.contract import DIVERGED, MAXIMUM, TAIL, Ends, Model, Observable
from eos_sweep.kernel import build
from eos_sweep.lanes import WIDTH
from eos_sweep.layout import arrange
from eos_sweep.observables import DOUBLED, tail
from eos_sweep.sharpness import top


class Job(NamedTuple):
    """What is run for every trajectory of a sweep."""

    model: Model
    variables: tuple[str, ...]
    steps: int
    tolerance: float


def observables_of(model: Model, variables: Sequence[str]) -> tuple[Observable, ...]:
    """Return the observables, in table order, that give ``variables``."""
    owners = observables.variables(model)
    wanted = {owners[variable][0] for variable in variables}
    return tuple(observables.get(name) for name in observables.TABLE if name in wanted)


def kernel_of(job: Job) -> tuple[Callable, tuple[Observable, ...], tuple[Observable, ...], frozenset[str]]:
    """Return the kernel for ``job``, its observables, those of them compiled into it, and what all of them need."""
    watched = observables_of(job.model, job.variables)
    compiled = tuple(o for o in watched if hasattr(o, "watch") or hasattr(o, "watch_sharpness"))
    needs = frozenset(need for observable in watched for need in observable.NEEDS)
    return build(job.model, compiled, needs), watched, compiled, needs


def run(job: Job, initial: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run one trajectory for each entry of the inputs.

    Parameters
    ----------
    job
        Model, variables wanted, step budget, tolerance of the loss.
    initial, parameters
        Name -> float64 array of shape (n,), for each coordinate and each parameter of the model.

    Returns
    -------
    dict
        Variable name -> array of shape (n,), in float64 or int64; plus ``"work"``, the steps taken, of shape (n,).
    """
    model = job.model
    kernel, watched, compiled, needs = kernel_of(job)
    at = arrange(model, compiled)

    p = tuple(parameters[name] for name in model.PARAMETERS)
    with np.errstate(all="ignore"):
        theta = state.enter(model, initial, p)
        zero = np.zeros(len(theta[0]), np.int64)
        largest = top(model, theta, p) if MAXIMUM in needs else np.zeros(len(zero))
        begin = Ends(model, theta, p, model.loss(theta, p), zero, zero, largest, job.steps)
        started = [observable.start(begin) for observable in compiled]

    numbers = np.empty((len(zero), at.number_columns))
    integers = np.zeros((len(zero), at.integer_columns), np.int64)
    kept = (value for values, _ in started for value in values)
    for column, values in enumerate((*theta, *p, largest, begin.loss, *kept)):
        numbers[:, column] = values
    for column, values in enumerate((value for _, counts in started for value in counts), at.counts // WIDTH):
        integers[:, column] = values
    integers[~(begin.loss < model.LIMIT), at.status // WIDTH] = DIVERGED

    def results(budget: int) -> dict[str, np.ndarray]:
        rows, whole = np.ascontiguousarray(numbers.T), np.ascontiguousarray(integers.T)
        loss, maximum = rows[at.loss // WIDTH], rows[at.maximum // WIDTH]
        age, status = whole[at.age // WIDTH], whole[at.status // WIDTH]
        end = Ends(model, tuple(rows[: len(theta)]), p, loss, age, status, maximum, budget)
        all_kept, all_counts = iter(rows[at.kept // WIDTH :]), iter(whole[at.counts // WIDTH :])
        found: dict[str, np.ndarray] = {"work": age}
        with np.errstate(all="ignore"):
            for observable in watched:
                mine = tuple(itertools.islice(all_kept, observers.kept(observable, model)))
                found |= observable.finish(begin, end, mine, tuple(itertools.islice(all_counts, observable.COUNTS)))
        return found

    if TAIL in needs:
        kernel(numbers, integers, job.steps - tail.window(job.steps), job.tolerance, False)
    kernel(numbers, integers, job.steps, job.tolerance, TAIL in needs)
    found = results(job.steps)
    if any(name.endswith(DOUBLED) for name in job.variables):
        kernel(numbers, integers, 2 * job.steps, job.tolerance, False)
        later = results(2 * job.steps)
        found |= {name + DOUBLED: values for name, values in later.items()} | {"work": later["work"]}
    return {name: found[name] for name in (*job.variables, "work")}

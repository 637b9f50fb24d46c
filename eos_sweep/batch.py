"""Runs a batch of trajectories: fills the kernel's table, calls it, and turns the table into observables."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from eos_sweep import arrays, feed, observables, state
from eos_sweep.contract import DIVERGED, MAXIMUM, TAIL, Ends, Job, Model, Observable, is_array
from eos_sweep.kernel import build
from eos_sweep.lanes import WIDTH
from eos_sweep.layout import arrange
from eos_sweep.observables import tail
from eos_sweep.sharpness import top


def observables_of(model: Model, variables: Sequence[str]) -> tuple[Observable, ...]:
    """Return the observables, in table order, that give ``variables``."""
    owners = observables.variables(model)
    wanted = {owners[variable][0] for variable in variables}
    return tuple(observables.get(name) for name in observables.TABLE if name in wanted)


def kernel_of(job: Job) -> tuple[Callable, tuple[Observable, ...], tuple[Observable, ...], frozenset[str]]:
    """Return the kernel for ``job``, its observables, those of them compiled into it, and what all of them need.

    An array model takes its steps by itself: its kernel only shows them to the observables.
    """
    watched = observables_of(job.model, job.variables)
    compiled = tuple(o for o in watched if hasattr(o, "watch") or hasattr(o, "watch_sharpness"))
    needs = frozenset(need for observable in watched for need in observable.NEEDS)
    kernel = feed.build(job.model, compiled) if is_array(job.model) else build(job.model, compiled, needs)
    return kernel, watched, compiled, needs


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
    if is_array(model):
        return arrays.run(job, kernel, watched, initial, parameters)
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
    age, status = integers[:, at.age // WIDTH], integers[:, at.status // WIDTH]
    status[~(begin.loss < model.LIMIT)] = DIVERGED

    if TAIL in needs:
        kernel(numbers, integers, job.steps - tail.window(job.steps), job.tolerance, False)
    kernel(numbers, integers, job.steps, job.tolerance, TAIL in needs)

    rows = np.ascontiguousarray(numbers.T)
    end = Ends(
        model, tuple(rows[: len(theta)]), p, rows[at.loss // WIDTH], age, status, rows[at.maximum // WIDTH], job.steps
    )
    all_kept, all_counts = iter(rows[at.kept // WIDTH :]), iter(integers.T[at.counts // WIDTH :])
    results: dict[str, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for observable in watched:
            mine = tuple(itertools.islice(all_kept, observable.KEPT))
            results |= observable.finish(begin, end, mine, tuple(itertools.islice(all_counts, observable.COUNTS)))
    return {name: results[name] for name in job.variables} | {"work": age}

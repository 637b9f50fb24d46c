"""Run a batch of trajectories: fill the kernel's table, call the kernel, turn the table into observables."""

import functools
import itertools
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from eos_sweep import state
from eos_sweep.contract import DIVERGED, DOUBLED, MAXIMUM, ORBIT, RUNNING, TAIL, Ends, Job, Observable, is_array
from eos_sweep.eigen.sharpness import edge_moves, edge_of, over_edge, top_once
from eos_sweep.engine import branches, observers, periods
from eos_sweep.engine.kernels import prepared
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.engine.layout import arrange
from eos_sweep.engine.networks import driver
from eos_sweep.engine.networks.driver import Keeper
from eos_sweep.observables import tail


def run(
    job: Job,
    initial: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
    keeper: Keeper | None = None,
) -> dict[str, np.ndarray]:
    """Run one trajectory for each entry of the inputs.

    Parameters
    ----------
    job
        Model, variables wanted, step budget, tolerance of the loss.
    initial, parameters
        Name -> float64 array of shape (n,), for each coordinate and each parameter of the model.
    keeper
        Keeps how far array models are, and finds from where they go on; the others take seconds.

    Returns
    -------
    dict
        Variable name -> array of shape (n,), in float64 or int64; plus ``"work"``, the steps taken, of shape (n,).
    """
    kernel, watched, compiled, needs = prepared(job)
    if is_array(job.model):
        return driver.run(job, kernel, watched, initial, parameters, keeper)
    begin = _begin(job, needs, initial, parameters)
    table = _filled(begin, compiled)
    advance = functools.partial(_advance, kernel, table, branches.rows(job.model, parameters), job.tolerance)
    if TAIL in needs:
        advance(job.steps - tail.window(job.steps), False)
    advance(job.steps, TAIL in needs)
    found = _finished(begin, table, watched, compiled, needs)
    if any(name.endswith(DOUBLED) for name in job.variables):
        advance(2 * job.steps, False)
        later = _finished(begin._replace(budget=2 * job.steps), table, watched, compiled, needs)
        found |= {name + DOUBLED: values for name, values in later.items()} | {"work": later["work"]}
    return {name: found[name] for name in (*job.variables, "work")}


def _begin(
    job: Job, needs: Collection[str], initial: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]
) -> Ends:
    """Return the facts about the trajectories before they start."""
    model = job.model
    p = tuple(parameters[name] for name in model.PARAMETERS)
    with np.errstate(all="ignore"):
        theta = state.enter(model, initial, p)
        loss = model.loss(theta, p)
        zero = np.zeros(len(loss), np.int64)
        top = top_once(model, theta, p)
        largest = top() if MAXIMUM in needs else np.zeros(len(loss))
        moving = MAXIMUM in needs and edge_moves(model)
        ratio = over_edge(largest, edge_of(model)(theta, p)) if moving else np.zeros(len(loss))
    status = np.where(loss < model.LIMIT, RUNNING, DIVERGED)
    return Ends(model, theta, p, loss, zero, status, largest, job.steps, ratio=ratio, top=top)


def _filled(begin: Ends, compiled: Sequence[Observable]) -> tuple[np.ndarray, np.ndarray]:
    """Return the kernel's table, filled with the start of each trajectory."""
    at = arrange(begin.model, tuple(compiled))
    numbers = np.empty((len(begin.loss), at.number_columns))
    integers = np.zeros((len(begin.loss), at.integer_columns), np.int64)
    with np.errstate(all="ignore"):
        started = [observable.start(begin) for observable in compiled]
    kept = (value for values, _ in started for value in values)
    largest = (begin.maximum, begin.ratio) if at.edge_like else (begin.maximum,)
    for column, values in enumerate((*begin.theta, *begin.p, *largest, begin.loss, *kept)):
        numbers[:, column] = values
    for column, values in enumerate((value for _, counts in started for value in counts), at.counts // WIDTH):
        integers[:, column] = values
    integers[:, at.status // WIDTH] = begin.status
    return numbers, integers


def _advance(
    kernel: Callable,
    table: Sequence[np.ndarray],
    parts: Sequence[slice | np.ndarray],
    tolerance: float,
    until: int,
    in_tail: bool,
) -> None:
    """Advance the rows of a table to age ``until`` or to their ends, one part of the rows after the other."""
    for part in parts:
        rows = [columns[part] for columns in table]
        kernel(*rows, until, tolerance, in_tail)
        if len(parts) > 1:  # so these are copies
            for columns, moved in zip(table, rows, strict=True):
                columns[part] = moved


def _finished(
    begin: Ends,
    table: tuple[np.ndarray, np.ndarray],
    watched: Sequence[Observable],
    compiled: Sequence[Observable],
    needs: Collection[str],
) -> dict[str, np.ndarray]:
    """Return the values of the observables from the table, and the steps taken as "work"."""
    model, at = begin.model, arrange(begin.model, tuple(compiled))
    numbers, integers = (np.array(part.T, order="C") for part in table)  # copies: the kernel may go on with the table
    age, status = integers[at.age // WIDTH], integers[at.status // WIDTH]
    theta = tuple(numbers[: len(begin.theta)])
    loss, maximum = numbers[at.loss // WIDTH], numbers[at.maximum // WIDTH]
    found: dict[str, np.ndarray] = {"work": age}
    with np.errstate(all="ignore"):
        period = periods.periods(model, theta, begin.p, status == RUNNING) if ORBIT in needs else 0
        ratio = numbers[at.ratio // WIDTH] if at.edge_like else begin.ratio
        top = top_once(model, theta, begin.p)
        end = Ends(model, theta, begin.p, loss, age, status, maximum, begin.budget, period, ratio, top)
        all_kept, all_counts = iter(numbers[at.kept // WIDTH :]), iter(integers[at.counts // WIDTH :])
        seen: dict[Observable, tuple[tuple, tuple]] = {}
        for observable in compiled:  # in the order of their columns; the kernel may have more than are watched
            mine = tuple(itertools.islice(all_kept, observers.kept(observable, model)))
            seen[observable] = mine, tuple(itertools.islice(all_counts, observable.COUNTS))
        for observable in watched:
            found |= observable.finish(begin, end, *seen.get(observable, ((), ())))
    return found

"""The rules by which a kernel takes trajectories through their steps, one step after the other, in any arithmetic."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from eos_sweep.checks.exact.states import Snapshot, States
from eos_sweep.contract import CHUNK, CONVERGED, DIVERGED, RUNNING, Job, Numbers


class Step(NamedTuple):
    """What one step did to all trajectories."""

    number: int  # 0: the start
    moved: np.ndarray  # whether a trajectory took it; not if the loss would leave the model's bound
    after: Snapshot  # the states after it, also of trajectories that did not take it
    theta: Numbers  # the state after it; where a trajectory has not moved, the one before
    rescaled: Numbers  # the same, in the form from which the next step is taken
    loss: np.ndarray
    status: np.ndarray  # RUNNING, CONVERGED or DIVERGED


def follow(states: States, job: Job) -> Iterator[Step]:
    """Take trajectories through their steps; yield the start and each step, until all have ended.

    A trajectory diverges at the step that would take its loss out of the model's bound.  At every multiple of CHUNK it
    is rescaled, and ends if it has settled.
    """
    after = states.start()
    theta, loss = after.theta, after.loss
    status = np.where(loss < job.model.LIMIT, RUNNING, DIVERGED)
    yield Step(0, np.ones(loss.shape, bool), after, theta, theta, loss, status)
    for number in range(1, job.steps + 1):
        running = status == RUNNING
        if not running.any():
            return
        after = states.step(theta, running)
        moved = running & (after.loss < job.model.LIMIT)
        status = np.where(running & ~moved, DIVERGED, status)
        theta, loss = chosen(moved, after.theta, theta), np.where(moved, after.loss, loss)
        rescaled = theta
        if number % CHUNK == 0:
            rescaled = chosen(moved, states.rescale(theta), theta)
            settled = moved & states.settled(rescaled, loss, job.tolerance, moved)
            status = np.where(settled, CONVERGED, status)
        yield Step(number, moved, after, theta, rescaled, loss, status)
        theta = rescaled


def chosen(condition: np.ndarray, yes: Numbers, no: Numbers) -> Numbers:
    """Return ``np.where`` of each pair of two tuples."""
    return tuple(np.where(condition, new, old) for new, old in zip(yes, no, strict=True))

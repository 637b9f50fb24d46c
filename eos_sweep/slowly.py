"""What :func:`eos_sweep.batch.run` computes, step by step in NumPy: the same bits, a hundred times slower."""

from collections.abc import Mapping

import numpy as np

from eos_sweep.batch import observables_of
from eos_sweep.contract import CHUNK, CONVERGED, EDGE, RUNNING, Job, Numbers
from eos_sweep.oracle import Look, Record
from eos_sweep.state import enter


def run(job: Job, initial: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run one trajectory for each entry of the inputs, as :func:`eos_sweep.batch.run` does."""
    model = job.model
    p = tuple(parameters[name] for name in model.PARAMETERS)
    with np.errstate(all="ignore"):
        theta = enter(model, initial, p)
        record = Record(job, observables_of(model, job.variables), p, _looks(job, theta, p, np.array(False)))
        for age in range(job.steps):
            if not (record.status == RUNNING).any():
                break
            clipped, after = model.clipped(theta, p), model.step(theta, p)
            record.watch(age, _looks(job, after, p, clipped))
            theta = record.theta
            if (age + 1) % CHUNK == 0:
                record.fold()
                moved = (record.status == RUNNING) & (record.age == age + 1)
                settled = moved & model.settled(theta, p, record.loss, job.tolerance)
                record.status = np.where(settled, CONVERGED, record.status)
                fresh = model.rescale(theta, p)
                theta = record.theta = tuple(np.where(moved, new, old) for new, old in zip(fresh, theta, strict=True))
        record.fold()
        return record.finish()


def _looks(job: Job, theta: Numbers, p: Numbers, clipped: np.ndarray) -> list[Look]:
    """Return what observables see of each trajectory."""
    model = job.model
    curvature = np.broadcast_arrays(*model.curvature(theta, p), theta[0])[:-1]
    guard = theta[list(model.STATE).index(model.GUARD)] if model.GUARD else np.ones_like(theta[0])
    stable, held = model.stable(tuple(curvature), EDGE), np.broadcast_to(clipped, theta[0].shape)
    rows = zip(
        zip(*theta, strict=True), model.loss(theta, p), stable, guard, held, zip(*curvature, strict=True), strict=True
    )
    return [Look(*row) for row in rows]

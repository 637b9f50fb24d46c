"""Runs trajectories as :func:`eos_sweep.engine.batch.run` does, in NumPy: the same bits, a hundred times slower."""

from collections.abc import Mapping

import numpy as np

from eos_sweep.checks.exact.record import observe
from eos_sweep.checks.exact.states import DoubleStates
from eos_sweep.contract import Job


def run(
    job: Job,
    initial: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
    noise: np.random.Generator | None = None,
) -> dict[str, np.ndarray]:
    """Run one trajectory for each entry of the inputs, as :func:`eos_sweep.engine.batch.run` does.

    With ``noise`` steps move numbers at random, by up to a unit in the last place.
    """
    p = tuple(parameters[name] for name in job.model.PARAMETERS)
    with np.errstate(all="ignore"):
        return observe(DoubleStates(job.model, initial, p, noise), job, p)

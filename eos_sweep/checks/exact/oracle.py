"""Runs trajectories as :func:`eos_sweep.engine.batch.run` does, in arithmetic of any precision: slow but correct.

The steps, the loss, the test of stability and the rule of convergence are the model's own functions in numbers of
MPFR, whose exponents do not end.  Observables are those of the kernel; they see each step rounded to doubles, with the
answers of the tests as they are in full precision.  Where rounding could still have moved something, the precision is
raised.
"""

from collections.abc import Mapping

import numpy as np

from eos_sweep.checks.exact import arithmetic
from eos_sweep.checks.exact.precise_states import PreciseStates
from eos_sweep.checks.exact.record import observe
from eos_sweep.contract import Job

FIRST_BITS, MAX_BITS = 128, 2**14  # a chaotic run loses up to a bit a step
RAISED = 4  # times as many bits; all the runs before the last take little beside it
AGREEMENT_RTOL = 1e-9  # relative; floats that differ by less in two precisions are the same

Inputs = Mapping[str, np.ndarray]


def run(
    job: Job, initial: Inputs, parameters: Inputs, doubles: Mapping[str, np.ndarray] | None = None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run trajectories in precisions that are raised fourfold until two of them give the same.

    Parameters
    ----------
    job, initial, parameters
        As of :func:`eos_sweep.engine.batch.run`.
    doubles
        What a kernel gave, if it is known: the first precision, of 53 bits.  Where 128 bits give the same numbers, that
        is enough.

    Returns
    -------
    dict
        The observables, as :func:`eos_sweep.engine.batch.run` returns them.
    ndarray of int
        The bits that were needed; 0 where MAX_BITS are not enough.
    """
    count = len(next(iter(parameters.values())))
    results = run_in(FIRST_BITS, job, initial, parameters)
    needed = np.zeros(count, np.int64)
    if doubles is not None:
        needed[np.all([_same(np.asarray(doubles[name]), results[name]) for name in job.variables], axis=0)] = 53
    bits = FIRST_BITS
    while (undecided := np.flatnonzero(needed == 0)).size and bits < MAX_BITS:
        more = min(RAISED * bits, MAX_BITS)
        again = run_in(more, job, _part(initial, undecided), _part(parameters, undecided))
        same = np.all([_same(results[name][undecided], values) for name, values in again.items()], axis=0)
        needed[undecided[same]] = bits
        for name, values in again.items():
            results[name][undecided] = values
        bits = more
    return results, needed


def _part(values: Inputs, rows: np.ndarray) -> dict[str, np.ndarray]:
    return {name: array[rows] for name, array in values.items()}


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.dtype.kind == "i":
        return one == other
    return np.isclose(one, other, rtol=AGREEMENT_RTOL, atol=0.0, equal_nan=True)


def run_in(
    bits: int, job: Job, initial: Inputs, parameters: Inputs, noise: np.random.Generator | None = None
) -> dict[str, np.ndarray]:
    """Run trajectories with numbers of ``bits`` bits.

    With ``noise`` each step moves each coordinate at random, by up to a unit in the last place of a double.
    """
    p = tuple(parameters[name] for name in job.model.PARAMETERS)
    with arithmetic.precise(bits), np.errstate(all="ignore"):
        return observe(PreciseStates(job.model, initial, p, noise), job, p)

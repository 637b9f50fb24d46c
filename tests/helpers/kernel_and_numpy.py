"""Trajectories two ways: through the compiled kernel, and one step after the other in plain NumPy, by the same rules.

Both use the model's own functions, so that their results can be compared bit for bit; ``formulas.py`` is an
independent third way, in high precision.
"""

from typing import NamedTuple

import numpy as np

from eos_sweep import observables, regimes
from eos_sweep.checks.exact import rules
from eos_sweep.checks.exact.states import DoubleStates
from eos_sweep.contract import EDGE
from eos_sweep.eigen.sharpness import sharpness, top
from eos_sweep.engine import batch, preparing
from eos_sweep.models import bivariate
from eos_sweep.state import carried, log10_abs
from helpers import named_inputs as by_name

# Few different sets, since each is a kernel of its own.
ALL = observables.expand(("all",), bivariate)
CROSSINGS = ("first_crossing", "crossings", "steps_above", "final_above")
FINAL_STATE = tuple(f"{name}_final" for name in (*bivariate.STATE, "log10_abs_beta1"))
LABELS = observables.expand((*regimes.REQUIRED, *CROSSINGS, *FINAL_STATE), bivariate)
COUNTS = observables.expand(("outcome", *CROSSINGS, "sign_flips", "loss_rises", *FINAL_STATE), bivariate)
OFF = {"clip": np.inf, "radius": np.inf}


def columns(initial, parameters, model=bivariate):
    """Return both as name -> float64 array of one length, in the model's order, clip and radius off by default."""
    return by_name.columns(model, **initial, **parameters)


def simulate(initial, parameters, steps, variables=ALL, tolerance=0.0, model=bivariate):
    """Run a batch in a kernel of its own; ``initial`` and ``parameters`` map names to numbers or arrays."""
    job = batch.Job(model, variables, steps, tolerance)
    preparing.prepare(job)
    return batch.run(job, *columns(initial, parameters, model))


class Path(NamedTuple):
    """What happened at each step, as arrays of shape (steps + 1, n); row 0 is the start.

    A trajectory that ended stays where it was, with ``moved`` false.
    """

    moved: np.ndarray
    theta: tuple[np.ndarray, ...]
    rescaled: tuple[np.ndarray, ...]  # the same states, in the form from which the next step is taken
    loss: np.ndarray
    unstable: np.ndarray
    sharpness: np.ndarray
    ratio: np.ndarray  # sharpness over 2/eta
    clipped: np.ndarray
    log10_abs_beta1: np.ndarray  # or of the first coordinate with its own exponent, zero if there is none
    status: np.ndarray


def follow(initial, parameters, steps, tolerance=0.0, model=bivariate):
    """Take each trajectory of a batch through its steps in NumPy, by the kernel's rules, and record all of it."""
    initial, parameters = columns(initial, parameters, model)
    p = tuple(parameters.values())
    with np.errstate(all="ignore"):
        states = DoubleStates(model, initial, p)
        taken = list(rules.follow(states, batch.Job(model, (), steps, tolerance)))
        rows = [_recorded(model, p, step) for step in taken]
        ended = taken[-1]._replace(theta=taken[-1].rescaled, moved=np.zeros_like(taken[-1].moved))
        rows += [_recorded(model, p, ended)] * (steps + 1 - len(rows))
    moved, theta, rescaled, *rest = (np.array(column) for column in zip(*rows, strict=True))
    return Path(moved, *(tuple(np.moveaxis(x, 1, 0)) for x in (theta, rescaled)), *rest)


def _recorded(model, p, step):
    """Return the fields of a Path at one step."""
    unstable = ~model.stable(model.curvature(step.theta, p), EDGE)
    first = next(iter(carried(model, step.theta).values()), (np.ones_like(step.theta[0]), 0.0))
    return (
        step.moved,
        step.theta,
        step.rescaled,
        step.loss,
        unstable,
        sharpness(model, step.theta, p),
        top(model, step.theta, p) / EDGE,
        step.after.clipped & step.moved,
        log10_abs(*first),
        step.status,
    )


def until(path, steps):
    """Return the first ``steps`` steps of ``path``."""
    return Path(*(tuple(c[: steps + 1] for c in f) if isinstance(f, tuple) else f[: steps + 1] for f in path))


def same_bits(left, right):
    """Whether two arrays agree in each bit, as float64; all NaNs are one."""
    left, right = (np.where(np.isnan(x), np.nan, x) for x in (np.asarray(left, float), np.asarray(right, float)))
    return left.shape == right.shape and left.tobytes() == right.tobytes()


def bisect(holds, low, high, rounds=3, points=64):
    """Return the value in [low, high] from which on ``holds`` (which takes many values at once), by sections."""
    for _ in range(rounds):
        values = np.linspace(low, high, points)
        first = int(np.argmax(holds(values)))
        low, high = values[first - 1], values[first]
    return 0.5 * (low + high)

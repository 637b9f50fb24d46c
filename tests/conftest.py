"""Trajectories two ways: through the compiled kernel, and one step after the other in plain NumPy.

Both use the model's own functions, so that their results can be compared bit for bit; ``oracle.py`` is the independent
third way, in high precision.
"""

import functools
import logging
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from eos_sweep import batch, observables, regimes
from eos_sweep.contract import CHUNK, CONVERGED, DIVERGED, EDGE, LONGEST, RETURNED, RUNNING, Ends, Moment
from eos_sweep.models import bivariate
from eos_sweep.observables import lyapunov
from eos_sweep.observers import watcher
from eos_sweep.sharpness import sharpness, top
from eos_sweep.state import carried, enter, log10_abs, values

settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")

# Few different sets, since each is a kernel of its own.
ALL = observables.expand(("all",), bivariate)
CROSSINGS = ("first_crossing", "crossings", "steps_above", "final_above")
FINAL_STATE = tuple(f"{name}_final" for name in (*bivariate.STATE, "log10_abs_beta1"))
LABELS = observables.expand((*regimes.REQUIRED, *CROSSINGS, *FINAL_STATE), bivariate)
COUNTS = observables.expand(("outcome", *CROSSINGS, "sign_flips", "loss_rises", *FINAL_STATE), bivariate)

OFF = {"clip": np.inf, "radius": np.inf}


@pytest.fixture(autouse=True)
def _log_of_its_own():
    """Leave no handler and no level behind: a command sets them for its process, which here is every test's."""
    log = logging.getLogger("eos_sweep")
    yield
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)


def columns(initial, parameters, model=bivariate):
    """Return both as name -> float64 array of one length, in the model's order, clip and radius off by default."""
    off = {name: quantity.default for name, quantity in model.PARAMETERS.items() if quantity.default is not None}
    given = {**initial, **off, **parameters}
    arrays = dict(zip(given, np.broadcast_arrays(*np.atleast_1d(*given.values())), strict=True))
    arrays = {name: np.array(values, float) for name, values in arrays.items()}
    return {name: arrays[name] for name in model.STATE}, {name: arrays[name] for name in model.PARAMETERS}


def simulate(initial, parameters, steps, variables=ALL, tolerance=0.0, model=bivariate):
    """Run a batch in the compiled kernel; ``initial`` and ``parameters`` map names to numbers or arrays."""
    return batch.run(batch.Job(model, variables, steps, tolerance), *columns(initial, parameters, model))


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
        theta = enter(model, initial, p)
        status = np.where(model.loss(theta, p) < model.LIMIT, RUNNING, DIVERGED)
        nothing = np.zeros(len(status), bool)
        rows = [_look(model, theta, theta, p, ~nothing, nothing, status)]
        for age in range(1, steps + 1):
            after, clipped = model.step(theta, p), model.clipped(theta, p)
            fine = model.loss(after, p) < model.LIMIT
            moved = (status == RUNNING) & fine
            status = np.where((status == RUNNING) & ~fine, DIVERGED, status)
            before = theta = _where(moved, after, theta)
            if age % CHUNK == 0:
                settled = model.settled(theta, p, model.loss(theta, p), tolerance)
                status = np.where(moved & settled, CONVERGED, status)
                theta = _where(moved, model.rescale(theta, p), theta)
            rows.append(_look(model, before, theta, p, moved, clipped & moved, status))
    moved, states, rescaled, *rest = (np.array(column) for column in zip(*rows, strict=True))
    return Path(moved, *(tuple(np.moveaxis(x, 1, 0)) for x in (states, rescaled)), *rest)


def _where(condition, yes, no):
    return tuple(np.where(condition, new, old) for new, old in zip(yes, no, strict=True))


def _look(model, theta, rescaled, p, moved, clipped, status):
    unstable = ~model.stable(model.curvature(theta, p), EDGE)
    first = next(iter(carried(model, theta).values()), (np.ones_like(theta[0]), 0.0))
    return (
        moved,
        theta,
        rescaled,
        model.loss(theta, p),
        unstable,
        sharpness(model, theta, p),
        top(model, theta, p) / EDGE,
        clipped,
        log10_abs(*first),
        status,
    )


def until(path, steps):
    """Return the first ``steps`` steps of ``path``."""
    return Path(*(tuple(c[: steps + 1] for c in f) if isinstance(f, tuple) else f[: steps + 1] for f in path))


def _first(flags):
    return np.where(flags.any(0), flags.argmax(0), -1)


def _least(mantissa, power):
    """Return mantissa and power of the least of each column, compared exactly: logarithms of neighbours may tie."""
    fraction, exponent = np.frexp(np.abs(mantissa))
    exponent = np.where(fraction == 0, -(2.0**62), exponent + 512 * power)
    row = np.where(exponent == exponent.min(0), fraction, np.inf).argmin(0), np.arange(mantissa.shape[1])
    return mantissa[row], power[row]


def _turned(path, parameters, model):
    """Return what the observable `lyapunov` keeps, from its own rules, one step after the other."""
    p = _p(parameters, model)
    count, watch = path.loss.shape[1], watcher(lyapunov, model)
    kept = (np.zeros(count),) * 3 + (np.ones(count),) * len(model.STATE)
    with np.errstate(all="ignore"):
        for k, moved in enumerate(path.moved[1:]):
            before, after = tuple(x[k] for x in path.rescaled), tuple(x[k + 1] for x in path.theta)
            kept = _where(moved, watch(kept, Moment(before, after, p, *[None] * 5))[0], kept)
        end = Ends(model, (), p, path.loss[-1], path.moved[1:].sum(0), path.status[-1], None, len(path.loss) - 1)
        return lyapunov.finish(end, end, kept, ())


def _p(parameters, model):
    return tuple(columns({name: 0.0 for name in model.STATE}, parameters, model)[1].values())


def _period(path, parameters, model):
    """Return after how many steps each trajectory is where it ended, straight from the definition."""
    p = _p(parameters, model)
    last = theta = tuple(x[-1] for x in path.rescaled)
    found = np.where(path.status[-1] == CONVERGED, 1, 0)
    for k in range(1, LONGEST + 1):
        with np.errstate(all="ignore"):
            theta = model.step(theta, p)
            there = np.all([abs(a - b) <= RETURNED * abs(b) for a, b in zip(theta, last, strict=True)], axis=0)
        found = np.where((path.status[-1] == RUNNING) & there & (found == 0), k, found)
    return found


def _tallied(claim, ratio, asked):
    """Return the variables of a claim from its ratio at each step, and whether it is asked there."""
    asked = asked & ~np.isnan(ratio)
    fails = asked & (ratio > 1.0 + observables.get(claim).TOLERANCE)
    worst = np.minimum(np.where(asked, ratio, -np.inf).max(0), np.finfo(float).max)
    return {
        f"{claim}_failures": fails.sum(0),
        f"{claim}_first_failure": _first(fails),
        f"{claim}_worst": np.where(asked.any(0), worst, np.nan),
    }


def _claims(path, parameters, model, period):
    """Return what each claim of the model's must give: its ratio is the model's, where it is asked is said here."""
    p, says = _p(parameters, model), model.claims
    step = np.arange(len(path.loss))[:, None]
    before, after = tuple(x[:-1] for x in path.rescaled), tuple(x[1:] for x in path.theta)
    above = path.unstable & (path.moved | (step == 0))
    upward = above[1:] & ~path.unstable[:-1]
    last = np.where(upward, step[1:], 0).max(0)
    reached = np.logical_or.accumulate(above, 0)[:-1]
    below = np.maximum.accumulate(path.ratio, 0)[:-1] < 1.0
    everywhere, never = path.moved | (step == 0), np.zeros_like(path.moved[:1])
    asked = {
        "lemma_4_2_iii": path.moved[1:],
        "theorem_4_4": path.moved[1:] & path.unstable[:-1],
        "theorem_4_6": path.moved[1:] & reached & (step[1:] <= last),
        "gfs_decrease": path.moved[1:],
        "gfs_bounds": path.moved[1:],
    }
    found = {}
    with np.errstate(all="ignore"):
        for claim, where in asked.items():
            ratio = getattr(says, claim)(before, after, p)
            found |= _tallied(claim, np.concatenate([never + np.nan, ratio]), np.concatenate([never, where]))
        curvature, largest = model.curvature(path.rescaled, p), EDGE * path.ratio
        for claim in ("lemma_4_2_i", "lemma_4_2_ii"):
            found |= _tallied(claim, getattr(says, claim)(curvature, largest), everywhere)
        ratio = np.concatenate([never + np.nan, largest[:-1] / largest[1:]])
        found |= _tallied("theorem_4_3", ratio, np.concatenate([never, path.moved[1:] & below]))
        diverged = path.status[-1] == DIVERGED
        holds = ~diverged & (path.loss[-1] <= 1e-9 * path.loss[0]) & (path.ratio[-1] <= 1.01)
        verdict = np.where(holds, 1, np.where(diverged | (period >= 2), 2, 3))
        return found | {"theorem_4_1": verdict, "theorem_4_1_worst": largest[-1] / 2.02}


def expected(path, parameters, model=bivariate):
    """Return name -> the value of each observable that ``path`` must give, straight from their definitions."""
    above = path.unstable & path.moved
    upward = path.moved[1:] & above[1:] & ~above[:-1]
    negative = path.theta[list(model.STATE).index(model.GUARD)] < 0 if model.GUARD else np.zeros_like(path.moved)
    flips = np.zeros_like(path.moved)
    flips[1:] = path.moved[1:] & (negative[1:] != negative[:-1])
    taken = path.moved[1:].sum(0)
    p = _p(parameters, model)
    unlearnt = model.loss(enter(model, dict.fromkeys(model.STATE, np.zeros_like(path.loss[0])), p), p)
    window = max(1, (len(path.loss) - 1) // 10)
    tail = np.where(path.status[-1] == DIVERGED, np.nan, path.ratio[-window:])
    last = tuple(x[-1] for x in path.rescaled)
    period = _period(path, parameters, model)
    return {
        "steps_taken": taken,
        "outcome": np.choose(path.status[-1], [3, 1, 2]),
        "first_crossing": _first(above),
        "crossings": upward.sum(0),
        "steps_above": above.sum(0),
        "final_above": 1 + path.unstable[-1],
        "sharpness_initial": path.sharpness[0],
        "sharpness_final": path.sharpness[-1],
        "sharpness_max": path.sharpness.max(0),
        "sharpness_ratio_max": path.ratio.max(0),
        "sharpness_min": path.sharpness.min(0),
        "sharpness_mean": np.where(path.moved, path.sharpness, 0.0).sum(0) / (taken + 1),
        "tail_mean": tail.mean(0),
        "tail_min": tail.min(0),
        "tail_max": tail.max(0),
        "first_sign_flip": _first(flips),
        "sign_flips": flips.sum(0),
        "loss_initial": path.loss[0],
        "loss_max": path.loss.max(0),
        "loss_final": path.loss[-1],
        "loss_rises": (path.moved[1:] & (path.loss[1:] > path.loss[:-1])).sum(0),
        "plateau_steps": (path.moved[1:] & (abs(path.loss[1:] - unlearnt) < 0.01 * unlearnt)).sum(0),
        "clip_fraction": path.clipped.sum(0) / np.maximum(taken, 1),
        "period": period,
        "balance_initial": model.balance(tuple(x[0] for x in path.rescaled), _p(parameters, model)),
        "balance_final": model.balance(last, _p(parameters, model)),
        "flow_sharpness_initial": model.flow_sharpness(tuple(x[0] for x in path.rescaled), _p(parameters, model)),
        "flow_sharpness_final": model.flow_sharpness(last, _p(parameters, model)),
        **{f"{name}_final": value for name, value in values(model, last).items()},
        **{f"log10_abs_{name}_min": log10_abs(*_least(*x)) for name, x in carried(model, path.theta).items()},
        **{f"log10_abs_{name}_final": log10_abs(*x) for name, x in carried(model, last).items()},
        **_turned(path, parameters, model),
        **_claims(path, parameters, model, period),
    }


def same_bits(left, right):
    """Whether two arrays agree in each bit, as float64; all NaNs are one."""
    left, right = (np.where(np.isnan(x), np.nan, x) for x in (np.asarray(left, float), np.asarray(right, float)))
    return left.shape == right.shape and left.tobytes() == right.tobytes()


CERTIFIED = "sharpness_max", "sharpness_ratio_max"  # within 1e-14 of the maximum
SUMMED = "tail_mean", "sharpness_mean"  # in another order than NumPy's


def assert_expected(result, right):
    """Compare a kernel's results with what ``expected`` says, bit for bit as far as they are to be the same."""
    for name, value in right.items():
        if name in CERTIFIED:
            np.testing.assert_allclose(result[name], value, rtol=1e-14, err_msg=name)
        elif name in SUMMED:
            np.testing.assert_allclose(result[name], value, rtol=1e-13, err_msg=name)
        else:
            assert same_bits(result[name], value), name


def bisect(holds, low, high, rounds=3, points=64):
    """Return the value in [low, high] from which on ``holds`` (which takes many values at once), by sections."""
    for _ in range(rounds):
        values = np.linspace(low, high, points)
        first = int(np.argmax(holds(values)))
        low, high = values[first - 1], values[first]
    return 0.5 * (low + high)


def random_points(count, seed):
    """Return (initial, parameters) of every kind: converging, diverging, hovering, underflowing, clipped, frozen."""
    random = np.random.default_rng(seed)
    uniform = random.uniform

    def log(low, high):
        return 10.0 ** uniform(low, high, count)

    lambda1 = log(-1, 4)
    initial = {
        "alpha": random.choice([-1, 1], count) * uniform(0.05, 1.5, count),
        "beta1": random.choice([-1, 1], count) * np.where(random.random(count) < 0.2, log(-320, -20), log(-6, 0)),
        "beta2": uniform(-0.2, 1.5, count),
    }
    parameters = {
        "lambda1": lambda1,
        "lambda2": log(-4, 1),
        "eta": log(-3, 0.5),
        "clip": random.choice([np.inf, np.inf, 10.0, 1.0, 0.01, 0.0], count),
        "radius": random.choice([np.inf, np.inf, 0.527, 1.3, 1e-3, 0.0], count) / np.sqrt(lambda1),
    }
    return initial, parameters


@functools.cache
def population(count, steps, tolerance, seed=1):
    """Return (initial, parameters, path) of random points; computed once for all tests."""
    initial, parameters = random_points(count, seed)
    return initial, parameters, follow(initial, parameters, steps, tolerance)

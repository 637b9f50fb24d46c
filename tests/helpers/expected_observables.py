"""What each observable must be, straight from its definition, on a path taken in NumPy."""

import numpy as np

from eos_sweep import observables
from eos_sweep.checks.exact.rules import chosen
from eos_sweep.contract import CONVERGED, DIVERGED, EDGE, LONGEST_PERIOD, RUNNING, Ends, Moment
from eos_sweep.engine import periods
from eos_sweep.engine.observers import watcher
from eos_sweep.models import bivariate
from eos_sweep.observables import lyapunov, magnification
from eos_sweep.state import carried, enter, log10_abs, values
from helpers.kernel_and_numpy import columns, same_bits


def _first(flags):
    return np.where(flags.any(0), flags.argmax(0), -1)


def _least(mantissa, power):
    """Return mantissa and power of the least of each column, compared exactly: logarithms of neighbours may tie."""
    fraction, exponent = np.frexp(np.abs(mantissa))
    exponent = np.where(fraction == 0, -(2.0**62), exponent + 512 * power)
    row = np.where(exponent == exponent.min(0), fraction, np.inf).argmin(0), np.arange(mantissa.shape[1])
    return mantissa[row], power[row]


def _turned(observable, path, parameters, model):
    """Return what an observable of vectors that each step turns gives, from its own rules, one step after the other."""
    p = _p(parameters, model)
    watch = watcher(observable, model)
    kept, _ = observable.start(Ends(model, (), p, path.loss[0], *[None] * 3, len(path.loss) - 1))
    with np.errstate(all="ignore"):
        for k, moved in enumerate(path.moved[1:]):
            before, after = tuple(x[k] for x in path.rescaled), tuple(x[k + 1] for x in path.theta)
            kept = chosen(moved, watch(kept, Moment(before, after, p, path.loss[k + 1], *[None] * 5))[0], kept)
        end = Ends(model, (), p, path.loss[-1], path.moved[1:].sum(0), path.status[-1], None, len(path.loss) - 1)
        return observable.finish(end, end, kept, ())


def _p(parameters, model):
    return tuple(columns({name: 0.0 for name in model.STATE}, parameters, model)[1].values())


def _period(path, parameters, model):
    """Return the period of the orbit on which each trajectory ended, straight from the definition."""
    last = tuple(x[-1] for x in path.rescaled)
    found = np.where(path.status[-1] == CONVERGED, 1, 0)
    for row in np.flatnonzero(path.status[-1] == RUNNING):
        with np.errstate(all="ignore"):
            found[row] = _period_of(tuple(x[row] for x in last), tuple(x[row] for x in _p(parameters, model)), model)
    return found


def _period_of(start, p, model):
    """Return after how few steps Newton's method sees an orbit close to a state, among steps that come closer."""
    width = len(model.STATE)
    values = np.array(start[:width])
    sizes = np.where(values == 0.0, 1.0, values)
    units = np.where([name in model.CARRIED for name in model.STATE], 1.0, sizes)
    still = np.array([name in model.CARRIED for name in model.STATE]) & (values == 0.0)
    theta, columns, nearest = start, list(np.eye(width)), np.inf
    for k in range(1, LONGEST_PERIOD + 1):
        columns = [np.array(model.tangent(theta, p, tuple(v)), float) for v in columns]
        theta = model.step(theta, p)
        change = (np.array(theta[:width]) - values) / sizes
        if (far := np.abs(change).max()) <= min(periods.NEAR, periods.CLOSER * nearest):
            matrix = np.stack(columns, 1) * units / units[:, None]
            matrix[still] = matrix[:, still] = 0.0
            u, s, v = np.linalg.svd(np.eye(width) - matrix)
            along, moves = u.T @ change, s > periods.NEUTRAL * max(1.0, np.abs(matrix).max())
            drift = np.abs(along[~moves]).max(initial=0.0)
            distance = np.abs(v[moves].T @ (along[moves] / s[moves])).max(initial=0.0)
            if distance <= periods.REACHED and drift <= 10 * periods.ROUNDED * max(1.0, np.abs(matrix).max()):
                return k
        nearest = min(nearest, far)
    return 0


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
        still = (path.status[-1] == RUNNING) & (period >= 1)
        verdict = np.where(holds, 1, np.where(diverged | still, 2, 3))
        return found | {"theorem_4_1": verdict, "theorem_4_1_worst": largest[-1] / 2.02}


def expected(path, parameters, model=bivariate):
    """Return name -> the value of each observable that ``path`` must give, straight from their definitions."""
    above = path.unstable & path.moved
    upward = path.moved[1:] & above[1:] & ~above[:-1]
    guard = list(model.STATE).index(model.GUARD) if model.GUARD else 0
    negative = path.theta[guard] < 0 if model.GUARD else np.zeros_like(path.moved)
    factors = np.where(path.moved[1:], path.theta[guard][1:] / path.rescaled[guard][:-1], 1.0)
    flips = np.zeros_like(path.moved)
    flips[1:] = path.moved[1:] & (negative[1:] != negative[:-1])
    taken = path.moved[1:].sum(0)
    p = _p(parameters, model)
    unlearnt = model.loss(enter(model, dict.fromkeys(model.STATE, np.zeros_like(path.loss[0])), p), p)
    window = max(1, (len(path.loss) - 1) // 10)
    tail = np.where(path.status[-1] == DIVERGED, np.nan, path.ratio[-window:])
    last = tuple(x[-1] for x in path.rescaled)
    square = sum(x**2 for x in values(model, tuple(x[0] for x in path.rescaled)).values())
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
        "guard_factor_min": np.fmin(1.0, np.fmin.reduce(factors)),
        "loss_initial": path.loss[0],
        "loss_max": path.loss.max(0),
        "loss_final": path.loss[-1],
        "loss_growth": np.maximum(path.loss[-1] / np.maximum(path.loss[0], path.sharpness[0] * square / 2), 1),
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
        **_turned(lyapunov, path, parameters, model),
        **_turned(magnification, path, parameters, model),
        **_claims(path, parameters, model, period),
    }


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

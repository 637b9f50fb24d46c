"""The checks of derivatives: a model's step, Hessian and tangent against differences in numbers of 300 bits."""

import itertools

import numpy as np

from eos_sweep.checks.exact import arithmetic
from eos_sweep.conformance.requirements import place, require, require_all
from eos_sweep.conformance.trial import BITS, NUDGE, Point, moved, points, states, unit
from eos_sweep.contract import Model
from eos_sweep.eigen.sharpness import matrix_of, sharpness
from eos_sweep.state import memory, turned
from eos_sweep.update_rules.rmsprop import SHARPNESS as PRECONDITIONED

FINE = 2.0**-120  # step of the differences of steps: a second moment of a rule may be far below one


def check_descent(model: Model) -> None:
    """Compare a step with theta - eta grad L, where nothing is clipped."""
    if not getattr(model, "DESCENT", True):
        return
    threshold = arithmetic.translated(model).threshold
    with arithmetic.precise(BITS):
        for at in points(model):
            if at.clipped(*at.coordinates):
                continue
            eta, after = 2 / threshold(at.p), at.step(*at.coordinates)
            for k, name in enumerate(model.STATE):
                here = at.coordinates[k]
                ahead, behind = (at.loss(*moved(at.coordinates, {k: by})) for by in (1, -1))
                descent = eta * (ahead - behind) / (2 * NUDGE * unit(here))
                size = abs(here) + abs(descent) + abs(after[k])
                wrong = f"step of {name}: from {float(here)} to {float(after[k])}, not {float(here - descent)}"
                require(abs(after[k] - (here - descent)) <= 2.0**-40 * size, f"{wrong}, at {at}")


def check_hessian(model: Model) -> None:
    """Compare the Hessian with that of the loss, and its largest eigenvalue with the sharpness."""
    theta, p = states(model)
    matrix = model.hessian(theta, p)
    where = place(model, theta, p)
    skew = np.abs(matrix - np.swapaxes(matrix, -1, -2)).max(axis=(-1, -2))
    require_all(skew == 0, "hessian: not symmetric", where, difference=skew)
    if matrix_of(model) != PRECONDITIONED:  # tests of that matrix are those of update rules
        largest, size = np.linalg.eigvalsh(matrix)[..., -1], np.abs(matrix).max(axis=(-1, -2))
        found = np.broadcast_to(sharpness(model, theta, p), largest.shape)
        close = np.abs(found - largest) <= 1e-12 * size
        require_all(
            close, "sharpness: not the largest eigenvalue of hessian", where, sharpness=found, eigenvalue=largest
        )
    if not getattr(model, "DESCENT", True):
        return
    with arithmetic.precise(BITS):
        for at in itertools.islice(points(model), 8):
            state = tuple(np.array([float(x)]) for x in at.state())
            found = model.hessian(state, tuple(np.array([float(x)]) for x in at.p))[0]
            for i, j in itertools.combinations_with_replacement(range(len(model.STATE)), 2):
                bend = _bend(at, i, j)
                wrong = f"hessian[{i}, {j}]: {found[i, j]}, not {bend}, at {at}"
                require(abs(found[i, j] - bend) <= 1e-9 * np.abs(found).max(), wrong)


def _bend(at: Point, i: int, j: int) -> float:
    """Return the second difference of the loss along two coordinates."""
    area = NUDGE * NUDGE * unit(at.coordinates[i]) * unit(at.coordinates[j])
    corners = (
        [(1, {i: 1}), (-2, {}), (1, {i: -1})]
        if i == j
        else [(a * b / 4, {i: a, j: b}) for a, b in itertools.product((1, -1), repeat=2)]
    )
    return float(sum(weight * at.loss(*moved(at.coordinates, by)) for weight, by in corners) / area)


def check_tangent(model: Model) -> None:
    """Compare the tangent with the Jacobian of the step, relative for a coordinate with its own exponent."""
    rng, entries = np.random.default_rng(0), turned(model)
    with arithmetic.precise(BITS):
        for at in points(model):
            v, start = rng.standard_normal(len(entries)), at.state()
            ahead, behind = (
                [
                    start[there] + by * FINE * float(along) * (1 if of is None else start[of])
                    for along, (there, of) in zip(v, entries, strict=True)
                ]
                for by in (1, -1)
            )
            if len({bool(at.clipped(*numbers)) for numbers in (ahead, behind)}) > 1:
                continue  # at a kink
            after, before, here = at.step(*ahead), at.step(*behind), at.step()
            state, p = (tuple(np.float64(x) for x in values) for values in (start, at.p))
            found = model.tangent(state, p, tuple(v))
            size = max(np.abs(v).max(), *(abs(float(x)) for x in found))
            for name, (there, of), one in zip((*model.STATE, *memory(model)), entries, found, strict=True):
                if of is not None and here[of] == 0:
                    continue
                change = float((after[there] - before[there]) / (2 * FINE) / (1 if of is None else here[of]))
                wrong = f"tangent of {name}: {one}, not {change}, at {at}"
                require(abs(change - one) <= 1e-9 * max(size, abs(change)), wrong)

"""The trajectories that all contenders are timed on, and the check that all of them compute the same.

The trajectories start from random points of the model ``bivariate``.  "alive" ones still run after 10 000 steps, so
that no early exit can help.  They do not diverge in plain doubles either, since eigenvalue solvers refuse NaN.  "mixed"
ones are not selected; about half of them end early.
"""

from typing import NamedTuple

import numpy as np

from eos_sweep import models, observables
from eos_sweep.checks.bench.peers import numpy_arrays
from eos_sweep.checks.bench.peers.plain import Record
from eos_sweep.engine import batch

MODEL = models.get("bivariate")
STEP_BUDGET = 10_000
TOLERANCE = 1e-20
POINTS = 4096
TRIAL = 64  # steps after which all contenders must agree: rounding errors are still small
RANGES = {"lambda1": (10.0, 1e4), "lambda2": (1e-4, 1.0), "eta": (1e-3, 1.0)}  # log-uniform
CLIPS = (np.inf, 100.0, 10.0, 1.0)
START = {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5}
EXACT = ("crossings", "steps_above", "first_crossing", "sign_flips", "first_sign_flip", "loss_rises")

Points = tuple[np.ndarray, ...]  # of shape (n,) each, in the order of the model's STATE and PARAMETERS


class Workload(NamedTuple):
    """Starting points.

    Attributes
    ----------
    alive, mixed : tuple of ndarray
        Points as the module describes them.
    ending_early : float
        Share of the mixed trajectories that end early.
    """

    alive: Points
    mixed: Points
    ending_early: float


def draw(seed: int = 0) -> Workload:
    """Draw ``POINTS`` points of each kind."""
    rng = np.random.default_rng(seed)
    number = 4 * POINTS
    given = {name: np.full(number, value) for name, value in START.items()}
    for name, (least, most) in RANGES.items():
        given[name] = np.exp(rng.uniform(np.log(least), np.log(most), number))
    given["clip"], given["radius"] = rng.choice(CLIPS, number), np.full(number, np.inf)
    points = tuple(given[name] for name in (*MODEL.STATE, *MODEL.PARAMETERS))
    ended = observables.get("outcome").variables(MODEL)["outcome"].flags or {}
    running = run(points, ("outcome",), STEP_BUDGET)["outcome"] == ended["budget_spent"]
    alive = np.flatnonzero(running)[: POINTS + POINTS // 8]
    in_doubles = numpy_arrays.prepare("closed form")(tuple(values[alive] for values in points), STEP_BUDGET)
    alive = alive[np.isfinite(in_doubles.loss_max) & (in_doubles.loss_max < MODEL.LIMIT)][:POINTS]
    if len(alive) < POINTS:
        raise RuntimeError(f"only {len(alive)} of {POINTS} trajectories are alive; draw more")
    return Workload(
        tuple(values[alive] for values in points),
        tuple(values[:POINTS] for values in points),
        1.0 - float(running[:POINTS].mean()),
    )


def run(points: Points, variables: tuple[str, ...], steps: int) -> dict[str, np.ndarray]:
    """Run the points in the kernel."""
    job = batch.Job(MODEL, observables.expand(variables, MODEL), steps, TOLERANCE)
    split = len(MODEL.STATE)
    initial = dict(zip(MODEL.STATE, points[:split], strict=True))
    return batch.run(job, initial, dict(zip(MODEL.PARAMETERS, points[split:], strict=True)))


def disagreement(points: Points, record: Record) -> str:
    """Return how a peer's record of ``TRIAL`` steps differs from the kernel's; empty if it does not."""
    expected = run(points, ("default",), TRIAL)
    same = {f"{name}_final": getattr(record, name) for name in (*MODEL.STATE, "loss")}
    tail = {"tail_mean": record.tail_sum / (TRIAL // 10), "tail_min": record.tail_min, "tail_max": record.tail_max}
    found = {name: np.asarray(values) for name, values in (record._asdict() | same | tail).items()}
    for name in EXACT:
        if (share := float(np.mean(found[name] != expected[name]))) > 0.01:
            return f"{name} differs on {100 * share:.0f} % of the trajectories"
    for name in ("sharpness_max", "loss_max", *same, *tail):
        if not np.allclose(found[name], expected[name], rtol=1e-5, atol=1e-12):
            return f"{name} differs"
    return ""

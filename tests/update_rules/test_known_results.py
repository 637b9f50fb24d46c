"""Rules in compiled kernels, against what is known of them."""

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.contract import Job
from eos_sweep.derivation.definition import Formula
from eos_sweep.engine import batch

pytestmark = pytest.mark.slow


def _run(model, steps, variables, **columns):
    count = max(np.size(column) for column in columns.values())
    defaults = {name: one.default for name, one in {**model.PARAMETERS, **model.STATE}.items()}
    full = {name: np.full(count, value, dtype=float) for name, value in defaults.items() if value is not None}
    full |= {name: np.broadcast_to(np.asarray(column, float), count).copy() for name, column in columns.items()}
    tables = ({name: full[name] for name in table} for table in (model.STATE, model.PARAMETERS))
    return batch.run(Job(model, variables, steps, 0.0), *tables)


def _bisected(grows, low, high, rounds=60):
    """Return where ``grows`` changes from false to true, in each place."""
    for _ in range(rounds):
        middle = 0.5 * (low + high)
        above = grows(middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 0.5 * (low + high)


def test_a_product_of_two_weights_stays_bounded_up_to_its_line():
    """GD on (u v - y)^2/2 is bounded below eta = 8/(s + sqrt(s^2 - 16 y (u v - y))), s = u^2 + v^2."""
    model = models.get(Formula.from_dict({"loss": "(u*v - y)**2/2", "state": ["u", "v"]}))
    rng = np.random.default_rng(7)
    u, v, y = rng.uniform(0.3, 3.0, 80), rng.uniform(-3.0, 3.0, 80), rng.choice([0.0, 0.2, 0.5, 1.0, 2.0], 80)
    inside = np.flatnonzero((u * u + v * v) ** 2 > 16.0 * y * (u * v - y))[:50]
    assert inside.size == 50
    u, v, y = (column[inside] for column in (u, v, y))
    s, q = u * u + v * v, u * v - y
    line = 8.0 / (s + np.sqrt(s * s - 16.0 * y * q))

    def diverges(eta):
        return _run(model, 20_000, ("outcome",), u=u, v=v, y=y, eta=eta)["outcome"] == 2

    found = _bisected(diverges, 0.5 * line, 1.5 * line, rounds=24)
    np.testing.assert_allclose(found, line, rtol=1e-5)


def test_adam_hovers_at_38_over_eta():
    """A sharpness that rises for ever is held at the edge.

    Below it nu shrinks by 1 - beta2 a step, and the preconditioned sharpness rises by half of that; a spike of the
    gradient lowers it again.  In the 80 steps that an instability takes to grow it overshoots by 4 %.
    """
    model = models.get(Formula.from_dict({"loss": "(s + y)*x**2/2 - c*y", "state": ["x", "y"]}), "adam")
    eta, c = np.array([1e-3, 1e-3, 3e-3, 1e-2]), np.array([1e-2, 1e-4, 1e-2, 1e-3])
    names = ("tail_mean", "tail_min", "tail_max", "crossings")
    found = _run(model, 30_000, names, s=1.0, c=c, x=0.1, y=0.0, eta=eta)
    np.testing.assert_allclose(found["tail_mean"], 0.93, atol=0.03)
    assert np.all(found["tail_min"] > 0.8) and np.all(found["tail_max"] < 1.06) and np.all(found["crossings"] > 20)
    half = models.get(Formula.from_dict({"loss": "(s + y)*x**2/2 - c*y", "state": ["x", "y"]}), "rmsprop")
    found = _run(half, 30_000, ("tail_mean",), s=1.0, c=c, x=0.1, y=0.0, eta=eta)
    np.testing.assert_allclose(found["tail_mean"], 1.0, atol=0.1)


def test_two_samples_lose_their_mean_square_at_the_edge():
    """E x^2 grows by (1 - a)^2 + (a c)^2 a step, a = eta h, which is one at a = 2/(1 + c^2)."""
    model = models.get(Formula.from_dict({"loss": "h*x**2/2", "state": ["x"]}), "two_sample")
    steps, seeds = 8, np.arange(200_000.0)
    for c in (0.3, 0.7):
        for relative in (0.97, 1.0, 1.03):
            a = relative * 2.0 / (1.0 + c * c)
            squares = _run(model, steps, ("x_final",), x=1.0, h=1.0, eta=a, noise=c, seed=seeds)["x_final"] ** 2
            wanted = ((1.0 - a) ** 2 + (a * c) ** 2) ** steps
            assert abs(squares.mean() - wanted) < 4.0 * squares.std() / np.sqrt(seeds.size)
            if relative == 1.0:
                assert wanted == pytest.approx(1.0)


def test_momentum_diverges_at_its_edge_on_a_quadratic():
    model = models.get("quadratic", "heavy_ball + l2")
    curvature, momentum, decay = np.array([0.5, 1.0, 3.0]), np.array([0.0, 0.5, 0.9]), np.array([0.0, 0.1, 1.0])
    edge = 2.0 * (1.0 + momentum) / (curvature + decay)
    inputs = {"a1": curvature, "theta1": 1.0, "momentum": momentum, "weight_decay": decay}

    def diverges(eta):
        return _run(model, 400_000, ("outcome",), eta=eta, **inputs)["outcome"] == 2

    np.testing.assert_allclose(_bisected(diverges, 0.9 * edge, 1.1 * edge, rounds=20), edge, rtol=1e-3)
    below = _run(model, 10, ("crossings", "final_above"), eta=edge * (1.0 - 1e-9), **inputs)
    above = _run(model, 10, ("crossings", "final_above"), eta=edge * (1.0 + 1e-9), **inputs)
    assert np.all(below["final_above"] == 1) and np.all(above["final_above"] == 2)

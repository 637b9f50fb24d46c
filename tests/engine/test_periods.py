"""The period of the orbit on which a run ends: contracting swings and slow drifts are no orbits."""

import numpy as np
import pytest

from eos_sweep import models, regimes
from eos_sweep.contract import Job
from eos_sweep.engine import batch
from eos_sweep.models import bivariate, uv


def names_of(model):
    return (*regimes.REQUIRED, *(f"{name}_final" for name in model.STATE if name not in model.CARRIED))


def run(model, steps, tolerance=1e-20, **given):
    """Run trajectories of ``model``; return their observables and the names of their regimes."""
    size = max(np.size(values) for values in given.values())
    inputs = [
        {
            name: np.broadcast_to(np.float64(given.get(name, about.default)), size).copy()
            for name, about in table.items()
        }
        for table in (model.STATE, model.PARAMETERS)
    ]
    found = batch.run(Job(model, names_of(model), steps, tolerance), *inputs)
    codes = regimes.classify(found, regimes.thresholds())
    return found, [list(regimes.CODES)[code] for code in codes]


@pytest.mark.slow
@pytest.mark.parametrize("steps", [100_000, 300_000, 1_000_000])
def test_a_swing_that_contracts_close_to_the_edge_is_no_orbit(steps):
    """It ends at S eta / 2 = 1 - eta^2/4, which is within 1e-4 of the edge, and contracts by as little a step."""
    found, names = run(models.get("quartic"), steps, x=8.3, y=0.1, eta=0.015)
    assert names == ["edge_of_stability"] and found["crossings"] > 2
    assert (found["outcome"] == 1) == (steps > 200_000)
    found, names = run(models.get("quartic"), steps, tolerance=0.0, x=8.3, y=0.1, eta=0.015)
    assert names == ["edge_of_stability"] and found["period"] <= 1


@pytest.mark.slow
def test_no_run_that_ends_close_to_the_edge_is_periodic():
    found, names = run(models.get("quartic"), 1_600_000, x=8.3, y=0.1, eta=np.linspace(0.004, 0.1, 96))
    assert {"edge_of_stability", "divergence", "progressive_sharpening"} == set(names)
    assert np.all(found["outcome"] != 3)


def test_a_slow_drift_is_not_at_rest():
    """Here alpha moves by 1e-13 a step; beta1 jumps between the ends of its projection."""
    found, names = run(
        bivariate, 20_000, lambda1=1e5, lambda2=1e-9, eta=1e-4, radius=1e-12, alpha=0.5, beta1=1e-3, beta2=1.0
    )
    assert names == ["unsettled"] and found["period"] == 0


# Doublings of the cubic map: two steps to four at sqrt(5) - 1, four to eight at 1.28797.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("scaled", "steps", "period"),
    [(1.1, 3000, 2), (1.2, 3000, 2), (1.23606, 20_000, 0), (1.23606, 1_000_000, 2), (1.237, 3000, 4), (1.25, 3000, 4),
     (1.288, 3000, 0), (1.288, 100_000, 4), (1.289, 3000, 8), (1.3, 3000, 16), (1.31, 3000, 0)],
)  # fmt: skip
def test_a_period_is_right_or_not_said_close_to_a_doubling(scaled, steps, period):
    """At 1.288 the run comes back after eight steps long before the four of its orbit."""
    found, _ = run(uv, steps, n=1.0, y=scaled, eta=1.0, f=0.5, lam=1.0)
    assert found["period"] == period
    if period:
        path = [float(found["f_final"][0])]
        for _ in range(period):
            path.append(path[-1] * (1 + scaled - path[-1]) ** 2)
        assert path[-1] == pytest.approx(path[0], rel=1e-6) and all(abs(f - path[0]) > 1e-4 for f in path[1:-1])


@pytest.mark.slow
def test_a_swing_that_starts_above_and_decays_is_a_catapult():
    """Its sharpness is above 2/eta at each second step; nothing sharpens."""
    found, names = run(models.get("quartic"), 20_000, x=1.68, y=-0.83, eta=0.45)
    assert names == ["catapult"] and found["crossings"] > 2 and found["first_crossing"] == 0


def test_a_sharpness_of_exactly_two_over_eta_is_above():
    given = {"lambda1": 4.0, "lambda2": 0.01, "eta": 0.5, "alpha": 1.0, "beta1": 0.0, "beta2": 1.0}
    found, names = run(bivariate, 100, tolerance=0.0, **given)
    assert found["first_crossing"] == 0 and found["steps_above"] == 101 and found["final_above"] == 2
    assert names == ["periodic"]  # at rest at 2/eta


@pytest.mark.slow
def test_the_least_doubles_are_no_orbit():
    """Under RMSProp x keeps no exponent: it swings between the least doubles, whose products round to themselves."""
    model = models.get("product", "rmsprop")
    given = {"x": 0.19156249147089754, "y": 0.8787423917151038, "eta": 0.01737565436075666}
    found, names = run(model, 500, **given, ell=0.0, decay2=0.9988134226541037, epsilon=0.0018066713693792615)
    assert 0.0 < abs(found["x_final"]) < 1e-322
    assert names == ["catapult"] and found["period"] == 1

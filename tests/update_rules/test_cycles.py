"""Rules whose step does not shrink with the gradient end on cycles at their edge."""

import numpy as np
import pytest

from eos_sweep.update_rules import composed
from helpers.rule_runs import quadratic, started

ETA = 0.1


def test_normalised_descent_cycles_along_the_top_direction():
    run = started("normalised", quadratic(5.0, 2.0), [0.3, 1.0], ETA).steps(4000)[-1]
    one, other = run, run.step()
    np.testing.assert_allclose(np.abs([one.x[0] - other.x[0], one.x[1]]), [ETA, 0.0], atol=1e-9)
    np.testing.assert_allclose(other.step().x, one.x, rtol=1e-9)
    lengths = [np.linalg.norm(each.gradient(each.x)) for each in (one, other)]
    assert np.mean(lengths) == pytest.approx(ETA * 5.0 / 2.0, rel=1e-9)
    assert np.mean([one.edge, other.edge]) == pytest.approx(5.0, rel=1e-9)


def test_sign_descent_cycles_in_each_coordinate_by_its_step():
    run = started("sign", quadratic(5.0, 2.0, 0.01), [0.3, 1.0, -2.0], ETA).steps(100)[-1]
    np.testing.assert_allclose(np.abs(run.step().x - run.x), ETA, rtol=1e-9)
    np.testing.assert_allclose(run.step().step().x, run.x, rtol=1e-9)
    sharpness = [5.0, 2.0, 0.01] * composed.scaling(run.rule, run.now)
    np.testing.assert_allclose(sharpness, 1.0 / np.abs(run.x), rtol=1e-12)


def test_the_scaling_of_sign_descent_is_zero_where_nothing_moves():
    run = started("sign", quadratic(5.0, 2.0), [0.0, 1.0], ETA)
    np.testing.assert_array_equal(composed.scaling(run.rule, run.now), [0.0, 0.5])


@pytest.mark.parametrize("h", [0.5, 40.0])
@pytest.mark.parametrize("decay2", [0.9, 0.99])
def test_rmsprop_ends_where_its_step_is_two_over_the_curvature(h, decay2):
    run = started("rmsprop", quadratic(h), [1.0], ETA, decay2=decay2, epsilon=0.0).steps(6000)[-1]
    assert abs(run.x[0]) == pytest.approx(ETA / 2.0, rel=1e-6)
    assert run.step().x[0] == pytest.approx(-run.x[0], rel=1e-6)
    (scaling,) = composed.scaling(run.rule, run.now)
    assert ETA * h * scaling == pytest.approx(2.0, rel=1e-6)
    assert h * scaling == pytest.approx(run.edge, rel=1e-6)


def test_unlike_them_gradient_descent_ends_at_the_minimum():
    assert np.abs(started("gd", quadratic(5.0, 2.0), [0.3, 1.0], ETA).steps(4000)[-1].x).max() < 1e-100

"""The figures of update rules: the closed forms that they draw, and the numbers that they read from maps."""

import momentum
import momentum_ends
import numpy as np
import pytest
import sam
import warmup
import weight_decay
import xarray as xr

from eos_sweep import regimes

DIVERGED, CATAPULT = regimes.CODES["divergence"], regimes.CODES["catapult"]


def test_at_the_closed_edge_of_sam_a_step_on_a_quadratic_turns_the_top_direction_over():
    grid = xr.Dataset(coords={"sam_radius": np.geomspace(1e-4, 1, 9), "eta": np.geomspace(1e-3, 1, 7)})
    sharpness = sam.closed_edge(grid)
    factor = 1.0 - grid.eta * sharpness * (1.0 + grid.sam_radius * sharpness)
    np.testing.assert_allclose(factor, -1.0, rtol=1e-9)


@pytest.mark.parametrize("one", weight_decay.PANELS.values(), ids=lambda one: one.rule)
def test_the_minimum_under_decay_is_at_rest_and_at_the_edge(one):
    """Heavy ball rests where (1 - eta decay) x - eta v = x, v = g/(1 - beta); L2 adds decay x to g instead."""
    lambda1, lambda2, beta = 100.0, 0.01, one.momentum
    decay, eta = weight_decay.at_the_edge(xr.Dataset(coords={"lambda1": lambda1, "lambda2": lambda2}), one)
    decay, eta = decay[1:], eta[1:]
    decoupled = "decoupled" in one.rule
    pull = decay * (1.0 - beta) if decoupled else decay
    x = np.sqrt(1.0 - pull / lambda2)
    np.testing.assert_allclose(lambda2 * (x * x - 1.0) * x + pull * x, 0.0, atol=1e-15)
    edge = (2.0 - eta * decay) * (1.0 + beta) / eta if decoupled else 2.0 * (1.0 + beta) / eta - decay
    np.testing.assert_allclose(lambda1 * x * x, edge, rtol=1e-12)


@pytest.mark.parametrize("ratio", [1e-4, 1e-2])
def test_heavy_ball_swings_beyond_the_momentum_of_the_figure(ratio):
    def roots(beta):
        step = 2.0 * ratio * 2.0 * (1.0 + beta)
        return np.roots([1.0, -(1.0 + beta - step), beta])

    beta = momentum.overshooting(ratio)
    assert np.isreal(roots(beta - 1e-4)).all() and not np.isreal(roots(beta + 1e-4)).any()


def test_step_sizes_that_train_are_read_off_the_map():
    codes = np.full((2, 5), CATAPULT)
    codes[0, 2:] = DIVERGED
    codes[1, [1, 4]] = DIVERGED
    coords = {"warmup_steps": [1.0, 2.0], "eta": [1.0, 2.0, 3.0, 4.0, 5.0]}
    found = warmup.trainable(xr.Dataset({"regime": (("warmup_steps", "eta"), codes)}, coords))
    assert [row.tolist() for row in found] == [[2.0, 1.0], [2.0, 4.0]]


def test_medians_leave_out_what_diverged():
    dims, codes = ("seed", "momentum", "q"), np.full((4, 1, 2), CATAPULT)
    codes[0, 0, 0] = DIVERGED
    codes[:, 0, 1] = DIVERGED
    final = np.array([1e9, 1.0, 2.0, 6.0])[:, None, None] * np.ones((1, 1, 2))
    data = {"regime": (dims, codes), "sharpness_final": (dims, final), "sharpness_initial": (dims, 0 * final + 4.0)}
    ratio, share = momentum_ends.medians(xr.Dataset(data))
    assert ratio[0, 0] == 0.5 and np.isnan(ratio[0, 1])
    assert share.tolist() == [[0.75, 0.0]]

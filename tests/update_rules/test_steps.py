"""Each rule takes the steps of its textbook formula, which is written here anew, with variables of its own."""

import numpy as np
import pytest

from eos_sweep.update_rules import composed
from helpers.rule_runs import started

ETA, STEPS = 0.03, 60
START = np.array([1.3, -0.4, 0.2])
WEIGHTS = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 0.1]])


def g(x):
    """The gradient of x W x/2 + sum cosh x, with bent contour lines."""
    return WEIGHTS @ x + np.sinh(x)


def path(rule, eta=ETA, steps=STEPS, **given):
    return np.array([run.x for run in started(rule, g, START, eta, **given).steps(steps)])


def textbook(step, steps=STEPS):
    """Return the weights after 0, ..., steps calls of step(x, t), t = 1, 2, ..."""
    found = [START]
    for t in range(1, steps + 1):
        found.append(step(found[-1], t))
    return np.array(found)


def same(found, expected, rtol=1e-11, atol=1e-13):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def test_gradient_descent():
    same(path("gd"), textbook(lambda x, t: x - ETA * g(x)))


def test_heavy_ball_by_the_difference_of_two_steps():
    found = path("heavy_ball", momentum=0.8)
    for before, now, after in zip(found[:-2], found[1:-1], found[2:], strict=True):
        same(after, now - ETA * g(now) + 0.8 * (now - before), rtol=1e-9)


def test_heavy_ball_as_in_torch():
    """PyTorch: buf = momentum buf + (grad + weight_decay x), x -= lr buf, with the lr of a schedule."""
    buffer = np.zeros(3)

    def step(x, t):
        nonlocal buffer
        buffer = 0.8 * buffer + (g(x) + 0.1 * x)
        return x - ETA * min(1.0, t / 7.0) * buffer

    found = path("heavy_ball + l2 + linear_warmup", momentum=0.8, weight_decay=0.1, warmup_steps=7.0)
    same(found, textbook(step))


def test_nesterov_in_two_sequences():
    """y' = x - eta g(x), x' = y' + beta (y' - y): the weights are the y, and x is where the gradient is taken."""
    x, y, expected = START, START, [START]
    for _ in range(STEPS):
        y, last = x - ETA * g(x), y
        x = y + 0.8 * (y - last)
        expected.append(y)
    same(path("nesterov", momentum=0.8), np.array(expected))


def test_nesterov_looks_ahead_by_the_step_of_the_schedule():
    velocity = np.zeros(3)

    def step(x, t):
        nonlocal velocity
        rate = ETA / np.sqrt(1.0 + (t - 1) / 5.0)
        velocity = 0.8 * velocity + g(x - rate * 0.8 * velocity)
        return x - rate * velocity

    same(path("nesterov + inverse_root", momentum=0.8, root_steps=5.0), textbook(step))


def test_sharpness_aware_minimisation():
    """Where the gradient is small, its direction magnifies rounding errors."""
    expected = textbook(lambda x, t: x - ETA * g(x + 0.3 * g(x) / np.linalg.norm(g(x))))
    same(path("sam", sam_radius=0.3), expected, rtol=1e-6, atol=1e-9)
    same(path("sam_unnormalised", sam_radius=0.2), textbook(lambda x, t: x - ETA * g(x + 0.2 * g(x))))


def test_normalised_and_sign():
    same(path("normalised"), textbook(lambda x, t: x - ETA * g(x) / np.linalg.norm(g(x))), rtol=1e-8)
    same(path("sign"), textbook(lambda x, t: x - ETA * np.sign(g(x))))


def test_nothing_moves_where_the_gradient_is_zero():
    for rule in ("normalised", "sign", "sam", "rmsprop", "adam", "gradient_clip", "gd + update_clip"):
        given = {"epsilon": 0.0} if rule in ("rmsprop", "adam") else {}
        given |= {"gradient_clip": 1.0} if rule == "gradient_clip" else {}
        after = started(rule, lambda x: 0.0 * x, START, ETA, **given).steps(2)[-1]
        np.testing.assert_array_equal(after.x, START)
    one = started("sign", lambda x: np.array([0.0, 3.0, -1e-300]), START, ETA).step()
    np.testing.assert_array_equal(one.x, START + np.array([0.0, -ETA, ETA]))


@pytest.mark.parametrize("epsilon", [0.0, 1e-8, 0.1])
def test_rmsprop_as_in_torch(epsilon):
    """PyTorch: square_avg = alpha square_avg + (1 - alpha) grad^2, x -= lr grad/(sqrt(square_avg) + eps)."""
    average = np.zeros(3)

    def step(x, t):
        nonlocal average
        average = 0.95 * average + 0.05 * g(x) ** 2
        return x - ETA * g(x) / (np.sqrt(average) + epsilon)

    same(path("rmsprop", decay2=0.95, epsilon=epsilon), textbook(step))


@pytest.mark.parametrize("epsilon", [0.0, 1e-8, 0.1])
def test_adam_as_in_its_paper(epsilon):
    """Algorithm 1 of Kingma, Ba 2015, with AdamW's decay (algorithm 2 of Loshchilov, Hutter 2019)."""
    m, v = np.zeros(3), np.zeros(3)

    def step(x, t, decay):
        nonlocal m, v
        if t == 1:
            m, v = np.zeros(3), np.zeros(3)
        m = 0.8 * m + (1 - 0.8) * g(x)
        v = 0.99 * v + (1 - 0.99) * g(x) ** 2
        bias_corrected_m = m / (1 - 0.8**t)
        bias_corrected_v = v / (1 - 0.99**t)
        return x - ETA * (bias_corrected_m / (np.sqrt(bias_corrected_v) + epsilon) + decay * x)

    given = {"decay1": 0.8, "decay2": 0.99, "epsilon": epsilon}
    same(path("adam", **given), textbook(lambda x, t: step(x, t, 0.0)))
    same(path("adam + decoupled_decay", weight_decay=0.3, **given), textbook(lambda x, t: step(x, t, 0.3)))


def test_the_powers_of_adam_stop_before_they_are_subnormal():
    """One less such a power is one, so the steps are those of the powers themselves."""
    run = started("adam", g, START, ETA, decay1=0.5, decay2=0.9).steps(3000)[-1]
    assert set(run.clocks.values()) == {1e-30}
    assert 1.0 - 1e-30 == 1.0


def test_adam_that_forgets_at_once_takes_the_signs():
    found = path("adam", decay1=0.0, decay2=0.0, epsilon=0.0)
    same(found, path("sign"))
    same(path("rmsprop", decay2=0.0, epsilon=0.0), found)


def test_two_samples():
    signs = np.where(np.arange(STEPS) % 3 == 0, 1.0, -1.0)
    found = path("two_sample", noise=0.4, sign=lambda step: signs[int(step)])
    same(found, textbook(lambda x, t: x - ETA * (1.4 if signs[t - 1] > 0.0 else 0.6) * g(x)))


def test_noise_is_that_of_its_step():
    draws = np.random.default_rng(0).normal(size=(STEPS, 3))
    found = path("heavy_ball + gradient_noise", noise=0.4, momentum=0.0, normals=lambda step: draws[int(step)])
    same(found, textbook(lambda x, t: x - ETA * (g(x) + 0.4 * draws[t - 1])))


@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov"])
def test_without_a_gradient_a_run_coasts_as_far_as_it_says(rule):
    run = started(rule, g, START, ETA, momentum=0.8).steps(5)[-1]._replace(gradient=np.zeros_like)
    far = composed.coast(run.rule, run.now)
    assert np.abs(far).min() > 0.0
    same(run.steps(300)[-1].x, run.x - far)

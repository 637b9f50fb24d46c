"""Steps of networks under update rules: loops by hand in NumPy, the bits of gradient descent, and going back."""

import numpy as np
import pytest

from eos_sweep.functions.draws import COIN, normal_draw, sign_draw
from eos_sweep.models import linear_net_full, relu, tanh_net
from helpers.ruled_networks import ETA, SEED, TINY, length, run, slope, under

STEPS = 40


def heavy_ball(w, g=slope, b=0.8, bound=np.inf):
    v = np.zeros_like(w)
    while True:
        v = b * v + g(w)
        w = np.clip(w - ETA * v, -bound, bound)
        yield w


def nesterov(w, b=0.8):
    v = np.zeros_like(w)
    while True:
        v = b * v + slope(w - ETA * b * v)
        w = w - ETA * v
        yield w


def descent(w, update):
    for t in range(STEPS):
        w = w - update(w, t)
        yield w


def sam(w, radius=0.3):
    return ETA * slope(w + radius * slope(w) / length(slope(w)))


def rmsprop(w, b=0.95, e=1e-3):
    v = np.zeros_like(w)
    while True:
        v = b * v + (1 - b) * slope(w) ** 2
        w = w - ETA * slope(w) / (np.sqrt(v) + e)
        yield w


def adam(w, decay=0.0, b=0.8, c=0.95, e=1e-3):
    m = v = np.zeros_like(w)
    for t in range(1, STEPS + 1):
        m, v = b * m + (1 - b) * slope(w), c * v + (1 - c) * slope(w) ** 2
        w = (1 - ETA * decay) * w - ETA * (m / (1 - b**t)) / (np.sqrt(v / (1 - c**t)) + e)
        yield w


def shorter(vector, most):
    return vector * min(1.0, most / length(vector))


def noise(t):
    return normal_draw(float(SEED), float(t), np.arange(10.0))


def coin(t):
    return sign_draw(float(SEED), float(t), COIN)


ADAM = {"decay1": 0.8, "decay2": 0.95, "epsilon": 1e-3}
LOOPS = {  # rule -> its parameters, and the weights after each step
    "gd + l2": ({"weight_decay": 0.1}, lambda w: descent(w, lambda w, t: ETA * (slope(w) + 0.1 * w))),
    "gd + decoupled_decay": ({"weight_decay": 0.1}, lambda w: descent(w, lambda w, t: ETA * slope(w) + ETA * 0.1 * w)),
    "heavy_ball": ({"momentum": 0.8}, heavy_ball),
    "heavy_ball + l2 + weight_bound": (
        {"momentum": 0.8, "weight_decay": 0.1, "weight_bound": 0.7},
        lambda w: heavy_ball(w, lambda w: slope(w) + 0.1 * w, bound=0.7),
    ),
    "nesterov": ({"momentum": 0.8}, nesterov),
    "sam": ({"sam_radius": 0.3}, lambda w: descent(w, lambda w, t: sam(w))),
    "sam_unnormalised": (
        {"sam_radius": 0.3}, lambda w: descent(w, lambda w, t: ETA * slope(w + 0.3 * slope(w)))
    ),
    "normalised": ({}, lambda w: descent(w, lambda w, t: ETA * slope(w) / length(slope(w)))),
    "sign": ({}, lambda w: descent(w, lambda w, t: ETA * np.sign(slope(w)))),
    "rmsprop": ({"decay2": 0.95, "epsilon": 1e-3}, rmsprop),
    "adam": (ADAM, adam),
    "adam + decoupled_decay": ({**ADAM, "weight_decay": 0.3}, lambda w: adam(w, 0.3)),
    "gd + linear_warmup": (
        {"warmup_steps": 20}, lambda w: descent(w, lambda w, t: ETA * min(1.0, (t + 1) / 20) * slope(w))
    ),
    "gd + inverse_root": ({"root_steps": 8}, lambda w: descent(w, lambda w, t: ETA / np.sqrt(1 + t / 8) * slope(w))),
    "gd + gradient_clip": ({"gradient_clip": 0.1}, lambda w: descent(w, lambda w, t: ETA * shorter(slope(w), 0.1))),
    "sam + update_clip": (
        {"sam_radius": 0.3, "update_clip": 0.02}, lambda w: descent(w, lambda w, t: shorter(sam(w), 0.02))
    ),
    "gd + gradient_noise": ({"noise": 0.1}, lambda w: descent(w, lambda w, t: ETA * (slope(w) + 0.1 * noise(t)))),
    "two_sample": ({"noise": 0.5}, lambda w: descent(w, lambda w, t: ETA * (1 + 0.5 * coin(t)) * slope(w))),
}  # fmt: skip


@pytest.mark.parametrize("rule", LOOPS)
def test_steps_are_those_of_the_textbook(rule):
    parameters, loop = LOOPS[rule]
    network = under(tanh_net, rule, **TINY, **parameters)
    for _, expected in zip(range(STEPS), loop(network.weights.copy()), strict=False):
        network.advance(1)
        np.testing.assert_allclose(network.weights, expected, rtol=0, atol=1e-12)
    network._network.restore(network.weights)
    assert network.loss == network._network.loss


NEUTRAL = {
    "heavy_ball": {"momentum": 0}, "nesterov": {"momentum": 0}, "sam": {"sam_radius": 0},
    "sam_unnormalised": {"sam_radius": 0}, "gd + l2": {"weight_decay": 0}, "gd + decoupled_decay": {"weight_decay": 0},
    "gd + linear_warmup": {"warmup_steps": 1}, "gd + gradient_clip": {}, "gd + update_clip": {},
    "gd + weight_bound": {}, "gd + gradient_noise": {"noise": 0}, "two_sample": {"noise": 0},
    "heavy_ball + l2 + linear_warmup + weight_bound": {"momentum": 0, "weight_decay": 0, "warmup_steps": 1},
}  # fmt: skip
MODELS = {
    "tanh": (tanh_net, TINY),
    "linear": (linear_net_full, {"width": 4, "points": 9, "eta": 0.5}),
    "relu": (relu, {"dimension": 9, "points": 12, "eta": 0.02}),
}


@pytest.mark.parametrize("rule", NEUTRAL)
@pytest.mark.parametrize("model", MODELS)
def test_without_its_effect_a_rule_has_the_bits_of_gradient_descent(rule, model):
    model, given = MODELS[model]
    one, other = under(model, "gd", **given), under(model, rule, **given, **NEUTRAL[rule])
    assert one.advance(30).tobytes() == other.advance(30).tobytes()
    np.testing.assert_array_equal(one.weights, other.weights)
    assert one.sharpness() == other.sharpness() and one.readings() == other.readings()


def test_observables_without_an_effect_are_those_of_gradient_descent():
    given = {"eta": 0.4, "stride": 7, "width": 10, "scale": 1.5}
    plain = run(tanh_net, "gd", 700, **given)
    assert plain == run(tanh_net, "heavy_ball + l2", 700, **given, momentum=0, weight_decay=0)
    assert plain["crossings"] > 0


def test_a_diverging_run_ends_where_it_does_with_another_stride():
    """Beyond the bound a run goes back, with its memory, its clocks and its noise."""
    rule = "heavy_ball + gradient_noise + linear_warmup"
    given = {**TINY, "eta": 60.0, "scale": 3.0, "warmup_steps": 70, "noise": 0.1}
    runs = [run(tanh_net, rule, 500, **given, stride=stride) for stride in (1, 50, 77)]
    ends = [[found[name] for name in ("steps_taken", "outcome", "loss_final", "norm_final")] for found in runs]
    assert ends[0] == ends[1] == ends[2] and runs[0]["outcome"] == 2 and runs[0]["steps_taken"] % 50 % 77 > 0


@pytest.mark.parametrize("rule", ["adam + cosine", "nesterov + gradient_noise", "heavy_ball + step_decay"])
def test_it_goes_back_with_all_that_the_next_steps_depend_on(rule):
    network = under(tanh_net, rule, **TINY)
    network.advance(7)
    saved = network.saved()
    losses = network.advance(9)
    network.advance(5)
    network.resume(saved)
    assert network.advance(9).tobytes() == losses.tobytes()


def test_a_look_at_the_sharpness_changes_no_step():
    for rule in ("sam", "adam + l2", "nesterov"):
        one, other = under(tanh_net, rule, **TINY), under(tanh_net, rule, **TINY)
        for _ in range(10):
            other.sharpness(), other.edge(), other.readings()
            assert one.advance(1) == other.advance(1)


def test_clips_are_counted():
    given = {**TINY, "gradient_clip": 0.15, "weight_bound": 1.85}
    network = under(tanh_net, "gd + gradient_clip + weight_bound", **given)
    right = []
    for _ in range(60):
        pull, before = slope(network.weights), network.weights
        beyond = length(pull) > 0.15
        free = before - ETA * pull * (0.15 / length(pull) if beyond else 1.0)
        right.append(beyond or np.abs(free).max() > 1.85)
        network.advance(1)
        assert network.clips.tolist() == [right[-1]]
    assert 10 < sum(right) < 50
    stored = run(tanh_net, "gd + gradient_clip + weight_bound", 60, **given)
    assert stored["clip_fraction"] == sum(right) / 60
    assert run(tanh_net, "heavy_ball", 60, **TINY, momentum=0.5)["clip_fraction"] == 0.0

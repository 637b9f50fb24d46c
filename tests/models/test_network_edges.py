"""The sharpness and the edge of networks under update rules."""

import numpy as np
import pytest

from eos_sweep.contract import EDGE, Job
from eos_sweep.engine.networks import course
from eos_sweep.models import linear_net_full, tanh_net
from eos_sweep.models.ruled_network import ruled
from eos_sweep.update_rules.composed import parse
from helpers.ruled_networks import ETA, TINY, dense, length, run, slope, under


def test_the_sharpness_is_that_of_the_hessian_with_the_divisors_of_the_rule():
    given = {**TINY, "decay2": 0.95, "epsilon": 1e-3}
    network = under(tanh_net, "rmsprop + l2", **given, weight_decay=0.2)
    v = np.zeros(10)
    for _ in range(20):
        pull = slope(network.weights) + 0.2 * network.weights
        v = 0.95 * v + 0.05 * pull**2
        root = 1 / np.sqrt(np.sqrt(v) + 1e-3)
        matrix = root[:, None] * (dense(network._network) + 0.2 * np.eye(10)) * root
        assert network.sharpness() == pytest.approx(np.linalg.eigvalsh(matrix)[-1], rel=1e-8)
        network.advance(1)


def test_edges_are_those_of_the_formulas():
    network = under(tanh_net, "sam", **TINY, sam_radius=0.3)
    size, s = length(slope(network.weights)), 0.3
    assert network.edge() == pytest.approx(ETA * size / (2 * s) * (np.sqrt(1 + 8 * s / (ETA * size)) - 1), rel=1e-12)
    network = under(tanh_net, "gd + linear_warmup", **TINY, warmup_steps=10)
    for t in range(12):
        assert network.edge() == pytest.approx(2 / min(1, (t + 1) / 10), rel=1e-14)
        network.advance(1)
    network = under(tanh_net, "adam", **TINY, decay1=0.9)
    network.advance(2000)
    assert network.edge() == pytest.approx(38, rel=1e-12)


def flat(model, rule, **given):
    """Return weights of a width-one linear network at which the rule stays, its top eigenvector, and its sharpness."""
    decay = given.get("weight_decay", 0.0)
    network = under(model, "gd", **given)
    network.advance(200)
    for _ in range(60):  # Newton's method; without decay the minima are a curve
        matrix = dense(network) + decay * np.eye(network.weights.size)
        step = np.linalg.lstsq(matrix, network.gradient + decay * network.weights, rcond=1e-10)[0]
        network.restore(network.weights - step)
    values, vectors = np.linalg.eigh(dense(network))
    assert length(network.weights) > 0.1, "not at the origin"
    return network.weights.copy(), vectors[:, -1], values[-1]


ONE = {"width": 1, "features": 1, "points": 5, "seed": 1}
AT_EDGE = {
    "gd": {}, "heavy_ball": {"momentum": 0.9}, "nesterov": {"momentum": 0.7}, "gd + l2": {"weight_decay": 0.3},
    "heavy_ball + l2": {"momentum": 0.5, "weight_decay": 0.3}, "sam_unnormalised": {"sam_radius": 0.2},
    "nesterov + l2": {"momentum": 0.5, "weight_decay": 0.3},
}  # fmt: skip


@pytest.mark.parametrize("rule", AT_EDGE)
def test_near_a_minimum_a_swing_shrinks_below_the_edge_and_grows_above_it(rule):
    given = {**ONE, **AT_EDGE[rule]}
    weights, along, sharpness = flat(linear_net_full, rule, **given, eta=0.02)

    def ratio(eta):
        network = under(linear_net_full, rule, **given, eta=eta)
        edge = network.edge() if hasattr(network, "edge") else EDGE
        return eta * sharpness / edge if edge > 0 else np.inf

    for wanted, grows in ((0.985, False), (1.015, True)):
        low, high = 0.0, 40.0
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if ratio(middle) < wanted else (low, middle)
        network = under(linear_net_full, rule, **given, eta=low)
        network.restore(weights + 1e-6 * along)
        network.advance(150)
        early = abs((network.weights - weights) @ along)
        network.advance(100)
        assert (abs((network.weights - weights) @ along) > early) == grows


def test_what_is_stored_is_relative_to_the_edge_of_the_rule():
    given = {**TINY, "momentum": 0.5, "stride": 1}
    found = run(tanh_net, "heavy_ball", 9, **given)
    assert found["tail_mean"] == pytest.approx(found["sharpness_final"] * ETA / 3.0, rel=1e-14)
    model = ruled(tanh_net, parse("heavy_ball"))
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in model.PARAMETERS.items())
    looks = [stretch.measured for stretch in course.follow(Job(model, (), 9, 0.0), p, (1.0,))]
    assert {look[-2] for look in looks} == {3.0}

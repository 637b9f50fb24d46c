"""Networks under an update rule: textbook loops in plain NumPy, the bits of gradient descent, and edges."""

import numpy as np
import pytest

from eos_sweep.contract import Job, Table
from eos_sweep.engine import batch
from eos_sweep.engine.networks import driver
from eos_sweep.engine.sources import digest_of
from eos_sweep.errors import InputError
from eos_sweep.functions.draws import normal_draw, sign_draw
from eos_sweep.models import linear_net_full, relu, tanh_net
from eos_sweep.models.rule_steps import COIN
from eos_sweep.models.ruled_network import ruled
from eos_sweep.update_rules.composed import parse

ETA, STEPS, SEED = 0.2, 40, 3
TINY = {"width": 3, "points": 6, "degree": 2, "eta": ETA, "seed": SEED}
DATA = tanh_net.chebyshev(2, 6)


def under(model, rule, data=None, /, **given):
    """Return a network of a model under a rule, and the job and inputs of its trajectory."""
    model = ruled(model, parse(rule))
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in model.PARAMETERS.items())
    return model.start(p, tuple(float(given.get(name, q.default)) for name, q in model.STATE.items()), data)


def run(model, rule, variables, steps, /, **given):
    """Return what a sweep stores of one trajectory."""
    model = ruled(model, parse(rule))
    inputs = [
        {name: np.array([float(given.get(name, q.default))]) for name, q in known.items()}
        for known in (model.STATE, model.PARAMETERS)
    ]
    return {name: one.item() for name, one in batch.run(Job(model, variables, steps, 0.0), *inputs).items()}


def slope(weights):
    """Return the gradient of the tiny network, of three tanh units, by the chain rule."""
    inner, bias, outer, last = weights[0:6:2], weights[1:6:2], weights[6:9], weights[9]
    x, y = DATA.inputs[:, 0], DATA.targets[:, 0]
    hidden = np.tanh(np.outer(x, inner) + bias)
    error = (hidden @ outer + last - y) / len(x)
    back = error[:, None] * outer * (1 - hidden**2)
    return np.concatenate([np.stack([x @ back, back.sum(0)], axis=1).ravel(), error @ hidden, [error.sum()]])


def length(vector):
    return np.sqrt(np.sum(vector**2))


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
    "sam + update_clip": ({"sam_radius": 0.3, "update_clip": 0.02}, lambda w: descent(w, lambda w, t: shorter(sam(w), 0.02))),
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
    "gd + linear_warmup": {"warmup_steps": 1}, "gd + gradient_clip": {}, "gd + update_clip": {}, "gd + weight_bound": {},
    "gd + gradient_noise": {"noise": 0}, "two_sample": {"noise": 0},
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
    names = "sharpness_max", "crossings", "tail_mean", "tail_max", "loss_rises", "loss_final", "period", "first_crossing"
    given = {"eta": 0.4, "stride": 7, "width": 10, "scale": 1.5}
    plain = run(tanh_net, "gd", names, 700, **given)
    assert plain == run(tanh_net, "heavy_ball + l2", names, 700, **given, momentum=0, weight_decay=0)
    assert plain["crossings"] > 0


def test_a_diverging_run_ends_where_it_does_with_another_stride():
    """Beyond the bound a run goes back, with its memory, its clocks and its noise."""
    names = "steps_taken", "loss_final", "norm_final", "outcome"
    rule = "heavy_ball + gradient_noise + linear_warmup"
    given = {**TINY, "eta": 60.0, "scale": 3.0, "warmup_steps": 70, "noise": 0.1}
    ends = [run(tanh_net, rule, names, 500, **given, stride=stride) for stride in (1, 50, 77)]
    assert ends[0] == ends[1] == ends[2] and ends[0]["outcome"] == 2 and ends[0]["steps_taken"] % 50 % 77 > 0


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


def dense(network):
    inner = network._network
    return np.array([inner.hessian_product(unit) for unit in np.eye(inner.weights.size)])


def test_the_sharpness_is_that_of_the_hessian_with_the_divisors_of_the_rule():
    given = {**TINY, "decay2": 0.95, "epsilon": 1e-3}
    network = under(tanh_net, "rmsprop + l2", **given, weight_decay=0.2)
    v = np.zeros(10)
    for _ in range(20):
        pull = slope(network.weights) + 0.2 * network.weights
        v = 0.95 * v + 0.05 * pull**2
        root = 1 / np.sqrt(np.sqrt(v) + 1e-3)
        matrix = root[:, None] * (dense(network) + 0.2 * np.eye(10)) * root
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
        matrix = dense(SimpleInner(network)) + decay * np.eye(network.weights.size)
        step = np.linalg.lstsq(matrix, network.gradient + decay * network.weights, rcond=1e-10)[0]
        network.restore(network.weights - step)
    values, vectors = np.linalg.eigh(dense(SimpleInner(network)))
    return network.weights.copy(), vectors[:, -1], values[-1]


class SimpleInner:
    def __init__(self, network):
        self._network = network


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
        return eta * sharpness / (network.edge() if hasattr(network, "edge") else 2.0)

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
    names = "tail_mean", "sharpness_final", "final_above", "steps_above"
    given = {**TINY, "momentum": 0.5, "stride": 1}
    found = run(tanh_net, "heavy_ball", names, 9, **given)
    assert found["tail_mean"] == pytest.approx(found["sharpness_final"] * ETA / 3.0, rel=1e-14)
    model = ruled(tanh_net, parse("heavy_ball"))
    p = tuple(float(given.get(name, quantity.default)) for name, quantity in model.PARAMETERS.items())
    looks = [stretch.measured for stretch in driver.follow(Job(model, (), 9, 0.0), p, (1.0,))]
    assert {look[-2] for look in looks} == {3.0}


def test_a_rule_has_its_parameters_behind_those_of_the_model():
    model = ruled(tanh_net, parse("heavy_ball + gradient_noise"))
    assert list(model.PARAMETERS) == [*tanh_net.PARAMETERS, "momentum", "noise"]
    assert model.PARAMETERS["seed"] == tanh_net.PARAMETERS["seed"], "one seed for both"
    assert model is ruled(tanh_net, parse("gradient_noise + heavy_ball")), "the same rule"
    assert ruled(tanh_net, parse("gd")) is tanh_net
    assert model.READINGS is tanh_net.READINGS and not hasattr(model, "GUARD")
    assert ruled(tanh_net, parse("adam")).MATRIX == "preconditioned Hessian"


class Swinging:
    """A model with a parameter that a rule has, too."""

    TITLE, REFERENCE, STATE = "swings", "none", {}
    PARAMETERS = {**tanh_net.PARAMETERS, "momentum": tanh_net.PARAMETERS["width"]}

    @staticmethod
    def start(p, initial, data):
        return None


def test_a_name_of_both_is_refused_in_one_line():
    with pytest.raises(InputError, match="heavy_ball has a parameter momentum") as caught:
        ruled(Swinging, parse("heavy_ball"))
    assert "\n" not in str(caught.value)


class Bare:
    """A network that can only take steps."""

    weights = gradient = np.zeros(2)
    loss = 0.0


def test_a_rule_that_needs_products_with_the_hessian_says_so():
    class Model(Swinging):
        PARAMETERS = tanh_net.PARAMETERS

        @staticmethod
        def start(p, initial, data):
            return Bare()

    with pytest.raises(InputError, match="hessian_product") as caught:
        under(Model, "adam", eta=0.1)
    assert "\n" not in str(caught.value)


def test_the_digest_of_a_sweep_tells_rules_apart():
    found = {rule: digest_of(ruled(tanh_net, parse(rule)), ()) for rule in ("gd", "heavy_ball", "nesterov", "adam")}
    assert len(set(found.values())) == 4


def test_training_data_may_come_from_a_file():
    table = Table(np.linspace(0, 1, 8)[:, None], np.linspace(1, 0, 8)[:, None])
    network = under(linear_net_full, "heavy_ball", table, width=3, eta=0.1)
    assert len(network._network.inputs) == 8

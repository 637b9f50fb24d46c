"""What a network under an update rule is: its parameters, its words, its digest, and what is refused."""

import numpy as np
import pytest

from eos_sweep.contract import Table
from eos_sweep.engine.sources import digest_of
from eos_sweep.errors import InputError
from eos_sweep.models import linear_net_full, tanh_net
from eos_sweep.models.ruled_network import ruled
from eos_sweep.update_rules.composed import parse
from helpers.ruled_networks import under


def test_a_rule_has_its_parameters_behind_those_of_the_model():
    model = ruled(tanh_net, parse("heavy_ball + gradient_noise"))
    assert list(model.PARAMETERS) == [*tanh_net.PARAMETERS, "momentum", "noise"]
    assert model.PARAMETERS["seed"] == tanh_net.PARAMETERS["seed"], "one seed for both"
    assert model is ruled(tanh_net, parse("gradient_noise + heavy_ball")), "the same rule"
    assert ruled(tanh_net, parse("gd")) is tanh_net
    assert model.READINGS is tanh_net.READINGS and not hasattr(model, "GUARD")
    assert ruled(tanh_net, parse("adam")).MATRIX == "preconditioned Hessian"


class Like:
    """A model of the user's own."""

    def __init__(self, network=None, **parameters):
        self.STATE, self.PARAMETERS, self._network = {}, {**tanh_net.PARAMETERS, **parameters}, network
        self.TITLE = self.REFERENCE = self.__name__ = "own"

    def start(self, p, initial, data):
        return self._network


def test_a_name_of_both_is_refused_in_one_line():
    with pytest.raises(InputError, match="heavy_ball has a parameter momentum, and so has own") as caught:
        ruled(Like(momentum=tanh_net.PARAMETERS["width"]), parse("heavy_ball"))
    assert "\n" not in str(caught.value)


class Bare:
    """A network that only knows its gradient, that of |w|^2/2."""

    def __init__(self):
        self.restore(np.array([1.0, -2.0]))

    def restore(self, weights):
        self.weights, self.gradient, self.loss = weights.copy(), weights.copy(), 0.5 * weights @ weights


def test_a_network_of_ones_own_needs_no_more_than_to_go_to_weights():
    network = under(Like(Bare()), "nesterov", eta=0.1, momentum=0.5)
    network.advance(3)
    w, v = np.array([1.0, -2.0]), np.zeros(2)
    for _ in range(3):
        v = 0.5 * v + w - 0.1 * 0.5 * v
        w = w - 0.1 * v
    np.testing.assert_allclose(network.weights, w, rtol=1e-15)
    assert network.state() is None, "so it is not kept, and runs to its end"


def test_a_rule_that_needs_products_with_the_hessian_says_so():
    with pytest.raises(InputError, match="hessian_product") as caught:
        under(Like(Bare()), "adam", eta=0.1)
    assert "\n" not in str(caught.value)


def test_the_digest_of_a_sweep_tells_rules_apart():
    found = {rule: digest_of(ruled(tanh_net, parse(rule)), ()) for rule in ("gd", "heavy_ball", "nesterov", "adam")}
    assert len(set(found.values())) == 4


def test_training_data_may_come_from_a_file():
    table = Table(np.linspace(0, 1, 8)[:, None], np.linspace(1, 0, 8)[:, None])
    network = under(linear_net_full, "heavy_ball", table, width=3, eta=0.1)
    assert len(network._network.inputs) == 8

"""A network that takes over the state of another goes on to the same bits: steps, sharpness and readings."""

import numpy as np
import pytest

from eos_sweep.models import linear_net_full, relu, tanh_net
from helpers.ruled_networks import under

NETWORKS = {
    "plain": (tanh_net, "gd", {"eta": 0.4, "width": 10}),
    "deep": (tanh_net, "gd", {"eta": 0.1, "width": 40, "depth": 3, "points": 50}),
    "mini-batches with noise": (tanh_net, "gd", {"eta": 0.3, "batch": 7, "label_noise": 0.1}),
    "a velocity": (tanh_net, "heavy_ball + cosine", {"eta": 0.2}),
    "a look elsewhere": (linear_net_full, "sam + gradient_noise", {"eta": 0.5, "width": 20, "batch": 9}),
    "a preconditioner": (tanh_net, "adam + l2", {"eta": 0.01, "batch": 5}),
    "threshold neurons": (relu, "gd", {"eta": 0.006, "dimension": 50}),
    "threshold neurons, batches": (relu, "gd", {"eta": 0.006, "dimension": 50, "batch": 20}),
    "a reading of its own": (linear_net_full, "gd", {"eta": 1.2, "width": 20}),
}


def seen(network):
    """Return the bits of a look and of some steps."""
    look = network.sharpness(), *network.readings()
    return look, network.advance(7).tobytes(), network.gradient.tobytes(), network.weights.tobytes(), network.loss


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_state_holds_all_that_is_to_come(kind):
    model, rule, given = NETWORKS[kind]
    network = under(model, rule, **given)
    for _ in range(5):
        seen(network)
    state = {name: array.copy() for name, array in network.state().items()}
    assert all(isinstance(array, np.ndarray) for array in state.values())
    expected = [seen(network) for _ in range(4)]
    other = under(model, rule, **given)
    assert [seen(other) for _ in range(4)] != expected, "it has gone on"
    other.load(state)
    assert [seen(other) for _ in range(4)] == expected


def test_a_state_stays_as_it_was_while_its_network_goes_on():
    for model, rule, given in NETWORKS.values():
        network = under(model, rule, **given)
        seen(network)
        state = network.state()
        before = {name: array.tobytes() for name, array in state.items()}
        seen(network)
        assert {name: array.tobytes() for name, array in state.items()} == before


def test_a_state_of_another_rule_is_refused():
    plain, velocity, clock = (under(tanh_net, rule, eta=0.1) for rule in ("sam", "heavy_ball", "adam"))
    with pytest.raises(ValueError, match="heavy_ball"):
        velocity.load(plain.state())
    with pytest.raises(KeyError):
        clock.load(velocity.state())

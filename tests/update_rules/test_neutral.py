"""With neutral parameters a rule does the operations of gradient descent, to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.update_rules import composed
from helpers.rule_runs import started

NEUTRAL = {
    "heavy_ball": {"momentum": 0.0},
    "nesterov": {"momentum": 0.0},
    "sam": {"sam_radius": 0.0},
    "sam_unnormalised": {"sam_radius": 0.0},
    "two_sample": {"noise": 0.0},
    "label_noise": {"label_noise": 0.0},
    "gradient_noise": {"noise": 0.0},
    "gradient_clip": {"gradient_clip": np.inf},
    "l2": {"weight_decay": 0.0},
    "decoupled_decay": {"weight_decay": 0.0},
    "linear_warmup": {"warmup_steps": 1.0},
    "cosine": {"final_rate": 1.0, "cosine_steps": 3.0},
    "step_decay": {"drop_factor": 1.0, "drop_steps": 2.0},
    "inverse_root": {"root_steps": np.inf},
    "update_clip": {"update_clip": np.inf},
    "weight_bound": {"weight_bound": np.inf},
}
BASES = [name for name in NEUTRAL if name in ("heavy_ball", "nesterov", "sam", "sam_unnormalised", "two_sample")]
TEXTS = [*NEUTRAL, *(f"{base} + linear_warmup + l2 + gradient_clip + weight_bound + update_clip" for base in BASES)]


@pytest.mark.parametrize("text", TEXTS)
@settings(max_examples=20, deadline=None)
@given(
    x=st.lists(st.floats(-3.0, 3.0), min_size=1, max_size=5),
    weights=st.lists(st.floats(-2.0, 2.0), min_size=5, max_size=5),
    eta=st.floats(1e-3, 2.0),
    seed=st.integers(0, 9),
)
def test_the_bits_of_gradient_descent(text, x, weights, eta, seed):
    h = np.array(weights[: len(x)])

    def gradient(at):
        return h * at + 0.1 * at * at - np.sum(at) / 7.0

    def normals(step):
        return np.random.default_rng([seed, int(step)]).normal(size=len(x))

    chosen = {key: value for part in text.split(" + ") for key, value in NEUTRAL[part].items()}
    run = started(text, gradient, x, eta, normals=normals, sign=lambda step: (-1.0) ** step, **chosen)
    plain = started("gd", gradient, x, eta)
    with np.errstate(over="ignore", invalid="ignore"):
        for one, other in zip(run.steps(6), plain.steps(6), strict=True):
            if np.abs(other.x).max() < 1e100:  # beyond, zero times infinity is no number
                np.testing.assert_array_equal(one.x, other.x)
                assert one.edge == other.edge


def test_there_is_a_neutral_parameter_for_all_but_those_that_divide_by_the_gradient():
    assert {*composed.BASES, *composed.MODIFIERS} - NEUTRAL.keys() == {"gd", "normalised", "sign", "rmsprop", "adam"}

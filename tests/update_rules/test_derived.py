"""A model that is derived under a rule takes the steps that the rule takes on vectors, and has its edge."""

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models
from eos_sweep.functions import normal_draw, sign_draw
from eos_sweep.update_rules.composed import BASES, MODIFIERS
from helpers.rule_runs import started

TOGETHER = (
    "heavy_ball + l2 + linear_warmup + gradient_clip", "adam + decoupled_decay + cosine + gradient_noise",
    "nesterov + step_decay + update_clip + weight_bound", "two_sample + l2 + inverse_root", "sam + decoupled_decay",
)  # fmt: skip
ON_ANY_LOSS = [name for name in MODIFIERS if name != "label_noise"]  # which needs targets
GIVEN = {
    "gradient_clip": 1.5, "update_clip": 0.03, "weight_bound": 1.15, "warmup_steps": 7.0, "cosine_steps": 12.0,
    "drop_steps": 5.0, "root_steps": 3.0, "seed": 4.0, "weight_decay": 0.2,
}  # fmt: skip
ETA, SEED, COIN = 0.05, 4.0, 2.0**32
START = [0.7, 1.1]
LOSS = "(x**2*y - 1)**2/2 + (x - y)**2/3"


def gradient(at):
    x, y = at
    rest, apart = x**2 * y - 1.0, 2.0 * (x - y) / 3.0
    return np.array([rest * 2.0 * x * y + apart, rest * x**2 - apart])


@pytest.mark.parametrize("text", [*BASES[1:], *ON_ANY_LOSS, *TOGETHER])
def test_steps_and_edges_are_those_on_vectors(text):
    model = models.get(eos_sweep.model(LOSS, state=["x", "y"]), text)
    run = started(
        text, gradient, START, ETA,
        normals=lambda step: normal_draw(SEED, step, np.arange(2.0)), sign=lambda step: sign_draw(SEED, step, COIN),
    )  # fmt: skip
    values = vars(run.p)
    values |= {name: value for name, value in GIVEN.items() if name in values}
    p = tuple(np.array([{"eta": ETA, **values}[name]]) for name in model.PARAMETERS)
    theta = tuple(np.array([value]) for value in (*START, *(0.0 for _ in model.MEMORY), *model.CLOCKS.values()))
    for _ in range(25):
        assert float(np.squeeze(model.edge(theta, p))) == pytest.approx(run.edge * ETA, rel=1e-9)
        theta, run = model.step(theta, p), run.step()
        np.testing.assert_allclose(np.concatenate(theta[:2]), run.x, rtol=1e-10)
    memory = np.concatenate([run.memory[name] for name in run.rule.memory] or [np.zeros(0)])
    np.testing.assert_allclose(np.ravel(theta[2 : 2 + memory.size]), memory, rtol=1e-9)
    np.testing.assert_allclose(np.ravel(theta[2 + memory.size :]), list(run.clocks.values()), rtol=1e-12)

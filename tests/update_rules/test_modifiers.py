"""Modifiers do what their definitions say: schedules, clips, bounds, their order, and when a run may end."""

from types import SimpleNamespace

import numpy as np
import pytest

from eos_sweep.update_rules import composed
from helpers.rule_runs import quadratic, started

ETA = 0.1
START = np.array([3.0, -4.0])
T = np.arange(30)


def rates(text, steps=30, **given):
    """Return the step size of each step over eta: a gradient of one moves the weight by it."""
    run = started(text, np.ones_like, [0.0], ETA, **given)
    found = np.array([each.x[0] for each in run.steps(steps)])
    return -np.diff(found) / ETA


def test_schedules_have_the_values_of_their_formulas():
    given = {"cosine_steps": 12.0, "final_rate": 0.2}
    expected = 0.2 + 0.8 * (1.0 + np.cos(np.pi * np.minimum(T, 12) / 12.0)) / 2.0
    np.testing.assert_allclose(rates("cosine", **given), expected, rtol=1e-12)
    given = {"drop_steps": 7.0, "drop_factor": 0.3}
    np.testing.assert_allclose(rates("step_decay", **given), 0.3 ** (T // 7), rtol=1e-9)
    np.testing.assert_allclose(rates("inverse_root", root_steps=4.0), (1.0 + T / 4.0) ** -0.5, rtol=1e-12)
    np.testing.assert_allclose(rates("linear_warmup", warmup_steps=9.0), np.minimum(1.0, (T + 1) / 9.0), rtol=1e-12)


def test_schedules_multiply():
    both = rates("linear_warmup + cosine", warmup_steps=9.0, cosine_steps=12.0)
    alone = rates("linear_warmup", warmup_steps=9.0) * rates("cosine", cosine_steps=12.0)
    np.testing.assert_allclose(both, alone, rtol=1e-12)


def test_the_edge_moves_with_a_schedule():
    for text in ("cosine", "step_decay", "inverse_root", "linear_warmup"):
        runs = started(text, np.ones_like, [0.0], ETA).steps(30)[:-1]
        np.testing.assert_allclose([run.edge for run in runs], 2.0 / (ETA * rates(text)), rtol=1e-9)


def test_a_schedule_that_falls_without_end_keeps_an_edge():
    run = started("step_decay", np.ones_like, [0.0], ETA, drop_steps=1.0, drop_factor=1e-20).steps(40)[-1]
    assert run.clocks["drop_rate"] == 1e-30 and run.edge == pytest.approx(2e31)


def test_a_clip_keeps_the_direction_and_bounds_the_length():
    given = {"gradient_clip": 2.0}
    clipped = started("gradient_clip", quadratic(1.0, 1.0), START, ETA, **given)
    np.testing.assert_allclose(clipped.step().x, START - ETA * 2.0 * START / 5.0, rtol=1e-15)
    within = started("gradient_clip", quadratic(1.0, 1.0), START / 3.0, ETA, **given)
    np.testing.assert_array_equal(within.step().x, START / 3.0 - ETA * (START / 3.0))
    assert [composed.step(run.rule, run.now).clips for run in (clipped, within)] == [[True], [False]]


@pytest.mark.parametrize("base", ["gd", "heavy_ball", "nesterov", "sam", "sam_unnormalised"])
def test_a_clip_acts_where_it_changes_the_step(base):
    """Each rule clips the gradients that it takes, wherever it takes them."""
    met = set()
    given = {"momentum": 1.0 - 2.0**-10} if "momentum" in composed.parse(base).parameters else {}
    for most in (0.7, np.inf):
        run = started(f"{base} + gradient_clip", quadratic(5.0, 2.0), [0.15, 0.1], ETA, gradient_clip=most, **given)
        for one in run.steps(30):
            free = one._replace(p=SimpleNamespace(**{**vars(one.p), "gradient_clip": np.inf}))
            acts = any(composed.step(one.rule, one.now).clips)
            assert acts == (not np.array_equal(one.step().x, free.step().x))
            met.add(acts)
    assert met == {True, False}


@pytest.mark.parametrize("base", ["normalised", "sign", "sam"])
def test_a_clip_leaves_the_edge_as_it_is(base):
    """The step of normalised and of sign descent has no room for a clip."""
    free = started(base, quadratic(5.0, 2.0), START, ETA)
    clipped = started(f"{base} + gradient_clip", quadratic(5.0, 2.0), START, ETA, gradient_clip=0.1)
    assert free.edge == clipped.edge
    if base != "sam":
        np.testing.assert_allclose(free.step().x, clipped.step().x, rtol=1e-14)
    if base == "sign":
        found = [composed.scaling(run.rule, run.now) for run in (free, clipped)]
        np.testing.assert_array_equal(*found)


def test_an_update_clip_bounds_the_update_but_not_the_velocity():
    run = started("heavy_ball + update_clip", quadratic(1.0, 1.0), START, ETA, update_clip=0.25)
    assert composed.step(run.rule, run.now).clips == [True]
    after = run.step()
    np.testing.assert_allclose(after.x, START - 0.25 * START / 5.0, rtol=1e-15)
    np.testing.assert_array_equal(after.memory["velocity"], ETA * START)


def test_clips_of_zero_stop_everything():
    for text in ("gradient_clip", "update_clip"):
        np.testing.assert_array_equal(started(text, quadratic(1.0, 1.0), START, ETA, **{text: 0.0}).step().x, START)


def test_a_bound_holds_each_weight_after_each_step():
    run = started("heavy_ball + weight_bound", lambda x: -np.array([1.0, 0.1]), [0.0, 0.0], ETA, weight_bound=0.15)
    far = run.steps(40)[-1]
    np.testing.assert_array_equal(far.x, [0.15, 0.15])
    free = started("heavy_ball", run.gradient, [0.0, 0.0], ETA).steps(40)[-1]
    np.testing.assert_array_equal(far.memory["velocity"], free.memory["velocity"])


def test_parts_act_in_their_order():
    """Noise, clip, L2, the base rule, the clip of the update, the schedule, and the bound at last."""
    draw = np.array([0.5, 2.0])
    text = "gradient_noise + gradient_clip + l2 + heavy_ball + update_clip + inverse_root + weight_bound"
    given = {
        "noise": 2.0, "gradient_clip": 1.5, "weight_decay": 0.1, "momentum": 0.5, "update_clip": 0.2, "root_steps": 1.0,
        "weight_bound": 3.1,
    }  # fmt: skip
    run = started(text, quadratic(1.0, 1.0), START, ETA, normals=lambda step: draw, **given)
    run = run._replace(memory={"velocity": np.array([0.3, 0.1])}, clocks={"clock": 3.0})
    g = START + 2.0 * draw
    g = g * 1.5 / np.linalg.norm(g) + 0.1 * START
    velocity = 0.5 * np.array([0.3, 0.1]) + ETA * g
    update = velocity * 0.2 / np.linalg.norm(velocity)
    after = run.step()
    np.testing.assert_allclose(after.x, np.clip(START - update / 2.0, -3.1, 3.1), rtol=1e-14)
    assert after.x[1] == -3.1
    np.testing.assert_allclose(after.memory["velocity"], velocity, rtol=1e-14)
    assert after.clocks == {"clock": 4.0}


def test_decoupled_decay_passes_neither_through_momentum_nor_through_a_preconditioner():
    decay = {"weight_decay": 0.5}
    for base in ("heavy_ball", "nesterov", "adam", "rmsprop", "sign", "normalised", "sam"):
        plain = started(base, np.ones_like, START, ETA).step()
        decayed = started(f"{base} + decoupled_decay", np.ones_like, START, ETA, **decay).step()
        np.testing.assert_allclose(decayed.x, plain.x - ETA * 0.5 * START, rtol=1e-14)
        assert all((decayed.memory[name] == plain.memory[name]).all() for name in plain.memory)


@pytest.mark.parametrize(("text", "given", "rests"), [
    ("gd", {}, True),
    ("heavy_ball + l2", {}, True),
    ("nesterov", {}, True),
    ("sam", {"sam_radius": 0.1}, False),
    ("sam", {"sam_radius": 0.0}, True),
    ("sam_unnormalised", {"sam_radius": 0.1}, True),
    ("gradient_noise", {"noise": 0.1}, False),
    ("gradient_noise", {"noise": 0.0}, True),
    ("two_sample", {"noise": 0.1}, False),
    ("two_sample", {"noise": 0.0}, True),
    ("normalised", {}, False),
    ("sign", {}, False),
    ("rmsprop", {}, False),
    ("adam", {}, False),
    ("linear_warmup", {"warmup_steps": 2.0}, False),
    ("linear_warmup", {"warmup_steps": 1.0}, True),
    ("cosine + step_decay + inverse_root", {}, True),
    ("gradient_clip + update_clip + weight_bound", {}, True),
])  # fmt: skip
def test_whether_a_run_at_rest_stays_there(text, given, rests):
    run = started(text, quadratic(1.0, 1.0), START, ETA, **given)
    assert (run.rule.rests and all(composed.settles(run.rule, run.now))) == rests


def test_a_run_that_is_warmed_up_may_end():
    runs = started("linear_warmup", quadratic(1.0, 1.0), START, ETA, warmup_steps=5.0).steps(6)
    assert [all(composed.settles(run.rule, run.now)) for run in runs] == [False] * 4 + [True] * 3

"""The edge of each rule is where a quadratic's top direction begins to grow."""

import itertools

import numpy as np
import pytest

from eos_sweep.eigen.sharpness import over_edge
from eos_sweep.update_rules import composed
from helpers.rule_runs import bisected, growth, quadratic, started

ETA = 0.1
LINEAR = "gd", "heavy_ball", "nesterov", "sam_unnormalised"
DECAYS = "", "l2", "decoupled_decay"
SCHEDULES = "", "linear_warmup", "cosine + linear_warmup", "step_decay + inverse_root"
PRECONDITIONED = "rmsprop", "adam"


def text(*parts):
    return " + ".join(part for part in parts if part)


def met(run, held=(), size=1.0):
    """Return the curvature at which the steps of a run begin to grow."""
    return bisected(lambda h: growth(run, h, held, size) > 1.0)


@pytest.mark.parametrize(("rule", "given", "edge"), [
    ("gd", {}, 20.0),
    ("heavy_ball", {"momentum": 0.9}, 38.0),
    ("nesterov", {"momentum": 0.9}, 3.8 / 0.28),
    ("l2", {"weight_decay": 3.0}, 17.0),
    ("heavy_ball + l2", {"momentum": 0.9, "weight_decay": 3.0}, 35.0),
    ("nesterov + l2", {"momentum": 0.9, "weight_decay": 3.0}, 3.8 / 0.28 - 3.0),
    ("decoupled_decay", {"weight_decay": 3.0}, 17.0),
    ("heavy_ball + decoupled_decay", {"momentum": 0.9, "weight_decay": 3.0}, 1.7 * 19.0),
    ("nesterov + decoupled_decay", {"momentum": 0.9, "weight_decay": 3.0}, 1.7 * 19.0 / (1.0 + 0.9 * 1.7)),
    ("sam_unnormalised", {"sam_radius": 0.2}, (np.sqrt(17.0) - 1.0) / 0.4),
])  # fmt: skip
def test_edges_in_numbers(rule, given, edge):
    run = started(rule, None, [0.0], ETA, **given)
    assert run.edge == pytest.approx(edge, rel=1e-12)
    assert met(run) == pytest.approx(edge, rel=1e-9)


@pytest.mark.parametrize(("base", "decay", "schedule"), [*itertools.product(LINEAR, DECAYS, SCHEDULES)])
def test_the_edge_of_a_linear_rule_is_where_its_steps_begin_to_grow(base, decay, schedule):
    given = {
        "momentum": 0.7, "weight_decay": 1.3, "sam_radius": 0.03, "warmup_steps": 20.0, "cosine_steps": 11.0,
        "final_rate": 0.1, "drop_steps": 3.0, "drop_factor": 0.3, "root_steps": 5.0,
    }  # fmt: skip
    rule = composed.parse(text(base, decay, schedule))
    run = started(str(rule), quadratic(0.0), [1.0], ETA, **{key: given[key] for key in rule.parameters})
    run = run.steps(7)[-1]
    assert met(run) == pytest.approx(run.edge, rel=1e-6)


@pytest.mark.parametrize(("base", "decay"), [*itertools.product(PRECONDITIONED, DECAYS)])
@pytest.mark.parametrize("step", [0, 3, 2000])
def test_the_edge_of_a_preconditioned_rule_with_the_second_moment_held(base, decay, step):
    rule = composed.parse(text(base, decay, "linear_warmup"))
    given = {"decay1": 0.9, "weight_decay": 0.4, "warmup_steps": 5.0}
    run = started(str(rule), quadratic(0.0), [0.0], ETA, **{key: given[key] for key in given if key in rule.parameters})
    run = run.steps(step)[-1]
    run = run._replace(memory=run.memory | {"second_moment": np.array([4.0])})
    h = met(run, held=["second_moment"], size=1e-9)
    (scaling,) = composed.scaling(rule, run.now)
    shift = composed.shift(rule, run.now) or 0.0
    assert (h + shift / ETA) * scaling == pytest.approx(run.edge, rel=1e-6)


def test_adam_in_numbers():
    run = started("adam", quadratic(0.0), [0.0], ETA, decay1=0.9).steps(2000)[-1]
    assert run.edge == pytest.approx(380.0, rel=1e-12)


def multiplier(run, h):
    """Return what a step does to a tiny first coordinate while the others stay almost as they are."""
    small = 1e-9
    run = run._replace(x=np.array([small, *run.x[1:]]), gradient=quadratic(h, 1e-6))
    return run.step().x[0] / small


@pytest.mark.parametrize("decay", DECAYS)
@pytest.mark.parametrize(("base", "given"), [("sam", {"sam_radius": 0.3}), ("normalised", {})])
def test_the_edge_that_depends_on_the_length_of_the_gradient(base, given, decay):
    """The second coordinate holds the gradient at the length 2."""
    rule = composed.parse(text(base, decay, "inverse_root"))
    given = given | ({"weight_decay": 1e-4} if decay else {})
    run = started(str(rule), quadratic(1.0, 1e-6), [0.0, 2e6], ETA, root_steps=2.0, **given)
    run = run._replace(clocks={"clock": 5.0})
    assert bisected(lambda h: multiplier(run, h) < -1.0) == pytest.approx(run.edge, rel=1e-6)


def test_the_edge_of_sam_in_numbers():
    for length in (0.01, 1.0, 100.0):
        run = started("sam", quadratic(1.0), [length], ETA, sam_radius=0.3)
        assert run.edge == pytest.approx(length / 0.6 * (np.sqrt(1.0 + 2.4 / (ETA * length)) - 1.0), rel=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("decay", DECAYS)
def test_the_edge_of_two_samples_is_that_of_the_mean_square(noise, decay):
    """The entries of a vector are runs, one for each of the possible signs."""
    both = np.array([1.0, -1.0])
    given = {"weight_decay": 0.7} if decay else {}
    run = started(text("two_sample", decay), None, [1.0, 1.0], ETA, sign=lambda step: both, noise=noise, **given)

    def grows(h):
        return np.mean(run._replace(gradient=quadratic(h)).step().x ** 2) > 1.0

    assert bisected(grows) == pytest.approx(run.edge, rel=1e-9)
    if not decay:
        assert run.edge == pytest.approx(20.0 / (1.0 + noise**2), rel=1e-12)


@pytest.mark.parametrize("h", [11.9, 12.1])
def test_the_mean_square_of_two_samples_over_all_sequences_of_signs(h):
    """With c = 0.8 the edge is 12.195."""
    count, noise = 12, 0.8
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=count))).T
    run = started(
        "two_sample", quadratic(h), np.ones(2**count), ETA, sign=lambda step: signs[int(step)], noise=noise
    ).steps(count)[-1]
    a = ETA * h
    assert np.mean(run.x**2) == pytest.approx(((1.0 - a) ** 2 + (noise * a) ** 2) ** count, rel=1e-12)
    assert np.mean(run.x**2) < 1.0 and h < run.edge


@pytest.mark.parametrize("rule", ["gradient_noise", "gradient_clip", "update_clip", "weight_bound"])
def test_noise_and_clips_leave_the_edge(rule):
    for base in ("gd", "heavy_ball", "nesterov", "sam_unnormalised"):
        one, other = started(base, None, [0.0], ETA), started(f"{base} + {rule}", None, [0.0], ETA)
        assert one.edge == other.edge


def test_the_edge_of_sam_falls_to_zero_with_the_gradient():
    edges = [started("sam", quadratic(2.0), [x], ETA, sam_radius=0.1).edge for x in (1e-2, 1e-6, 1e-12, 0.0)]
    assert edges == sorted(edges, reverse=True) and edges[2] < 1e-4 and edges[3] == 0.0
    assert started("sam", quadratic(2.0), [0.0], ETA, sam_radius=0.0).edge == pytest.approx(2.0 / ETA)


@pytest.mark.parametrize("decay", [5.0, 19.0, 20.0, 21.0, 40.0])
def test_beyond_a_decay_of_two_over_the_step_size_no_sharpness_is_below_the_edge(decay):
    edge = started("l2", quadratic(1.0), [1.0], ETA, weight_decay=decay).edge
    assert edge == pytest.approx(20.0 - decay)
    ratios = over_edge(np.array([0.0, 5.0, 30.0]), edge)
    np.testing.assert_allclose(ratios, np.array([0.0, 5.0, 30.0]) / edge if edge > 0.0 else np.inf)
    assert over_edge(edge - 1.0, edge) < 1.0 <= over_edge(edge + 1.0, edge)

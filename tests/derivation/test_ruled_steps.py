"""Models under update rules: their steps, their tangents, and the bits of gradient descent at neutral parameters."""

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.state import values
from eos_sweep.update_rules.composed import BASES, MODIFIERS
from helpers.ruled_runs import NEUTRAL, OTHERS, POINTS, WITH_NEUTRAL, by_vectors, derived_gd, parameters, start

GIVEN = {
    "seed": 5.0,
    "noise": 0.1,
    "warmup_steps": 7.0,
    "gradient_clip": 0.5,
    "update_clip": 0.02,
    "cosine_steps": 60.0,
}
GIVEN |= {"drop_steps": 10.0, "root_steps": 9.0, "weight_decay": 0.3, "sam_radius": 0.02, "momentum": 0.7}


def test_every_rule_is_tried():
    tried = {part.strip() for text in (*WITH_NEUTRAL, *OTHERS) for part in text.split("+")}
    assert tried == {*BASES, *MODIFIERS} - {"gd", "label_noise"}  # which is for data


@pytest.mark.parametrize("name", ["bivariate", "quartic"])
@pytest.mark.parametrize("rule", [*WITH_NEUTRAL, *OTHERS])
def test_steps_are_those_of_the_rule(name, rule):
    model = models.get(name, rule)
    p = parameters(model, name, **{key: value for key, value in GIVEN.items() if key in model.PARAMETERS})
    theta = start(model, tuple(np.array([x]) for x in POINTS[name][1]), p)
    for _ in range(40):
        theta = model.step(theta, p)
    given = {key: value for key, value in GIVEN.items() if key in model.PARAMETERS}
    found = np.concatenate(list(values(model, theta).values()))
    np.testing.assert_allclose(found, by_vectors(name, rule, 40, **given), rtol=1e-9, atol=1e-12)


SLOW = pytest.mark.slow


@np.errstate(all="ignore")
@pytest.mark.parametrize(
    "name", ["bivariate", *(pytest.param(name, marks=SLOW) for name in ("quartic", "product", "multivariate"))]
)
@pytest.mark.parametrize("rule", WITH_NEUTRAL)
def test_neutral_parameters_give_the_bits_of_gradient_descent(name, rule):
    model, plain = models.get(name, rule), derived_gd(name)
    rng, count = np.random.default_rng(3), 32
    coordinates = tuple(x * rng.uniform(0.5, 1.5, count) for x in POINTS[name][1])
    p = tuple(column + np.zeros(count) for column in parameters(model, name, **_neutral(model)))
    q = p[: len(plain.PARAMETERS)]
    theta, here = start(model, coordinates, p), start(plain, coordinates, q)
    v = tuple(rng.standard_normal(count) for _ in coordinates)
    turned = (*v, *(np.zeros(count) for _ in model.MEMORY))
    width = len(here)
    for age in range(1, 49):
        v, turned = plain.tangent(here, q, v), model.tangent(theta, p, turned)
        here, theta = plain.step(here, q), model.step(theta, p)
        if age % 16 == 0:
            here, theta = plain.rescale(here, q), model.rescale(theta, p)
        np.testing.assert_array_equal(np.stack(theta[:width]), np.stack(here))
        np.testing.assert_array_equal(np.stack(turned[: len(v)]), np.stack(v))
        loss = plain.loss(here, q)
        np.testing.assert_array_equal(model.edge(theta, p), 2.0)
        for tolerance in (1e-4, 1e-1):
            settled = plain.settled(here, q, loss, tolerance)
            np.testing.assert_array_equal(model.settled(theta, p, loss, tolerance), settled)


def _neutral(model):
    return {name: value for name, value in NEUTRAL.items() if name in model.PARAMETERS}


@pytest.mark.parametrize("rule", ["heavy_ball", "nesterov", "sam_unnormalised", "linear_warmup + gradient_clip"])
def test_a_coordinate_that_vanishes_keeps_its_size(rule):
    """Far below the edge beta1 shrinks by a factor a step; no double holds it after 3000 steps."""
    model = models.get("bivariate", rule)
    given = {"momentum": 0.3} if "momentum" in model.PARAMETERS else {}
    p = parameters(model, "bivariate", lambda1=1.0, eta=0.5, lambda2=0.01, **given)
    theta = start(model, (np.array([0.9]), np.array([0.1]), np.array([0.5])), p)
    for age in range(1, 3001):
        theta = model.step(theta, p)
        if age % 16 == 0:
            theta = model.rescale(theta, p)
    assert model.CARRIED == ("beta1",)
    assert theta[3][0] < -3.0 and 1e-40 < abs(theta[1][0]) < 1e140


@np.errstate(all="ignore")
def test_a_run_on_which_a_decay_takes_the_guarded_weight_to_zero_is_not_over():
    """Close to zero alpha follows the slower of two modes, alpha + beta2 > 0, long after the loss stops falling."""
    model = models.get("bivariate", "l2")
    given = {"lambda1": 2.039, "lambda2": 0.002445, "eta": 0.6447, "radius": 0.4395, "weight_decay": 0.2775}
    p = parameters(model, "bivariate", **given)
    theta, signs = start(model, tuple(np.array([x]) for x in (-1.0142, -0.2228, 1.0171)), p), []
    for age in range(1, 1201):
        theta = model.step(theta, p)
        signs.append(np.sign(theta[0][0]))
        if age % 16 == 0:
            theta = model.rescale(theta, p)
            assert not model.settled(theta, p, model.loss(theta, p), 1e-12)
    assert signs[400] == -1.0 and signs[-1] == 1.0


def test_models_without_weights_are_refused():
    for name in ("uv", "linear_net", "stabilization", "threshold"):
        with pytest.raises(
            models.InputError, match=r"^rule: got heavy_ball, but the coordinates of \w+ are no weights"
        ):
            models.get(name, "heavy_ball")


def test_a_parameter_of_the_model_with_the_name_of_the_rules_is_refused():
    formula = models.Formula.from_dict({"loss": "momentum*x**2/2 + y**2/2", "state": ["x", "y"], "name": "named"})
    with pytest.raises(models.InputError, match="heavy_ball has a parameter momentum, and so has named; rename"):
        models.get(formula, "heavy_ball")

"""Starts of models under update rules, in NumPy, and the same steps taken by vectors."""

import importlib

import numpy as np

from eos_sweep import models
from eos_sweep.derivation import modules
from eos_sweep.derivation.definition import Formula
from eos_sweep.functions import normal_draw, sign_draw
from eos_sweep.update_rules import composed
from helpers import rule_runs

# Values of a model's parameters, and a start.
POINTS = {
    "bivariate": ({"lambda1": 100.0, "lambda2": 0.5, "eta": 0.01, "clip": np.inf, "radius": np.inf}, (0.57, 0.2, 0.5)),
    "quartic": ({"eta": 0.05}, (1.5, 0.4)),
    "product": ({"eta": 0.1, "ell": 1.0}, (0.3, 2.5)),
    "multivariate": (
        {"lambda1": 9.0, "lambda2": 5.0, "lambda3": 3.0, "lambda4": 1.0, "lambda_r": 0.5, "eta": 0.05}
        | {"clip": np.inf, "radius": np.inf},
        (0.9, 0.1, 0.2, 0.3, 0.1, 0.4),
    ),
}
NEUTRAL = {"momentum": 0.0, "weight_decay": 0.0, "sam_radius": 0.0, "warmup_steps": 1.0, "noise": 0.0}
# Rules with neutral values, and those that have none.
WITH_NEUTRAL = (
    "heavy_ball", "nesterov", "sam", "sam_unnormalised", "two_sample", "gradient_noise", "gradient_clip", "l2",
    "decoupled_decay", "linear_warmup", "update_clip", "weight_bound",
    "nesterov + gradient_noise + gradient_clip + l2 + linear_warmup + weight_bound",
)  # fmt: skip
OTHERS = ("normalised", "sign", "rmsprop", "adam", "cosine", "step_decay", "inverse_root", "adam + decoupled_decay")


def derived_gd(name):
    """Return gradient descent, derived from the loss of a model of the table."""
    module = importlib.import_module(models.TABLE[name])
    formula = Formula.from_dict({"loss": module.LOSS, "state": list(module.STATE)})
    return modules.module_of(formula.model_copy(update={"parameters": dict(module.PARAMETERS)}))


def start(model, coordinates, p):
    """Return the state at the start of a run."""
    zero = np.zeros_like(coordinates[0])
    memory = [zero for _ in (*model.CARRIED, *getattr(model, "MEMORY", ()))]
    clocks = [zero + value for value in getattr(model, "CLOCKS", {}).values()]
    return model.rescale((*coordinates, *memory, *clocks), p)


def parameters(model, name, **given):
    """Return the parameters of a model under a rule, those of the rule at their defaults if they are not ``given``."""
    values = POINTS[name][0] | {key: one.default for key, one in model.PARAMETERS.items() if key not in POINTS[name][0]}
    return tuple(np.array([float((values | given)[key])]) for key in model.PARAMETERS)


def by_vectors(name, text, steps, **given):
    """Return the coordinates after some steps that are taken by vectors, with the gradient of the derived model."""
    values, coordinates = POINTS[name]
    plain = derived_gd(name)
    p = tuple(np.float64(value) for value in values.values())
    count, eta = len(coordinates), values["eta"]

    def gradient(at):
        return np.array(plain.slopes(tuple(at), p)) / eta

    rule = composed.parse(text)
    seed = float(given.get("seed", 0.0))
    told = {key: value for key, value in given.items() if key in rule.parameters}
    run = rule_runs.started(
        text,
        gradient,
        coordinates,
        eta,
        normals=lambda step: normal_draw(seed, step, np.arange(float(count))),
        sign=lambda step: sign_draw(seed, step, 2.0**32),
        **told,
    )
    return run.steps(steps)[-1].x

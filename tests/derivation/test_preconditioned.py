"""The sharpness of rules with a preconditioner, against the eigenvalues of the matrix itself."""

import numpy as np
import pytest

from eos_sweep import models
from eos_sweep.eigen.sharpness import top
from helpers.ruled_runs import POINTS, parameters, start


@pytest.mark.parametrize("name", ["bivariate", "quartic", "multivariate"])
@pytest.mark.parametrize("rule", ["adam", "adam + l2", "rmsprop", "rmsprop + l2", "sign"])
def test_the_sharpness_is_that_of_the_matrix(name, rule):
    model, count, decay = models.get(name, rule), 16, 0.3
    given = {"weight_decay": decay} if "l2" in rule else {}
    p = tuple(column + np.zeros(count) for column in parameters(model, name, **given))
    rng = np.random.default_rng(1)
    theta = start(model, tuple(x * rng.uniform(0.5, 1.5, count) for x in POINTS[name][1]), p)
    for _ in range(7):
        theta = model.step(theta, p)
    eta, shift = POINTS[name][0]["eta"], decay if given else 0.0
    here = np.stack(model.coordinates(theta), axis=-1)
    gradient = np.stack(model.slopes(model.coordinates(theta), p), axis=-1) / eta + shift * here
    matrix = eta * (model.hessian(theta, p) + shift * np.eye(here.shape[1]))
    under = _under(model, theta, gradient, eta)
    wanted = np.linalg.eigvalsh(matrix / np.sqrt(under[:, :, None] * under[:, None, :]))[:, -1]
    np.testing.assert_allclose(top(model, theta, p), wanted, rtol=1e-12)


def _under(model, theta, gradient, eta):
    """Return the diagonal of the next step, after seven steps."""
    if not model.MEMORY:
        return np.abs(gradient)
    width = gradient.shape[1]
    held = theta[width + len(model.CARRIED) :][: len(model.MEMORY)][-width:]  # the second moments are the last ones
    decay = model.PARAMETERS["decay2"].default
    second = decay * np.stack(held, axis=-1) / eta**2 + (1.0 - decay) * gradient**2
    if "decay2_power" in model.CLOCKS:
        second = second / (1.0 - decay**8)
    return np.sqrt(second) + model.PARAMETERS["epsilon"].default


@pytest.mark.parametrize("rule", ["heavy_ball", "sign", "rmsprop", "adam"])
def test_lines_of_the_plain_sharpness_are_not_drawn_where_the_preconditioned_one_counts(rule):
    names = [line.name for line in models.get("bivariate", rule).LINES]
    assert ("onset" in names) == (rule == "heavy_ball")

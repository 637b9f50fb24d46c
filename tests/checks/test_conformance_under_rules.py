"""Models under update rules do what the rest relies on.  Checks that compile a kernel are slow."""

import numpy as np
import pytest
from click.testing import CliRunner

from eos_sweep import models
from eos_sweep.cli.main import main
from eos_sweep.conformance import checks
from eos_sweep.update_rules.composed import BASES, MODIFIERS, PLAIN
from helpers.stores import toml

QUICK = (checks.check_declarations, checks.check_hessian, checks.check_stability, checks.check_edge,
         checks.check_tangent, checks.check_by_hand, checks.check_bounds)  # fmt: skip
TOGETHER = "heavy_ball + l2 + cosine + gradient_clip + weight_bound", "adam + decoupled_decay + linear_warmup"
RULES = [name for name in (*BASES, *MODIFIERS) if name not in (PLAIN, "label_noise")] + [*TOGETHER]
PAIRS = [
    ("bivariate", "nesterov"), ("bivariate", TOGETHER[0]), ("quartic", TOGETHER[1]), ("quartic", "sam"),
    ("product", "heavy_ball + weight_bound"), ("multivariate", "rmsprop"), ("scalar_net", "sign"),
    ("quadratic", "normalised"),
]  # fmt: skip
# Each pair compiles kernels for all observables.
WHOLE = [("quartic", "heavy_ball"), ("quartic", "adam"), ("bivariate", "sam"), ("bivariate", TOGETHER[0])]
CASES = [(*pair, check) for pair in WHOLE for check in checks.CHECKS if check not in QUICK]


@pytest.mark.parametrize(("name", "rule"), PAIRS)
def test_some_models_under_rules_conform(name, rule):
    for check in QUICK:
        check(models.get(name, rule))


# Some coordinates of scalar_net and quadratic are not used where they are tried.  There a second moment stays zero, and
# its root has no derivative; nor has a coordinate that does not move and is at its bound.
KINKED = [(name, rule) for name in ("scalar_net", "quadratic") for rule in RULES if rule[:4] in ("rmsp", "adam")]
KINKED.append(("scalar_net", "weight_bound"))
MODELS = "bivariate", "quartic", "product", "multivariate", "scalar_net", "quadratic"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule"), [(name, rule) for name in MODELS for rule in RULES if (name, rule) not in KINKED]
)
def test_models_under_rules_conform_as_far_as_no_kernel_is_needed(name, rule):
    test_some_models_under_rules_conform(name, rule)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rule", "check"), CASES)
def test_whole_models_under_rules_conform(name, rule, check):
    check(models.get(name, rule))


@pytest.mark.parametrize("rule", ["adam", "rmsprop", "sign", "sam", "normalised", "heavy_ball + gradient_clip"])
def test_a_tangent_is_finite_where_a_gradient_is_zero(rule):
    """On the line x = 0 of (1 - (xy)^2)^2/4 the gradient is zero, and a second moment stays zero."""
    model = models.get("quartic", rule)
    given = {name: one.default for name, one in model.PARAMETERS.items()} | {"eta": 0.1}
    theta = (*(np.float64(x) for x in (0.0, 1.2)), *(np.float64(0.0) for _ in model.MEMORY))
    theta, p = (*theta, *map(np.float64, model.CLOCKS.values())), tuple(map(np.float64, given.values()))
    with np.errstate(all="ignore"):
        turned, curvature = model.tangent(theta, p, (1.0,) * (2 + len(model.MEMORY))), model.curvature(theta, p)
    assert np.isfinite(turned).all() and np.isfinite(curvature).all()


@pytest.mark.slow
def test_a_spec_with_a_rule_is_checked_with_its_steps(tmp_path):
    formula = {"loss": "(1 - x*y)**2/2", "state": ["x", "y"]}
    spec = {"model": formula, "rule": "heavy_ball", "axes": {"eta": [0.1, 0.5]}, "initial": {"x": 1.0, "y": 2.0}}
    toml(tmp_path / "s.toml", spec | {"steps": 100, "parameters": {"momentum": 0.5}})
    result = CliRunner().invoke(main, ["check", str(tmp_path / "s.toml")])
    assert result.exit_code == 0, result.output
    assert [line[:3] for line in result.stdout.splitlines()] == ["ok "] * len(checks.CHECKS)

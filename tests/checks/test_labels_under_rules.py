"""Labels of models under update rules, against exact arithmetic."""

import numpy as np
import pytest

from eos_sweep import models, regimes, trust
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.checks.labels.judge import Trajectory
from eos_sweep.conformance.trial import inputs
from eos_sweep.contract import Job
from eos_sweep.update_rules.composed import BASES, MODIFIERS, PLAIN, parse
from helpers.named_inputs import columns

pytestmark = pytest.mark.slow
STEPS, RUNS = 200, 12
PLAINLY = [name for name in (*BASES, *MODIFIERS) if name != PLAIN and "seed" not in parse(name).parameters]
DRAWN = ["two_sample", "gradient_noise"]
EVERY = (*PLAINLY, *DRAWN, "nesterov + l2", "adam + cosine + update_clip")
CASES = [(name, rule) for name in ("bivariate", "quartic") for rule in EVERY]


def labels(model, initial, parameters, steps=STEPS):
    """Return job, thresholds, labels in doubles, in exact arithmetic, and the bits of these."""
    limits = regimes.thresholds(model.THRESHOLDS)
    job = Job(model, regimes.reads(limits), steps, 1e-12)
    doubles = numpy_run.run(job, initial, parameters)
    exact, bits = oracle.run(job, initial, parameters, doubles)
    given = initial | parameters
    return job, limits, regimes.classify(given | doubles, limits), regimes.classify(given | exact, limits), bits


def assert_no_label_is_wrong(name, rule):
    model = models.get(name, rule)
    given = inputs(model, RUNS)
    job, limits, mine, right, bits = labels(model, *given)
    assert len(np.unique(right)) > 1 or rule in ("sign", "normalised")  # of which all starts end at the edge
    assert (bits > 0).mean() > 0.9
    for row in np.flatnonzero((mine != right) & (bits > 0)):
        assert Trajectory(job, limits, *given, row).differs_by_rounding(0, int(mine[row])), row


@pytest.mark.parametrize(("name", "rule"), CASES)
def test_labels_under_every_rule_are_those_of_exact_arithmetic(name, rule):
    assert_no_label_is_wrong(name, rule)


def test_a_rest_at_which_a_warmup_takes_the_edge_below_the_sharpness_is_no_orbit():
    """In doubles the gradient becomes zero during the warmup; later the minimum is unstable, but they stay."""
    model = models.get("quartic", "linear_warmup")
    start = {"x": [1.490979580004229, 1.2084674941901157], "y": [0.7938105061723442, -0.5228811486482644]}
    eta = [0.41745873932295713, 0.5341339343286798]
    initial, parameters = columns(model, **start, eta=eta, warmup_steps=50.0)
    job, limits, mine, right, _ = labels(model, initial, parameters, 600)
    names = regimes.names(limits)
    assert [names[code] for code in mine] == ["unsettled", "chaotic"]
    assert [names[code] for code in right] == ["edge_of_stability"] * 2
    for row in range(2):
        one = Trajectory(job, limits, initial, parameters, row)
        assert one.is_held() and one.differs_by_rounding(0, int(mine[row]))
    observed = (*trust.REQUIRED, "magnification", "loss_final")
    found = numpy_run.run(job._replace(variables=observed), initial, parameters)
    assert (found["loss_final"] == 0.0).all() and (found["period"] == 0).all()
    assert (trust.classify(found, limits) == trust.CODES["rounding"]).all()


@pytest.mark.parametrize(
    ("rule", "start", "held"),
    [
        ("linear_warmup", (0.7044016665599067, 0.5533355363130119, 0.5893228049865568), True),  # last bits swing
        ("linear_warmup", (1.490979580004229, 0.7938105061723442, 0.41745873932295713), True),
        ("linear_warmup", (1.490979580004229, 0.7938105061723442, 0.1), False),  # rests below the edge
        ("gd", (1.490979580004229, 0.7938105061723442, 0.7), False),  # swings above it
    ],
)
def test_a_run_is_held_where_only_rounding_keeps_it(rule, start, held):
    model = models.get("quartic", rule)
    x, y, eta = start
    given = {"eta": eta} | ({"warmup_steps": 50.0} if rule != "gd" else {})
    initial, parameters = columns(model, x=[x], y=[y], **given)
    assert Trajectory(Job(model, (), 600, 1e-12), {}, initial, parameters, 0).is_held() == held

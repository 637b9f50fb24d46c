"""Functions that are written by hand are held to those that are derived from the loss, function by function."""

import pytest

from eos_sweep import models
from eos_sweep.conformance.by_hand import check_by_hand, derived_from_loss
from eos_sweep.conformance.requirements import ConformanceError
from eos_sweep.contract import is_array
from helpers.own_modules import BY_HAND, written

LANES = [name for name in models.TABLE if not is_array(models.get(name))]
NO_FORMULA = {"uv", "linear_net"}  # maps of products of the weights, whose loss is no formula of these alone


@pytest.fixture
def own(tmp_path, monkeypatch):
    yield from written(tmp_path, monkeypatch)


def test_the_models_of_the_table_give_their_losses_as_formulas():
    assert {name for name in LANES if derived_from_loss(models.get(name)) is None} == NO_FORMULA


@pytest.mark.parametrize(("right", "wrong", "function"), [
    ("eta * (x * (x * x - 1.0))", "eta * (x * (x * x - 1.0000000001))", "step of x"),
    ("0.25 * ((x * x - 1.0)", "0.2500000001 * ((x * x - 1.0)", "loss"),
    ("3.0 * x * x - 1.0", "3.0 * x * x - 1.0000000001", "hessian"),
    ("(3.0 * (x * x) - 1.0)", "(3.0 * (x * x) - 1.0000000001)", "sharpness"),
    ("(1.0 - curvature(theta, p)[0]) * v[0]", "(1.0000000001 - curvature(theta, p)[0]) * v[0]", "tangent of x"),
])  # fmt: skip
def test_a_difference_in_the_tenth_digit_is_found(own, right, wrong, function):
    text = BY_HAND.replace("TITLE", 'LOSS = "(x**2 - 1)**2/4"\nTITLE', 1)
    assert text.count(right) == 1
    check_by_hand(own("right_well", text))
    with pytest.raises(ConformanceError, match=f"^{function}.*derived from the loss.*x = "):
        check_by_hand(own(f"wrong_{function.replace(' ', '_')}", text.replace(right, wrong)))


def test_without_a_text_the_function_is_recorded(own):
    derived = derived_from_loss(own("recorded_well", BY_HAND))
    assert derived is not None and derived.CARRIED == ()

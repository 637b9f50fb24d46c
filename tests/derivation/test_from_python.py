"""``eos_sweep.model``: a formula from Python, as text or as a function."""

import pytest

import eos_sweep
from eos_sweep.errors import InputError, visible


def well(x, y, a=1.0):
    return (x**2 - 1) ** 2 / 4 + a * x * y**2 / 2


TEXT = "(x**2 - 1)**2/4 + a*x*y**2/2"


def test_a_function_and_its_text_are_the_same_model():
    assert eos_sweep.model(well, ["x", "y"]) == eos_sweep.model(TEXT, ["x", "y"], {"a": 1.0})


def test_a_default_of_an_argument_is_that_of_the_input_unless_it_is_told_otherwise():
    assert eos_sweep.model(well, ["x", "y"], {"a": {"above": 0}}).parameters["a"].default == 1.0
    assert eos_sweep.model(well, ["x", "y"], {"a": {"default": 3.0}}).parameters["a"].default == 3.0
    assert eos_sweep.model(well, ["x", "y"], {"a": 3.0}).parameters["a"].default == 3.0
    assert eos_sweep.model(lambda x=2.0: x * x, ["x"]).state["x"].default == 2.0


def test_lines_may_be_functions():
    told = {"one": lambda eta, a: eta * a / 2, "two": {"ratio": lambda a: a + 1, "label": "two"}}
    lines = eos_sweep.model(well, ["x", "y"], lines=told).lines
    assert lines["one"].ratio == "eta*a/2" and (lines["two"].ratio, lines["two"].label) == ("a + 1", "two")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((TEXT, "xy"), "model.state: got 'xy'"),
        (({"a": 1}, ["x"]), "model.loss: got {'a': 1}"),
        ((None, ["x"]), "model.loss: missing"),
        ((well, None), "model.state: missing"),
        ((well, ["x", "x"]), "got 'x' more than once"),
        ((well, ["x"], {"q": 1}), "model.parameters.q: neither the loss"),
        ((well, ["x"], [1]), "model.parameters: got [1]"),
        ((well, [["x"], "x"]), "model.state: got ['x']"),
        ((lambda *x: 1, ["x"]), "name each of its arguments"),
        ((lambda **x: 1, ["x"]), "name each of its arguments"),
        ((lambda x, a=None: a * x, ["x"]), "model.parameters.a.default: got None"),
        ((lambda x=(): x * x, ["x"]), "model.state.x.default: got ()"),
        ((lambda x: x if x > 0 else -x, ["x"]), "np.where"),
        ((lambda x: 1 / 0, ["x"]), "ZeroDivisionError"),
        ((print, ["x"]), "model.loss"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments, words):
    with pytest.raises(InputError) as caught:
        eos_sweep.model(*arguments)
    message = str(caught.value)
    assert words in message and visible(message) == message

"""``eos_sweep.model``: a formula from Python, as text or as a function."""

import numpy as np
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


def repeated(count):
    def loss(y, w):
        for _ in range(count):
            y = y + 0.1 * np.tanh(w * y)
        return y * y

    return loss


def nested(count):
    def loss(y, w):
        found = w * y
        for k in range(count):
            found = np.where(y > k, k * y, found)
        return found**2

    return loss


LONG = "written out as a formula, the function has more than 100000 characters, since a value that it uses twice"
DEEP = "written out as a formula, the function is nested in more than 100 levels; repeat less"


@pytest.mark.parametrize(("loss", "words"), [(repeated(20), LONG), (nested(200), DEEP)])
def test_a_function_that_is_too_large_is_told_of_as_a_function(loss, words):
    for what, given in (("model.loss", {"loss": loss}), ("model.lines.edge", {"loss": well, "lines": {"edge": loss}})):
        with pytest.raises(InputError) as caught:
            eos_sweep.model(state=["x", "y"] if given["loss"] is well else ["y"], **given)
        message = str(caught.value)
        assert message.startswith(f"{what}: {words}")
        assert ("in a module, see docs/models.md" in message) == (what == "model.loss")
        assert "column" not in message and visible(message) == message
    eos_sweep.model(repeated(8), ["y"])


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
        ((well, ["x", "z"]), "model.state: got 'z', which is no argument of the function; there are: x, y, a"),
        (
            (well, {"x": 1.0, "yy": {}}),
            "model.state: got 'yy', which is no argument of the function; did you mean 'y'?",
        ),
        ((lambda theta, p: theta[0], ["x"]), "model.state: got 'x', which is no argument of the function"),
        (("abs(x)", ["x"]), "model.loss: abs at column 1 is not twice differentiable"),
        ((lambda x: abs(x) + x * x, ["x"]), "model.loss: abs at column 1 is not twice differentiable"),
        (("x/(1 - 1)", ["x"]), "model.loss: divides by zero"),
        (("x**2", ["x"], None, "guard", "z"), "model.guard: no coordinate 'z'; there are: x"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments, words):
    with pytest.raises(InputError) as caught:
        eos_sweep.model(*arguments[:3], **dict([arguments[3:]] if arguments[3:] else []))
    message = str(caught.value)
    assert words in message and visible(message) == message

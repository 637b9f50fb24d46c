"""The definition of a model by a formula: what it completes, how it survives a round trip, what it refuses."""

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eos_sweep.derivation.definition import Formula, fingerprint
from eos_sweep.errors import InputError, SpecError, visible

WELL = {"loss": "(x**2 - 1)**2/4 + a*x*y**2/2", "state": ["x", "y"]}
FULL = {
    "name": "my_well",
    "loss": "(x**2 - 1)**2/4 + a*x*y**2/2 + mean(i, (x*u[i] - v[i])**2)",
    "state": {"x": {"default": 1.0, "symbol": "x₁", "long_name": "first weight"}, "y": {"least": -2, "most": 2}},
    "parameters": {"eta": 0.1, "a": {"above": 0, "default": math.inf, "symbol": "α"}, "b": "sqrt(2)"},
    "guard": "x",
    "title": "A well",
    "reference": "unpublished notes",
    "presets": {"a": {"paper": 0.5, "limit": "1/3"}},
    "lines": {"doubling": "eta*a/2", "other": {"ratio": "b*x", "label": "b x = 1", "meaning": "nothing"}},
    "data": {"u": [0.1, 0.2], "v": np.array([1.0, -2.0])},
    "trial": {"x": "uniform(-1, 1)", "a": 2},
}


def well(**changes):
    return Formula.from_dict(WELL | changes)


def test_names_of_the_loss_that_are_no_coordinates_are_parameters_and_the_step_size_comes_last():
    formula = Formula.from_dict({"loss": "eta*c*x + b*c*y**2", "state": ["y", "x"], "lines": {"line": "d*eta"},
                                 "parameters": {"eta": 1, "d": 2.0, "b": {}}})  # fmt: skip
    assert list(formula.state) == ["y", "x"]
    assert list(formula.parameters) == ["c", "b", "d", "eta"]
    assert formula.parameters["eta"].default == 1.0 and formula.parameters["c"].default is None


def test_the_step_size_is_above_zero_whatever_is_told_of_it():
    assert well().parameters["eta"].above == 0.0
    assert well(parameters={"eta": {"above": -1}}).parameters["eta"].above == 0.0
    assert well(parameters={"eta": {"above": 1}}).parameters["eta"].above == 1.0


def test_constants_are_no_parameters():
    assert list(Formula.from_dict({"loss": "pi*e*x**2", "state": ["x"]}).parameters) == ["eta"]


def test_a_round_trip_through_strict_json_keeps_everything():
    formula = Formula.from_dict(FULL)
    text = json.dumps(formula.to_dict(), allow_nan=False)
    again = Formula.from_dict(json.loads(text))
    assert again == formula and hash(again) == hash(formula)
    assert again.parameters["a"].default == math.inf and again.lines == formula.lines and again.data == formula.data
    assert json.dumps(again.to_dict()) == text
    assert pickle.loads(pickle.dumps(formula)) == formula
    assert Formula.from_dict(well().to_dict()).to_dict() == {"name": "formula"} | WELL


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "((x**2-1)**2)/4 +\n a*x*(y**2)/2"},
        {"name": "other", "title": "t", "reference": "r"},
        {"parameters": {"a": {"default": 1, "most": 9, "symbol": "α"}, "eta": 1}},
        {"lines": {"l": "eta*a"}, "presets": {"a": {"p": 1}}, "trial": {"a": 1}},
    ],
)
def test_words_defaults_and_layout_do_not_count_for_the_identity(change):
    values = [{key: value for key, (value, _) in one.identity.items()} for one in (well(), well(**change))]
    assert values[0] == values[1] and well() != well(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "(x**2 - 1)**2/4 + a*x*y**2/3"},
        {"loss": "a*x*y**2/2 + (x**2 - 1)**2/4"},
        {"loss": "(x**2 - 1)**2/4 + b*x*y**2/2"},
        {"state": ["y", "x"]},
        {"guard": "x"},
    ],
)
def test_what_determines_the_numbers_is_in_the_identity(change):
    assert well().identity != well(**change).identity and well() != well(**change)


def test_numbers_of_a_table_are_part_of_the_identity():
    one, other = (Formula.from_dict(FULL | {"data": {"u": [0.1, 0.2], "v": [1, k]}}) for k in (-2, 2))
    assert fingerprint(one.tree) != fingerprint(other.tree)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"los": 1}, "model.los: unknown key"),
        ({"loss": 3}, "model.loss: got 3; give a formula"),
        ({"loss": ""}, "model.loss: got ''"),
        ({"loss": "x*y +"}, "model.loss"),
        ({"loss": "x*y*if"}, "model.loss"),
        ({"loss": "x*y*seed"}, "model.loss: the name 'seed' has a meaning"),
        ({"loss": "x*y*_a"}, "model.loss"),
        ({"state": "x"}, "model.state: got 'x'"),
        ({"state": []}, "model.state: got no names"),
        ({"state": ["x", "x", "y"]}, "model.state: got 'x' more than once"),
        ({"state": ["x", "y", "z"]}, "'z' is not in the loss"),
        ({"state": ["x", "y", "eta"]}, "'eta' is the step size"),
        ({"state": ["x", "y", "tanh"]}, "the name 'tanh' has a meaning"),
        ({"state": ["x", "y", "lambda"]}, "the name 'lambda' has a meaning"),
        ({"state": ["x", "y", "é"]}, "give a name of at most"),
        ({"state": ["x", "y", 3]}, "model.state: got 3"),
        ({"state": [f"x{k}" for k in range(9)]}, "got 9 coordinates; a formula has at most 8"),
        ({"state": {"x": 1, "y": {"defalt": 1}}}, "model.state.y: unknown key, got 'defalt'; did you mean 'default'?"),
        ({"state": {"x": math.nan, "y": 1}}, "model.state.x: got nan"),
        ({"state": {"x": {"most": "high"}, "y": 1}}, "model.state.x.most: got 'high'"),
        ({"state": {"x": {"symbol": "a\nb"}, "y": 1}}, "model.state.x: got symbol"),
        ({"state": {"x": {"symbol": "s" * 61}, "y": 1}}, "model.state.x: got symbol"),
        ({"parameters": ["a"]}, "model.parameters: got ['a']"),
        ({"parameters": {"b": 1}}, "model.parameters.b: neither the loss nor a line has it"),
        ({"parameters": {"x": 1}}, "model.parameters: 'x' is one of model.state, too"),
        ({"parameters": {"a": True}}, "model.parameters.a: got True"),
        ({"parameters": {"a": {"above": 1, "most": 1}}}, "model.parameters.a: no number is above 1 and at most 1"),
        ({"parameters": {"eta": {"most": 0}}}, "model.parameters.eta: no number is above 0"),
        ({"guard": "z"}, "model.guard: no coordinate 'z'"),
        ({"guard": 1}, "model.guard: got 1"),
        ({"name": "a b"}, "model.name: got 'a b'"),
        ({"title": "\x1b[31m"}, "model: got title"),
        ({"title": "t" * 301}, "model: got title"),
        ({"presets": {"z": {"p": 1}}}, "model.presets: no input 'z'"),
        ({"presets": {"a": 1}}, "model.presets: got"),
        ({"presets": {"a": {"p q": 1}}}, "model.presets.a: got 'p q'"),
        ({"trial": {"z": 1}}, "model.trial: no input 'z'"),
        ({"lines": {"l": "eta*z"}}, "model.lines.l: no parameter or coordinate 'z'"),
        ({"lines": {"l": "eta*"}}, "model.lines.l"),
        ({"lines": {"l": 1}}, "model.lines.l: got 1"),
        ({"lines": {"l": {"label": "x"}}}, "model.lines.l: got no ratio"),
        ({"lines": {"l": {"ratio": "eta", "colour": "red"}}}, "model.lines.l: unknown key, got 'colour'"),
        ({"data": {"u": [1, math.inf]}}, "model.data.u[1]: got inf"),
        ({"data": {"u": [1.0]}}, "model.data.u: the loss has no u[i]; remove it"),
        ({"data": {"u": []}}, "model.data.u: got 0 of them"),
        ({"data": {"u": "abc"}}, "model.data.u: got 'abc'"),
        ({"data": {"x": [1.0]}}, "model.data: 'x' is one of model.state, too"),
        ({"loss": "x*y*sum(i, u[i])"}, "model.loss"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_the_place(change, words):
    with pytest.raises(InputError) as caught:
        well(**change)
    message = str(caught.value)
    assert words in message and "\n" not in message and visible(message) == message
    assert len(message) < 400


def test_nothing_at_all_lacks_the_loss():
    with pytest.raises(SpecError, match=r"model\.loss: missing"):
        Formula.from_dict({})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(list(Formula.model_fields)), PLAIN)
def test_any_value_of_a_key_is_taken_or_refused_in_one_line(key, value):
    try:
        formula = well(**{key: value})
    except InputError as error:
        assert visible(str(error)) == str(error)
    else:
        assert Formula.from_dict(json.loads(json.dumps(formula.to_dict(), allow_nan=False))) == formula

"""The key ``rule`` of a specification: what it may be, what it means for the identity of a sweep, how errors read."""

import json

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep import models
from eos_sweep.analysis.pictures.theory_lines import critical_lines
from eos_sweep.errors import SpecError
from eos_sweep.spec.comparison import differences, extends
from eos_sweep.spec.sweeps import Sweep, load_spec
from helpers.ruled_sweeps import SPEC, changed
from helpers.specs import PLAIN
from helpers.stores import toml

TWO = {"rule": "two_sample", "axes": {"eta": [1.0]}}
BAD = [
    ({"rule": 3}, 'rule: got 3; give a text such as "heavy_ball + l2"'),
    ({"rule": True}, "rule: got True; give a text"),
    ({"rule": {"heavy_ball": 1}}, "rule: got {'heavy_ball': 1}; give a text"),
    ({"rule": []}, "rule: got []; give a text"),
    ({"rule": ["l2", 3]}, "rule: got ['l2', 3]; give a text"),
    ({"rule": ""}, "rule: got ''; give names joined by +"),
    ({"rule": "heavy_bal"}, "rule: no update rule 'heavy_bal'; did you mean 'heavy_ball'?"),
    ({"rule": "sam + adam"}, "rule: got sam and adam; give one of them"),
    ({"rule": "l2 + l2"}, "rule: got 'l2' twice"),
    ({"rule": "l2 + decoupled_decay"}, "both have the parameter weight_decay"),
    ({"model": "uv", "parameters": {"a": None}, "initial": {"x": None}}, "the coordinates of uv are no weights"),
    ({"model": {"loss": "(x - momentum)**2/2", "state": ["x"]}}, "rule: heavy_ball has a parameter momentum, and so"),
    (
        {"model": {"loss": "(x - velocity_x)**2/2", "state": ["x", "velocity_x"]}, "initial": {"velocity_x": 1.0}},
        "rule: heavy_ball keeps a number velocity_x, and ",
    ),
    (
        {"rule": None},
        "axes.momentum: well has no 'momentum', and no expression uses it; it is a parameter of heavy_ball",
    ),
    (
        {"rule": None, "axes": {"eta": [1.0]}, "parameters": {"momentum": 0.5}},
        "parameters.momentum: got 0.5, but the model has no 'momentum'; it is a parameter of heavy_ball, nesterov; "
        'give rule = "heavy_ball"',
    ),
    ({"parameters": {"weight_decay": 0.1}}, 'it is a parameter of l2, decoupled_decay; give rule = "heavy_ball + l2"'),
    ({"rule": "l2", "axes": {"eta": ["x"]}}, "axis 'eta': got ['x']"),
    ({"parameters": {"a": "momentu"}}, "parameters.a: no preset or name 'momentu'; did you mean 'momentum'?"),
    ({"axes": {"eta": [1.0], "momentum": [0.5, 1.5]}}, "axis 'momentum': got 1.5; the momentum must be"),
    ({"axes": {"eta": [1.0]}, "parameters": {"momentum": -0.1}}, "parameters.momentum: got -0.1; the momentum must be"),
    (TWO | {"parameters": {"seed": -1}}, "parameters.seed: got -1.0; the seed"),
    (TWO | {"parameters": {"seed": 1.5}}, "parameters.seed: got 1.5; the seed"),
    (TWO | {"parameters": {"seed": 2**53}}, "parameters.seed: got 9007199254740992.0; the seed"),
    (TWO | {"axes": {"eta": [1.0], "seed": [2**53]}}, "axis 'seed': got 9007199254740992.0"),
    (TWO | {"axes": {"eta": [1.0], "seed": [0.5]}}, "axis 'seed': got 0.5; give whole numbers"),
]


@pytest.mark.parametrize(("changes", "problem"), BAD, ids=[str(k) for k in range(len(BAD))])
def test_a_mistake_is_one_line(changes, problem):
    with pytest.raises(SpecError) as error:
        Sweep.from_dict(changed(**changes))
    assert problem in str(error.value) and "\n" not in str(error.value)


def test_the_rule_comes_back_from_json_and_from_a_file(tmp_path):
    sweep = Sweep.from_dict(changed(rule=["l2", "heavy_ball"], parameters={"weight_decay": 1e-4}))
    assert sweep.rule == "heavy_ball + l2" and sweep.sources["weight_decay"] == 1e-4
    again = Sweep.from_dict(json.loads(json.dumps(sweep.to_dict(), allow_nan=False)))
    assert again == sweep and again.hash == sweep.hash and again.module is sweep.module
    assert load_spec(toml(tmp_path / "s.toml", sweep.to_dict())) == sweep


def test_a_sweep_of_gradient_descent_says_nothing_of_rules():
    plain, named = Sweep.from_dict(PLAIN), Sweep.from_dict(PLAIN | {"rule": "gd"})
    assert "rule" not in named.to_dict() and plain == named and plain.hash == named.hash
    assert not [key for key in plain.identity if "rule" in key]


def test_another_rule_is_another_sweep_and_a_longer_axis_of_its_parameter_an_extension():
    sweep = Sweep.from_dict(SPEC)
    other = Sweep.from_dict(changed(rule="nesterov"))
    assert differences(sweep, other) == ["rule: heavy_ball -> nesterov"]
    plain = Sweep.from_dict(changed(rule=None, axes={"eta": SPEC["axes"]["eta"]}))
    assert "rule: none -> heavy_ball" in differences(plain, sweep)
    axes = {**SPEC["axes"], "momentum": [*SPEC["axes"]["momentum"], 0.75]}
    assert extends(sweep, Sweep.from_dict(changed(axes=axes)))
    assert not extends(sweep, Sweep.from_dict(changed(axes=axes, rule="nesterov")))


def test_a_seed_of_an_axis_and_one_of_a_rule_are_the_same():
    sweep = Sweep.from_dict(changed(**TWO) | {"axes": {"seed": [0.0, 3.0], "eta": [1.0]}})
    _, parameters = sweep.inputs({"seed": sweep.axis("seed").values, "eta": 1.0})
    assert parameters["seed"].tolist() == [0.0, 3.0]


@pytest.mark.parametrize(
    ("rule", "given", "edge"),
    [
        ("heavy_ball", {"momentum": 0.5}, lambda eta: 2 * 1.5 / eta),
        ("nesterov", {"momentum": 0.5}, lambda eta: 2 * 1.5 / (2 * eta)),
        ("heavy_ball + l2", {}, None),  # its gradient flow ends elsewhere
        ("gd + linear_warmup", {"warmup_steps": 50.0}, lambda eta: 2 / eta),
        ("rmsprop", {}, None),
        ("sam", {}, None),
    ],
)
def test_a_line_at_the_edge_is_at_that_of_the_rule_and_others_are_left_out(rule, given, edge):
    line = {"ratio": "eta*a/2", "label": "start", "edge": True}
    formula = eos_sweep.model("a*x**2/2", ["x"], {"a": {}}, lines={"at_edge": line, "other": "eta*a/4"})
    values = {"eta": np.array([0.1, 0.4]), "a": np.array([3.0, 7.0]), "x": np.ones(2), **given}
    assert [one.name for one in models.get(formula).LINES] == ["at_edge", "other"]
    found = models.get(formula, rule).LINES
    if edge is None:
        assert found == ()
    else:
        assert [one.name for one in found] == ["at_edge"]
        np.testing.assert_allclose(found[0].ratio(values), values["a"] / edge(values["eta"]), rtol=1e-14)


def test_no_line_is_drawn_between_two_whole_numbers():
    axes = {"warmup_steps": [1.0, 2.0, 4.0], "eta": [0.1, 0.2, 0.4]}
    for rule, axis, some in (("gd + linear_warmup", "warmup_steps", False), ("gd + linear_warmup", "x", True)):
        used = {axis: axes.get(axis, [0.3, 0.5, 0.7]), "eta": axes["eta"]}
        initial = {name: 0.5 for name in ("x", "y") if name not in used}
        given = {"model": "quartic", "rule": rule, "steps": 5, "axes": used, "initial": initial}
        sweep = Sweep.from_dict(given)
        piece = xr.Dataset(coords={one.name: one.values for one in sweep.axes})
        assert bool(critical_lines(piece, "eta", axis, sweep)) == some

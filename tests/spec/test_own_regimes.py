"""Regimes of a user's own: their place in the order, their codes, what their rules may read, and what is refused."""

import json

import numpy as np
import pytest

from eos_sweep import models, regimes
from eos_sweep.errors import InputError, SpecError
from eos_sweep.rules import FIRST_OWN_CODE
from eos_sweep.spec import own_regimes
from eos_sweep.spec.sweeps import Sweep
from helpers.regime_examples import CALM, DIVERGED, FLIPPED, HOVERED

KNOWN = own_regimes.known_to(models.get("quadratic"), ())
STOCK = [rule.regime for rule in regimes.RULES]


def order(given):
    limits = regimes.thresholds(own=own_regimes.rules(given, KNOWN))
    return [rule.regime for rule in regimes.ordered(limits)]


def label(given, *changes, **more):
    """The regime of a made-up trajectory, with rules of one's own."""
    values = dict(CALM)
    for change in changes:
        values |= change
    limits = regimes.thresholds(own=own_regimes.rules(given, KNOWN))
    arrays = {name: np.array([value]) for name, value in (values | more).items()}
    return regimes.names(limits)[int(regimes.classify(arrays, limits)[0])]


def test_a_rule_comes_behind_divergence_or_where_it_says():
    assert order({"a": "crossings > 5", "b": "crossings > 6"}) == ["divergence", "a", "b", *STOCK[1:]]
    assert order({"a": {"rule": "crossings > 5", "before": "divergence"}}) == ["a", *STOCK]
    assert order({"a": {"rule": "crossings > 5", "after": STOCK[-1]}}) == [*STOCK, "a"]
    given = {"a": {"rule": "crossings > 5", "before": "stable"}, "b": {"rule": "crossings > 4", "before": "stable"}}
    assert [name for name in order(given) if name not in STOCK or name == "stable"] == ["a", "b", "stable"]
    assert order({"a": "crossings > 5", "b": {"rule": "crossings > 4", "before": "a"}})[:3] == ["divergence", "b", "a"]


def test_the_first_rule_that_holds_decides():
    rule = "crossings > 1 and sharpness_max < 2 * sharpness_initial"
    assert label({"mine": rule}, HOVERED) == "mine"
    assert label({"mine": rule}, HOVERED, FLIPPED) == "mine"
    assert label({"mine": rule}, HOVERED, DIVERGED) == "divergence"
    assert label({"mine": {"rule": rule, "after": "sign_flip"}}, HOVERED, FLIPPED) == "sign_flip"
    assert label({"mine": {"rule": rule, "before": "divergence"}}, HOVERED, DIVERGED) == "mine"
    assert label({"mine": rule}, HOVERED, {"outcome": 0}) == "not_computed"
    assert label({"mine": "not outcome == 0"}, {"outcome": 0}) == "not_computed"


def test_a_rule_reads_inputs_and_thresholds():
    given = {"mine": "eta * sharpness_max > 10 * growth and theta1 < 2"}
    rule = own_regimes.rules(given, KNOWN)[0]
    assert (rule.reads, rule.inputs) == (("sharpness_max",), ("eta", "theta1"))
    assert label(given, eta=1.1, theta1=1.0) == "mine"
    assert label(given, eta=1.0, theta1=1.0) == "stable"
    assert label(given, eta=1.1, theta1=3.0) == "stable"


@pytest.mark.parametrize(("rule", "first_crossing", "holds"), [
    ("first_crossing < 5", -1, False), ("first_crossing < 5", 0, True), ("first_crossing < 5", 5, False),
    ("first_crossing >= -1", -1, True), ("first_crossing == -1", -1, True), ("first_crossing == -1", 3, False),
    ("first_crossing != -1", -1, False), ("not first_crossing < 5", -1, True), ("first_crossing + 1 < 5", -1, False),
    ("-1 == first_crossing", -1, True),
])  # fmt: skip
def test_an_event_that_never_came_is_in_no_comparison_but_with_minus_one(rule, first_crossing, holds):
    found = label({"mine": rule}, first_crossing=first_crossing)
    assert (found == "mine") == holds


def test_a_regime_keeps_its_code_when_others_change():
    first = own_regimes.rules({"a": "crossings > 5", "b": "crossings > 6"}, KNOWN)
    assert [rule.code for rule in first] == [FIRST_OWN_CODE, FIRST_OWN_CODE + 1]
    assert FIRST_OWN_CODE > max(regimes.CODES.values())
    without = own_regimes.changed(first, {"a": ""}, KNOWN)
    assert [(rule.regime, rule.code) for rule in without] == [("b", FIRST_OWN_CODE + 1)]
    more = own_regimes.changed(without, {"c": "crossings > 7", "b": "crossings > 8"}, KNOWN)
    assert [(rule.regime, rule.code) for rule in more] == [("b", FIRST_OWN_CODE + 1), ("c", FIRST_OWN_CODE + 2)]
    assert more[0].words == "crossings > 8"


def test_rules_are_read_again_from_their_text():
    given = {"a": {"rule": "crossings>5", "before": "stable", "colour": "#FF2D8D", "label": "many"}, "b": "eta < 1"}
    limits = regimes.thresholds(own=own_regimes.rules(given, KNOWN))
    again = own_regimes.rules(json.loads(limits.json())["regimes"], KNOWN)
    assert regimes.attributes(regimes.thresholds(own=again)) == regimes.attributes(limits)
    assert [rule.given for rule in again] == [rule.given for rule in limits.own]
    assert json.loads(regimes.thresholds().json()) == dict(regimes.thresholds()), "as before without any"


def test_the_attributes_say_all():
    given = {"a": {"rule": "crossings > 5", "colour": "#FF2D8D", "label": "many crossings"}, "b": "eta < 1"}
    about = regimes.attributes(regimes.thresholds(own=own_regimes.rules(given, KNOWN)))
    assert about["flag_meanings"].split()[-2:] == ["a", "b"] and about["flag_values"][-2:] == [64, 65]
    assert "; a: many crossings (crossings > 5); b: eta < 1; sign_flip" in about["rules"]
    assert about["flag_colours"] == "a:#FF2D8D"


@pytest.mark.parametrize(("given", "problem"), [
    ({"mine": 3}, "regimes.mine: rule is 3; give a condition in quotes"),
    ({"mine": {}}, "regimes.mine: no rule; give a condition"),
    ({"mine": "crossings"}, "regimes.mine: a number stands where a condition is needed"),
    ({"mine": "crosings > 5"}, "regimes.mine: no observable, input or threshold 'crosings' at column 1; did you mean"),
    ({"mine": "crossings >"}, "regimes.mine: a number or a name is missing at column 12"),
    ({"mine": "max(loss) > 1"}, "regimes.mine: "),
    ({"stable": "crossings > 5"}, "regimes.stable: there is a regime 'stable' already"),
    ({"not_computed": "crossings > 5"}, "there is a regime 'not_computed' already"),
    ({"two words": "crossings > 5"}, "no name of a regime"),
    ({"m": {"rule": "eta > 1", "before": "catapul"}}, "m.before: no regime 'catapul'; did you mean 'catapult'?"),
    ({"m": {"rule": "eta > 1", "before": "stable", "after": "stable"}}, "both before and after are given"),
    ({"m": {"rule": "eta > 1", "color": "#FF0000"}}, "regimes.m.color: unknown key, got '#FF0000'; did you mean"),
    ({"m": {"rule": "eta > 1", "colour": "red"}}, "regimes.m.colour: got 'red'"),
    ({"m": {"rule": "eta > 1", "code": 3}}, "regimes.m.code: got 3; give a whole number from 64 to 127"),
    ({"m": {"rule": "eta > 1", "code": True}}, "regimes.m.code: got True"),
    ({"a": {"rule": "eta > 1", "code": 64}, "b": {"rule": "eta > 1", "code": 64}}, "regimes.b.code: got 64"),
    ({"m": {"rule": "eta > 1", "label": "a\nb"}}, "regimes.m.label: got"),
    ({f"r{k}": "eta > 1" for k in range(40)}, "regimes: 40 regimes; give at most 32"),
    ({"m": "eta > 1" + " and eta > 1" * 200}, "characters are too many"),
    ({"m": "eta > 1 / 0"}, "regimes.m: divides by zero"),
    ({"m": "sum(crossings) > 1"}, "regimes.m: sum has no data to run over at column 1"),
    ({"m": "(" * 300 + "eta > 1" + ")" * 300}, "levels of parentheses"),
])  # fmt: skip
def test_a_wrong_rule_is_refused_in_one_line(given, problem):
    with pytest.raises(InputError) as error:
        own_regimes.rules(given, KNOWN)
    assert problem in str(error.value) and "\n" not in str(error.value)
    with pytest.raises(SpecError, match=r"regimes"):
        Sweep.from_dict(SPEC | {"regimes": given})


SPEC = {"model": "quadratic", "steps": 5, "axes": {"eta": [0.1]}, "parameters": {"a1": 1}, "initial": {"theta1": 1}}


def test_what_a_rule_reads_is_stored_by_itself():
    plain = Sweep.from_dict(SPEC)
    sweep = Sweep.from_dict(SPEC | {"regimes": {"mine": "plateau_steps > 5 or loss_max > 3"}})
    assert set(sweep.variables) - set(plain.variables) == {"plateau_steps"}
    same = Sweep.from_dict(SPEC | {"regimes": {"mine": "loss_max > 3"}})
    assert same.hash == plain.hash, "a rule alone changes no number"
    assert Sweep.from_dict(same.to_dict()) == same and same.limits.own[0].words == "loss_max > 3"
    with pytest.raises(SpecError, match=r"^regimes.mine: "):
        Sweep.from_dict(SPEC | {"regimes": {"mine": "nothing > 3"}})
    assert "mine" not in regimes.CODES

"""Texts that name rules, what each rule tells about itself, and texts that name none."""

import inspect
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eos_sweep.contract import Quantity
from eos_sweep.errors import InputError
from eos_sweep.update_rules import composed
from eos_sweep.update_rules.composed import BASES, CLOCK, MODIFIERS, parse

PARTS = [*BASES, *MODIFIERS]
HOOKS = "labels", "gradient", "shift", "rate", "tick", "decay", "limited", "bound", "settles", "clips"
NO_RULES = "__init__", "arithmetic", "composed", "interface", "words"


@st.composite
def parts_of_a_rule(draw):
    """At most one base and modifiers in any order, without two that share a parameter."""
    base = draw(st.one_of(st.none(), st.sampled_from(BASES)))
    names = draw(st.lists(st.sampled_from(MODIFIERS), unique=True, min_size=0 if base else 1))
    if "l2" in names and "decoupled_decay" in names:
        names.remove("l2")
    if base == "two_sample" and "gradient_noise" in names:
        base = "gd"
    return draw(st.permutations([*names, *([base] if base else [])]))


@settings(max_examples=100, deadline=None)
@given(parts=parts_of_a_rule(), space=st.sampled_from(["", " ", "  ", "\t"]))
def test_the_order_of_the_parts_and_spaces_do_not_matter(parts, space):
    rule = parse(f"{space}+{space}".join(parts))
    assert parse(str(rule)) == rule
    assert set(rule.names) == {*parts} | ({"gd"} if not set(parts) & set(BASES) else set())
    assert rule.names[0] in BASES and list(rule.names[1:]) == sorted(rule.names[1:], key=MODIFIERS.index)
    assert rule == parse(" + ".join(reversed(parts)))
    assert rule.parameters.keys() == {name for part in rule.parts for name in part.PARAMETERS}


@settings(max_examples=100, deadline=None)
@given(text=st.one_of(
    st.text(), st.lists(st.sampled_from([*PARTS, "", "l3", "+"]), max_size=4).map("+".join)
))  # fmt: skip
def test_any_text_is_a_rule_or_is_refused_in_one_line(text):
    try:
        rule = parse(text)
    except InputError as error:
        assert (
            str(error).startswith("rule: ") and "; " in str(error) and "\n" not in str(error) and len(str(error)) < 420
        )
    else:
        assert parse(str(rule)) == rule


@pytest.mark.parametrize(("text", "message"), [
    ("", "rule: got ''; give names joined by +, such as heavy_ball + l2"),
    ("l2 +", "rule: got 'l2 +'; give names joined by +, such as heavy_ball + l2"),
    ("l2 + + sam", "rule: got 'l2 + + sam'; give names joined by +, such as heavy_ball + l2"),
    ("heavyball", "rule: no update rule 'heavyball'; did you mean 'heavy_ball'?"),
    ("SAM", "rule: no update rule 'SAM'; there are: gd, heavy_ball"),
    ("l2 + l2", "rule: got 'l2' twice; give each part once"),
    ("adam + l2 + sam", "rule: got adam and sam; give one of them, and modifiers such as l2"),
    ("l2 + decoupled_decay", "rule: l2 and decoupled_decay both have the parameter weight_decay; give one of them"),
    ("gradient_noise + two_sample", "rule: two_sample and gradient_noise both have the parameter noise"),
])  # fmt: skip
def test_what_is_wrong_with_a_text_is_told(text, message):
    with pytest.raises(InputError) as refused:
        parse(text)
    assert str(refused.value).startswith(message)


def test_each_file_is_a_rule_of_the_tables():
    files = {path.stem for path in Path(composed.__file__).parent.glob("*.py")}
    assert files - set(NO_RULES) == set(PARTS) and len(PARTS) == len(set(PARTS))


@pytest.mark.parametrize("name", PARTS)
def test_a_rule_tells_what_it_is(name):
    part = composed.module(name)
    assert part.TITLE and part.EDGE and (part.REFERENCE or name in MODIFIERS)
    assert part.__doc__.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    for key, quantity in part.PARAMETERS.items():
        assert isinstance(quantity, Quantity) and quantity.long_name and quantity.symbol, key
        assert quantity.least <= quantity.default <= quantity.most and quantity.default > quantity.above
        assert not quantity.whole or float(quantity.default).is_integer()
        assert quantity.default in (0.0, math.inf) or quantity.sizes[0] <= quantity.default <= quantity.sizes[1]
    if name in BASES:
        assert isinstance(part.EDGE_OF_STATE, bool) and callable(part.update) and callable(part.edge)
        assert hasattr(part, "scaling") == hasattr(part, "SHARPNESS")
    else:
        assert any(hasattr(part, hook) for hook in HOOKS)
        assert hasattr(part, "gradient") == hasattr(part, "ORDER")
        assert hasattr(part, "tick") == bool(part.CLOCKS.keys() - {CLOCK})
    uses = inspect.getsource(part)
    assert any(draw in uses for draw in ("now.normals()", "now.sign()", "def labels(")) == ("seed" in part.PARAMETERS)
    assert ("seed" in part.PARAMETERS) <= (CLOCK in part.CLOCKS)

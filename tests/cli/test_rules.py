"""``eos-sweep rules``: the table of update rules, what is told of one, and that it says what the rules do."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from eos_sweep.cli.main import main
from eos_sweep.derivation.ruled.lines import edge_label
from eos_sweep.eigen.sharpness import UNTOLD
from eos_sweep.update_rules.composed import BASES, MODIFIERS, module, parse
from eos_sweep.update_rules.words import plain
from helpers.rule_runs import started


def told(*arguments):
    shown = CliRunner().invoke(main, ["rules", *arguments])
    assert (shown.exit_code, shown.stderr) == (0, "")
    return shown.stdout


def test_the_list_has_every_rule_with_its_parameters():
    lines = told().splitlines()
    assert [line.split()[0] for line in lines if re.match(r"  \w", line)] == [*BASES, *MODIFIERS]
    assert "".join(lines).index("Modifiers") > "".join(lines).index("two_sample")
    for name in (*BASES, *MODIFIERS):
        assert all(f"{parameter} = " in "\n".join(lines) for parameter in module(name).PARAMETERS)
    assert max(map(len, lines)) <= 120 and "\\" not in told()


@pytest.mark.parametrize("name", [*BASES, *MODIFIERS])
def test_what_is_told_of_a_rule(name):
    text, part = told(name), module(name)
    assert text.startswith(f"{name} ({'base rule' if name in BASES else 'modifier'})\n")
    assert part.__doc__.strip() in text and part.REFERENCE in text
    assert all(re.search(rf"  {key} .*default", text) for key in part.PARAMETERS)
    assert all(key in text for key in getattr(part, "MEMORY", ()))


def test_a_text_with_several_parts_tells_of_each():
    names = [
        line.split()[0] for line in told("l2 + heavy_ball").splitlines() if line.endswith("rule)") or "(mod" in line
    ]
    assert names == ["heavy_ball", "l2"]


def test_json_has_bounds_and_defaults():
    (facts,) = json.loads(told("adam", "--json"))
    assert (
        facts["parameters"]["decay2"]["default"] == 0.999 and facts["parameters"]["decay2"]["bounds"] == ">= 0 and < 1"
    )
    assert facts["memory"] == ["first_moment", "second_moment"] and facts["base"]
    assert len(json.loads(told("--json"))) == len(BASES) + len(MODIFIERS)
    assert json.loads(told("weight_bound", "--json"))[0]["parameters"]["weight_bound"]["default"] == "inf"


def test_what_is_no_rule_is_refused_in_one_line():
    for text in ("sgd", "adam + sam", "", "l2 +"):
        shown = CliRunner().invoke(main, ["rules", text])
        assert (shown.exit_code, shown.stdout) == (2, "")
        assert shown.stderr.startswith("eos-sweep: rule: ") and shown.stderr.count("\n") == 1


def evaluated(formula, names):
    """Return the number of a formula that ``plain`` made."""
    text = formula.replace("|g|", "g").replace(" ", "").replace("·", "*").replace("²", "**2").replace("√", "sqrt")
    text = text.replace("β₁ᵗ", "β1**t").replace("β₁", "β1").replace("ηₜ", "s")
    text = re.sub(r"(?<=[\w)])(?=[(ηgβρλ])", lambda found: "*", text)
    return eval(text.replace("sqrt*", "sqrt").replace("β*1", "β1"), {"sqrt": np.sqrt, **names})


@pytest.mark.parametrize("name", [*BASES, *MODIFIERS])
def test_the_edge_that_is_told_is_the_edge_of_the_rule(name):
    given = {
        "momentum": 0.7, "sam_radius": 0.2, "decay1": 0.8, "noise": 0.6, "weight_decay": 1.5, "warmup_steps": 9.0,
        "cosine_steps": 9.0, "drop_steps": 2.0, "root_steps": 3.0,
    }  # fmt: skip
    gradient = np.array([3.0, 4.0])
    chosen = {key: given[key] for key in module(name).PARAMETERS if key in given}
    run = started(
        name, lambda at: gradient, [0.0, 0.0], 0.1, normals=lambda step: gradient, sign=lambda step: 1.0, **chosen
    )
    run = run.steps(4)[-1]
    rate = run.step().x - run.x if name in MODIFIERS else np.ones(2)
    names = {"η": 0.1, "β": 0.7, "ρ": 0.2, "λ": 1.5, "c": 0.6, "β1": 0.8, "t": 5, "g": 5.0, "s": -rate[0] / 3.0}
    assert evaluated(plain(module(name).EDGE), names) == pytest.approx(run.edge, rel=1e-9)


@pytest.mark.parametrize("decay", ["l2", "decoupled_decay"])
@pytest.mark.parametrize("base", BASES)
def test_so_is_that_with_a_decay(base, decay):
    rule = parse(f"{base} + {decay}")
    given = {"momentum": 0.7, "sam_radius": 0.2, "decay1": 0.8, "noise": 0.6, "weight_decay": 1.5}
    run = started(
        str(rule), lambda at: np.array([3.0, 4.0]), [0.0, 0.0], 0.1, sign=lambda step: 1.0,
        **{key: given[key] for key in rule.parameters if key in given},
    )  # fmt: skip
    names = {"η": 0.1, "β": 0.7, "ρ": 0.2, "λ": 1.5, "c": 0.6, "β1": 0.8, "t": 1, "g": 5.0}
    label = edge_label(rule)
    if decay == "l2" or base in ("gd", "heavy_ball"):
        assert evaluated(plain(label), names) == pytest.approx(run.edge, rel=1e-9)
    else:
        assert label == UNTOLD

"""``eos-sweep models``, ``observables`` and ``thresholds`` list all that there is, of the package and of one's own."""

import itertools
import json

import pytest
from click.testing import CliRunner

from eos_sweep import models, observables, regimes
from eos_sweep.cli.main import main
from eos_sweep.contract import is_array
from helpers.stores import toml


def told(*arguments):
    shown = CliRunner().invoke(main, list(map(str, arguments)))
    assert (shown.exit_code, shown.stderr) == (0, "")
    return shown.stdout


def first_words(text):
    return [line.split()[0] for line in text.splitlines() if line[:3].strip() and line.startswith("  ")]


def test_the_models_are_those_of_the_table():
    assert first_words(told("models")) == list(models.TABLE)
    assert [one["name"] for one in json.loads(told("models", "--json"))] == list(models.TABLE)


@pytest.mark.parametrize("name", models.TABLE)
def test_a_model_tells_its_inputs_and_lines(name):
    model, text = models.get(name), told("models", name)
    lines = [line.name for line in getattr(model, "LINES", ())]
    assert first_words(text) == [*model.PARAMETERS, *model.STATE, *lines]
    assert max(map(len, text.splitlines())) <= 120
    (found,) = json.loads(told("models", name, "--json"))
    assert list(found["parameters"]) == list(model.PARAMETERS) and list(found["lines"]) == lines


@pytest.mark.parametrize("name", models.TABLE)
def test_the_observables_are_what_a_sweep_of_the_model_can_store(name):
    model = models.get(name)
    groups = json.loads(told("observables", name, "--json"))
    listed = {group: [row["name"] for row in rows] for group, rows in groups.items()}
    assert sorted(itertools.chain(*listed.values())) == sorted(observables.variables(model))
    assert set(listed["default"]) == set(observables.expand(["default"], model))
    assert bool(listed["doubled"]) != is_array(model)
    assert first_words(told("observables", name)) == [one for names in listed.values() for one in names]


def test_a_specification_stands_for_its_model(tmp_path):
    loss = {"loss": "(x**2 - 1)**2 / 4", "state": {"x": 0.5}}
    path = tmp_path / "s.toml"
    toml(path, {"model": loss, "steps": 10, "axes": {"eta": [0.1, 0.2]}})
    assert first_words(told("models", path)) == ["eta", "x"]
    assert "x_final" in first_words(told("observables", path))


def test_the_thresholds_have_the_defaults_of_the_model():
    found = json.loads(told("thresholds", "--json"))
    assert {name: one["default"] for name, one in found.items()} == dict(regimes.thresholds())
    own = json.loads(told("thresholds", "quartic", "--json"))
    limits = regimes.thresholds(models.get("quartic").THRESHOLDS)
    assert {name: one["default"] for name, one in own.items()} == dict(limits)
    assert first_words(told("thresholds")) == list(regimes.THRESHOLDS)


def test_a_name_that_is_none_has_a_remedy():
    done = CliRunner().invoke(main, ["models", "quartc"])
    wrong = "model 'quartc': not in the table, nor a module; did you mean 'quartic'?"
    assert (done.exit_code, done.stderr) == (2, f"eos-sweep: {wrong}\n")

"""Sweeps whose model is a formula: as data in a spec and in a store, resumed, opened, run by other processes."""

import json
import pickle
import tomllib

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models
from eos_sweep.analysis.opened import open_sweep
from eos_sweep.derivation.definition import Formula
from eos_sweep.errors import SpecError, visible
from eos_sweep.spec.comparison import differences
from eos_sweep.spec.formula_files import read_derived, read_model
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store.store import Store
from helpers.stores import FEW, command, toml

TOML = """
steps = 50
observables = ["crossings", "steps_taken"]
[model]
name = "my_well"
loss = "(x**2 - 1)**2/4 + a*x*y**2/2"
state = ["x", "y"]
parameters = {a = {above = 0, default = inf, symbol = "α"}}
[axes]
eta = {linear = [0.1, 1.5, 8]}
x = [0.5, 1.0]
[parameters]
a = 0.5
[initial]
y = 1.0
"""
BOWL = {"loss": "a*x**2/2", "state": ["x"], "name": "bowl"}
SPEC = {
    "model": BOWL,
    "steps": 20,
    "observables": FEW,
    "axes": {"eta": [0.1, 1.0, 3.0], "x": [1.0, 2.0]},
    "parameters": {"a": 1.0},
}


def spec(**model):
    return Sweep.from_dict(SPEC | {"model": BOWL | model})


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    place = tmp_path_factory.mktemp("stored") / "bowl.zarr"
    eos_sweep.run(spec(), place)
    return place


def test_a_spec_holds_its_formula_through_toml_json_and_pickle(tmp_path):
    (tmp_path / "s.toml").write_text(TOML, encoding="utf-8")
    sweep = load_spec(tmp_path / "s.toml")
    assert isinstance(sweep.model, Formula) and sweep.model_name == "my_well"
    assert sweep.model == Formula.from_dict(tomllib.loads(TOML)["model"])
    text = json.dumps(sweep.to_dict(), allow_nan=False)
    for again in (Sweep.from_dict(json.loads(text)), pickle.loads(pickle.dumps(sweep))):
        assert again.hash == sweep.hash and again.model == sweep.model and again.module is sweep.module
        assert again.to_dict() == sweep.to_dict()


def test_python_takes_a_formula_a_table_or_a_name():
    given = {"axes": {"eta": [0.1]}, "parameters": {"a": 1.0}, "initial": {"x": 1.0}, "steps": 5}
    formula = Formula.from_dict(BOWL)
    hashes = {eos_sweep.Sweep.from_dict(given | {"model": model}).hash for model in (formula, BOWL)}
    assert len(hashes) == 1
    run = eos_sweep.trajectory(formula, {"a": 1.0, "eta": 0.5}, {"x": 1.0}, steps=3)
    assert run.x.values.tolist() == [1.0, 0.5, 0.25, 0.125] and run.attrs["model"] == "bowl"


@pytest.mark.parametrize(
    "model", [3, [], None, 1.5, {}, {"loss": "x"}, {"state": ["x"]}, {"loss": "x*z", "state": "x"}]
)
def test_a_wrong_model_is_one_line(model):
    with pytest.raises(SpecError) as caught:
        Sweep.from_dict(SPEC | {"model": model})
    message = str(caught.value)
    assert message.startswith("model") and visible(message) == message


def test_a_coordinate_without_a_default_has_to_be_given():
    with pytest.raises(SpecError, match=r"initial\.x: missing; give a number"):
        Sweep.from_dict(SPEC | {"axes": {"eta": [0.1]}})
    with pytest.raises(SpecError, match=r"parameters\.a: missing; give a number"):
        Sweep.from_dict(SPEC | {"parameters": {}})
    assert Sweep.from_dict(SPEC | {"parameters": {}, "model": BOWL | {"parameters": {"a": 2}}}).sources["a"] == 2.0


def test_bounds_presets_and_names_hold_in_the_sweep():
    with pytest.raises(SpecError, match=r"parameters\.a: got 1\.0; the parameter a must be"):
        spec(parameters={"a": {"above": 2}})
    given = SPEC | {"model": BOWL | {"presets": {"a": {"paper": "1/4"}}}, "parameters": {"a": "paper"}}
    assert float(Sweep.from_dict(given).inputs({"eta": 0.1, "x": 1.0})[1]["a"]) == 0.25
    with pytest.raises(SpecError, match=r"bowl has no 'b', and no expression uses it"):
        Sweep.from_dict(SPEC | {"axes": SPEC["axes"] | {"b": [1.0]}})
    with pytest.raises(SpecError, match="same name as a variable of the dataset"):
        model = {"loss": "x*crossings", "state": ["x"]}
        Sweep.from_dict(SPEC | {"model": model, "parameters": {"crossings": 1.0}}).checked()


def test_a_formula_without_derivative_is_refused_in_one_line():
    with pytest.raises(SpecError) as caught:
        spec(loss="a*x**2/0")
    assert "model.loss: divides by zero" in str(caught.value) and visible(str(caught.value)) == str(caught.value)


def test_only_what_determines_the_numbers_decides_the_hash():
    assert spec().hash == spec(title="t", name="n", parameters={"a": {"symbol": "α", "default": 3}}).hash
    assert spec().hash != spec(loss="a*x**2/3").hash
    assert differences(spec(), spec(loss="a*x**2/3")) == ["model.loss: a*x**2/2 -> a*x**2/3"]
    assert differences(spec(), Sweep.from_dict(SPEC | {"model": "quadratic", "axes": {"eta": [1.0]}, "parameters": {
        "a1": 1.0}, "initial": {"theta1": 1.0}}))[0] == "model: a formula -> quadratic"  # fmt: skip


def test_the_identity_of_a_named_model_is_what_it_was():
    axes = {"eta": [0.5, 1.5]}
    named = Sweep.from_dict({"model": "product", "steps": 50, "axes": axes, "initial": {"x": 0.1, "y": 1.0}})
    assert named.identity["model"] == ("product", "product")
    assert not [key for key in named.identity if key.startswith("model.")]


def test_another_formula_does_not_resume_a_store(stored):
    before = open_sweep(stored).crossings.values
    again = eos_sweep.run(spec(title="Another title", lines={"edge": "eta*a/2"}), stored)
    assert again.new == 0
    with pytest.raises(SpecError) as caught:
        eos_sweep.run(spec(loss="a*x**4/4"), stored)
    assert "model.loss: a*x**2/2 -> a*x**4/4" in str(caught.value)
    assert np.array_equal(open_sweep(stored).crossings.values, before)
    assert before.tolist() == [[0, 0], [0, 0], [0, 0]] and models.own(spec().module) == ()


@pytest.mark.slow
def test_another_process_opens_the_store_and_knows_the_model(stored):
    status = command("status", stored, "--json", cwd=stored.parent)
    assert status.returncode == 0, status.stderr
    traced = command("trace", stored, "--index", "eta=0,x=0", "-o", "run.png", cwd=stored.parent)
    assert traced.returncode == 0, traced.stderr
    found = open_sweep(stored)
    assert found.attrs["model"] == "bowl" and found.attrs["title"].startswith("bowl: gradient descent over eta, x")
    assert Store.open(stored).sweep.model == spec().model


HOSTILE = (
    "__import__('os').system('touch pwned')",
    '"""+open("pwned","w")+"""',
    "$(touch pwned)",
    "\\'); open('pwned','w')",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "key", ["name", "loss", "title", "guard", "state", "parameters", "presets", "lines", "data", "trial"]
)
def test_hostile_text_is_refused_or_stays_text(tmp_path, monkeypatch, key, text):
    monkeypatch.chdir(tmp_path)
    shapes = {
        "state": [[text], {"x": text}, {text: 1.0}, {"x": {"symbol": text}}],
        "parameters": [{"a": text}, {text: 1}, {"a": {"long_name": text}}, {"a": {"above": text}}],
        "presets": [{"a": {"p": text}}, {"a": {text: 1}}, {text: {"p": 1}}],
        "lines": [{"l": text}, {text: "eta"}, {"l": {"ratio": "eta", "meaning": text, "label": text}}],
        "data": [{text: [1.0]}, {"u": text}],
        "trial": [{"a": text}, {text: 1}],
    }
    for shape in shapes.get(key, [text]):
        try:
            models.get(Sweep.from_dict(SPEC | {"model": BOWL | {key: shape}}).model)
        except SpecError as error:
            assert visible(str(error)) == str(error)
    assert not list(tmp_path.iterdir())


def test_a_file_may_hold_a_sweep_a_table_or_its_keys(tmp_path):
    whole, table, keys = (tmp_path / name for name in ("whole.toml", "table.toml", "keys.toml"))
    toml(whole, SPEC)
    toml(table, {"model": BOWL})
    toml(keys, BOWL)
    formula = Formula.from_dict(BOWL)
    assert [read_derived(path)[0] for path in (whole, table, keys)] == [formula] * 3
    assert [read_model(path) for path in (table, keys)] == [(formula, "gd")] * 2
    tried, _ = read_model(whole)
    assert tried.trial == {"a": 1.0, "eta": "uniform(0.1, 3.0)", "x": "uniform(1.0, 2.0)"}
    toml(whole, SPEC | {"rule": "heavy_ball"})
    assert read_model(whole) == (tried, "heavy_ball")
    toml(whole, SPEC | {"model": "quadratic"})
    with pytest.raises(SpecError, match="got model = 'quadratic'; give a file with a table"):
        read_derived(whole)


@pytest.mark.slow
def test_the_derived_module_is_printed_or_written_and_runs_as_a_model_of_ones_own(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    printed = command("derive", "s.toml", cwd=tmp_path)
    assert printed.returncode == 0 and "def step(theta, p):" in printed.stdout
    assert command("derive", "s.toml", "-o", "bowl_model.py", cwd=tmp_path).stdout == "bowl_model.py\n"
    assert (tmp_path / "bowl_model.py").read_text(encoding="utf-8") == printed.stdout
    for out, words in (("bowl_model.py", "exists; choose another name, or --overwrite"), ("a-b.py", "not the name of")):
        refused = command("derive", "s.toml", "-o", out, cwd=tmp_path)
        assert refused.returncode == 2 and words in refused.stderr
    assert command("derive", "s.toml", "-o", "bowl_model.py", "--overwrite", cwd=tmp_path).returncode == 0
    toml(tmp_path / "own.toml", SPEC | {"model": "bowl_model"})
    done = command("--import", "bowl_model", "run", "own.toml", "-o", "own", "--json", cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["new"] == 6, done.stderr


@pytest.mark.slow
def test_processes_compute_the_same_bits_as_threads(tmp_path, stored):
    toml(tmp_path / "s.toml", SPEC | {"chunks": {"eta": 1}})
    done = command("run", "s.toml", "-o", "s", "--workers", 2, "--json", cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["new"] == 6, done.stderr
    found, expected = open_sweep(tmp_path / "s"), open_sweep(stored)
    assert all(np.array_equal(found[name].values, expected[name].values) for name in FEW)


@pytest.mark.slow
def test_check_tries_the_model_of_a_spec(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    done = command("check", "s.toml", cwd=tmp_path)
    assert done.returncode == 0 and "FAILED" not in done.stdout, done.stdout + done.stderr

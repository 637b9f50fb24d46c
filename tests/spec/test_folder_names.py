"""Names of axes and inputs become folders, which can be made on every system, or are refused in a line."""

import types

import pytest

from eos_sweep import models
from eos_sweep.contract import Quantity
from eos_sweep.errors import SpecError
from eos_sweep.spec.axis_names import check_folders
from eos_sweep.spec.making import make
from eos_sweep.spec.sweeps import Sweep
from helpers.stores import command, toml


def spec(axis):
    axes = {axis: [1.0, 2.0], "eta": [0.1, 0.2]}
    return {"model": "quadratic", "steps": 5, "axes": axes, "parameters": {"a1": axis}, "initial": {"theta1": 1}}


@pytest.mark.parametrize("name", models.TABLE)
def test_all_models_of_the_table_have_names_for_every_system(name):
    check_folders(models.get(name), ())


@pytest.mark.parametrize(
    "axis",
    [
        "Eta",
        "ETA",
        "A1",
        "Theta1",
        "Regime",
        "LEDGER",
        "Pyramid",
        "SEED",
        "Crossings",
        "con",
        "Nul",
        "AUX",
        "COM1",
        "lpt9",
    ],
)
def test_an_axis_that_is_no_folder_of_its_own_everywhere_is_refused(axis):
    with pytest.raises(SpecError, match=rf"axes\.{axis} "):
        make(**spec(axis))


@pytest.mark.slow
def test_the_command_says_so_in_a_line_and_makes_nothing(tmp_path):
    toml(tmp_path / "s.toml", spec("Eta"))
    done = command("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("eos-sweep: axes.Eta ") and done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]


def test_names_that_differ_in_letters_are_no_matter():
    assert make(**spec("kappa")).dims == make(**spec("kappa")).checked().dims == ("kappa", "eta")
    assert make(**spec("console")).dims == ("console", "eta")


def test_a_stored_sweep_with_such_names_can_still_be_read():
    """Only a new store needs names for every system."""
    assert Sweep.from_dict(spec("Eta")).dims == ("Eta", "eta")


def test_a_very_long_name_is_refused():
    with pytest.raises(SpecError, match="cannot be the name of a folder"):
        make(**spec("a" * 250))


@pytest.mark.parametrize("name", ["Regime", "regime", "LEDGER", "Eta", "a b", "../x", "nul", "loss_Final", ""])
def test_a_model_of_the_users_own_is_told_which_name_is_wrong(name):
    model = types.ModuleType("my_model")
    vars(model).update(vars(models.get("quadratic")), __name__="my_model")
    model.PARAMETERS = {**model.PARAMETERS, name: Quantity("a number", "n", 1.0)}
    with pytest.raises(SpecError, match="model my_model: its ") as refused:
        check_folders(model, ("eta",))
    assert repr(name) in str(refused.value)

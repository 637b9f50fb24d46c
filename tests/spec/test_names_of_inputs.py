"""A model's names for its inputs are not those of observables, of the package and of the user's own."""

import pytest

from eos_sweep import models, observables
from eos_sweep.errors import SpecError
from eos_sweep.observables import formula
from eos_sweep.spec.making import make
from eos_sweep.spec.names import check_inputs
from eos_sweep.spec.sweeps import Sweep

MODULE = """
from eos_sweep.plain import *
from eos_sweep.contract import Quantity
TITLE = "a bowl"
LOSS = "a*{name}**2/2"
STATE = {{"{name}": Quantity("x", "x")}}
PARAMETERS = {{"a": Quantity("a", "a"), "eta": Quantity("step size", "eta", above=0.0)}}
"""


def spec(coordinate="x", parameter="a", **more):
    model = {"loss": f"{parameter}*{coordinate}**2/2", "state": [coordinate], "name": "bowl"}
    given = {"axes": {"eta": [0.1, 0.5]}, "parameters": {parameter: 1.0}, "initial": {coordinate: 1.0}, "steps": 5}
    return Sweep.from_dict(given | {"model": model} | more)


@pytest.mark.parametrize("name", ["sharpness", "Sharpness"])
def test_a_coordinate_that_would_take_the_variable_of_an_observable_is_refused(name):
    assert "sharpness_final" in observables.variables(spec().module)
    with pytest.raises(SpecError) as caught:
        spec(name)
    assert str(caught.value) == (
        f"model bowl: the coordinate {name!r} would be stored as {name}_final, which is something else; choose another"
        " name"
    )


def test_coordinates_that_would_make_one_variable_are_refused():
    loss = "a*x**2*log10_abs_x**2"
    with pytest.raises(SpecError, match="'x' would be stored as log10_abs_x_final"):
        spec(model={"loss": loss, "state": ["x", "log10_abs_x"]}, initial={"x": 1.0, "log10_abs_x": 1.0})


@pytest.mark.parametrize("name", [*formula.WORDS, "first", "last", "count"])
def test_the_words_of_observables_are_no_names_of_inputs(name):
    for given in ({"coordinate": name}, {"parameter": name}):
        (kind,) = given
        with pytest.raises(SpecError) as caught:
            spec(**given, observables={"peak": "max(loss)"})
        assert str(caught.value) == (
            f"model bowl: the {kind} {name!r} has a meaning of its own in [observables]; choose another name"
        )


def test_a_module_of_the_users_own_is_checked_alike(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("loss", "sharpness", "plain_name"):
        (tmp_path / f"bowl_of_{name}.py").write_text(MODULE.format(name=name))
    axes = {"eta": [0.1]}
    with pytest.raises(SpecError, match="model bowl_of_loss: the coordinate 'loss' would be stored as loss_final"):
        import bowl_of_loss

        make(bowl_of_loss, axes, {"a": 1.0}, {"loss": 1.0}, steps=5)
    with pytest.raises(SpecError, match="model bowl_of_sharpness: the coordinate 'sharpness' would be stored as"):
        import bowl_of_sharpness

        make(bowl_of_sharpness, axes, {"a": 1.0}, {"sharpness": 1.0}, steps=5)
    import bowl_of_plain_name

    make(bowl_of_plain_name, axes, {"a": 1.0}, {"plain_name": 1.0}, steps=5)


@pytest.mark.parametrize("name", models.TABLE)
def test_the_models_of_the_package_keep_to_it(name):
    check_inputs(models.get(name))

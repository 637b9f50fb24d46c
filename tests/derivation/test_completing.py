"""A module with little but a loss is a model: what it lacks is derived, and what it defines takes precedence."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import eos_sweep
from eos_sweep import models, observables, plain
from eos_sweep.derivation import completing
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.lacking import missing
from eos_sweep.derivation.modules import module_of
from eos_sweep.engine.kernels import observables_of
from eos_sweep.engine.sources import digest_of
from eos_sweep.errors import InputError
from helpers.dask_processes import Processes
from helpers.own_modules import BY_HAND, SHORT, written
from helpers.stores import command, strict, toml

STEP = """
CARRIED = ()
from eos_sweep.scalar import inlined

@inlined
def step(theta, p):
    (x, y), (eta, a) = theta, p
    return x - eta * (x * (x * x - 1.0) + 0.5 * a * (y * y)), y - eta * (a * (x * y))
"""
COORDINATES = np.array([0.3, -1.2, 1.1]), np.array([0.7, 0.2, -0.4])
GIVEN = np.array([0.1, 0.2, 0.3]), np.array([1.0, 0.5, 2.0])  # eta, a
LINE = "(x * x - 1) ** 2 / 4 + a * x * y * y / 2"


@pytest.fixture
def own(tmp_path, monkeypatch):
    yield from written(tmp_path, monkeypatch)


def changed(*pairs, text=SHORT):
    for old, new in pairs:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def digest(model):
    return digest_of(model, observables_of(model, observables.expand(["default"], model)))


def test_a_loss_makes_a_model_with_the_inputs_in_the_order_of_the_module(own):
    model = own("short_well", SHORT)
    formula = Formula.from_dict({"loss": "(x**2 - 1)**2/4 + a*x*y**2/2", "state": ["x", "y"]})
    derived = module_of(formula)
    assert not missing(model) and list(model.PARAMETERS) == ["eta", "a"] and list(formula.parameters) == ["a", "eta"]
    theta = *COORDINATES, np.zeros(3)
    assert model.CARRIED == derived.CARRIED == ("y",)
    for name in ("step", "loss", "hessian", "curvature"):
        one = getattr(model, name)(theta, GIVEN)
        other = getattr(derived, name)(theta, GIVEN[::-1])
        np.testing.assert_allclose(np.broadcast_arrays(*one), np.broadcast_arrays(*other), rtol=1e-14, err_msg=name)


def test_it_goes_by_the_name_of_the_module(own):
    model = own("named_well", SHORT)
    assert models.name_of(model) == models.given_as(model) == "named_well" and models.own(model) == ("named_well",)
    assert models.get("named_well") is model and model.TITLE == "a well"
    axes, start = {"eta": [0.1]}, {"x": 0.1, "y": 0.2}
    given = eos_sweep.Sweep.from_dict({"model": "named_well", "axes": axes, "initial": start, "steps": 9})
    assert given.model_name == "named_well" and given.module is model
    assert model.STATE["x"].sizes == (0.0, 1e60) and model.PARAMETERS["eta"].sizes == (1e-60, 1e60)


def test_a_text_is_a_loss_too(own):
    text = SHORT.partition("def loss")[0] + 'LOSS = "(x*x - 1)**2/4 + a*x*y*y/2"\n'
    one, other = own("text_well", text), own("function_well", SHORT)
    theta = *COORDINATES, np.zeros(3)
    np.testing.assert_array_equal(one.step(theta, GIVEN), other.step(theta, GIVEN))
    np.testing.assert_array_equal(one.loss(theta, GIVEN), other.loss(theta, GIVEN))


@pytest.mark.parametrize("starred", ["", "from eos_sweep.plain import *\n"])
def test_what_the_module_defines_takes_precedence(own, starred):
    carried = 'GUARD = "y"\n'
    name = f"own_step{len(starred)}"
    model = own(name, SHORT.replace("TITLE", f"{starred}{carried}TITLE") + STEP)
    module = completing.completed_from(model.__name__)
    assert module == name and model.GUARD == "y" and model.step.__module__ == name
    assert model.CARRIED == ()
    assert model.remaining_loss.__module__ == model.__name__ and model.clipped is plain.clipped


def test_a_default_of_plain_is_none_of_the_modules_own(own):
    model = own("starred", changed(("TITLE", "from eos_sweep.plain import *\nTITLE")))
    assert model.CARRIED == ("y",) and len(model.rescale((0.1, 0.2, 0.0), (0.1, 1.0))) == 3


def test_a_test_of_settling_by_hand_is_used_with_the_plain_remaining_loss(own):
    settled = "\nCARRIED = ()\n\ndef settled(theta, p, loss, tolerance):\n    return loss < tolerance\n"
    model = own("own_settled", SHORT + settled)
    assert model.settled.__module__ == "own_settled" and model.remaining_loss is plain.remaining_loss


def test_a_loss_by_hand_stands_beside_its_formula(own):
    text = changed(("def loss", f'LOSS = "{LINE}"\nCARRIED = ()\n\n\ndef loss'))
    model = own("own_loss", text)
    assert model.loss.__module__ == "own_loss" and not hasattr(model, "LOSS")


def test_a_complete_model_is_left_as_it_is(own):
    module = own("whole_well", BY_HAND)
    assert module.__name__ == "whole_well" and completing.completed(module) is module


def test_a_module_that_is_loaded_again_is_derived_again(own):
    """Both where the loss has changed and where only a function of its own has, which the derived text imports."""
    plainly = f"{SHORT}\nCARRIED = ()\n"
    first = own("edited", plainly)
    module = sys.modules["edited"]
    assert completing.completed(module) is first is models.get("edited")
    point = (np.array([2.0]), np.array([1.0])), (np.array([0.5]), np.array([1.0]))
    before = first.loss(*point)
    steps = []
    for text in (plainly.replace("/ 4", "/ 8"), plainly + STEP, plainly + STEP.replace("- 1.0)", "- 3.0)")):
        Path(module.__file__).write_text(text)
        importlib.invalidate_caches()
        Path(module.__cached__).unlink(missing_ok=True)  # its time is counted in seconds
        importlib.reload(module)
        again = models.get("edited")
        assert again is not first and again is models.get("edited")
        assert models.given_as(again) == "edited" and models.own(again) == ("edited",)
        steps.append((again.loss(*point), again.step(*point)[0].item()))
    assert steps[0][0] < before and steps[1][0] == before
    assert steps[2][1] - steps[1][1] == 0.5 * 2 * 2.0


def density(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


FUNCTIONS = [
    ("functions.tanh(x)", np.tanh),
    ("functions.log_cosh(x)", lambda x: np.log(np.cosh(x))),
    ("functions.normal_density(x)", density),
    ("functions.expected_relu(x) - x * functions.normal_distribution(x)", density),
    ("scalar.select(x > 0, x, 2 * x) ** 3", lambda x: np.where(x > 0, x, 2 * x) ** 3),
    ("scalar.larger(x, -x) ** 3", lambda x: np.abs(x) ** 3),
    ("scalar.polynomial(x, (1.0, 2.0, 3.0))", lambda x: 1 + 2 * x + 3 * x * x),
    ("functions.exp(1.0) * x * x", lambda x: np.e * x * x),
    ("helper(x)", lambda x: np.sin(x)),
    ("told(x)", lambda x: 2.5 * np.sin(x)),
    ("np.sum(functions.log_cosh(x * np.array([1.0, 2.0])))", lambda x: np.log(np.cosh(x)) + np.log(np.cosh(2 * x))),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(FUNCTIONS)))
def test_functions_of_the_package_are_recorded(own, place):
    code, right = FUNCTIONS[place]
    head = "import numpy as np\nfrom eos_sweep import functions, scalar\ndef helper(x):\n    return functions.sin(x)\n"
    head += "def told(x, *, factor=2.5):\n    return factor * functions.sin(x)\n"
    text = changed(("from eos_sweep.contract", f"{head}from eos_sweep.contract"), (LINE, f"{code} + y * y"))
    module = own(f"recorded{place}", text, allow=False)
    derived = module_of(Formula.from_dict({"loss": completing.formula_of(module).loss, "state": ["x", "y"]}))
    theta = *COORDINATES, *(0.0 * COORDINATES[0] for _ in derived.CARRIED)
    found = derived.loss(theta, tuple(np.ones(3) for _ in derived.PARAMETERS))
    np.testing.assert_allclose(found, right(COORDINATES[0]) + COORDINATES[1] ** 2, rtol=1e-13)


HEAD = "from eos_sweep.functions import log_cosh_jet\nfrom eos_sweep.scalar import residual\n"
WRONG = {
    "branch": ((LINE, "x if x > 0 else y"), "np.where"),
    "math": ((LINE, "__import__('math').exp(x) + y * y"), "NumPy"),
    "rounded": ((LINE, "residual(x, y, x * y) + x * y"), "residual"),
    "jet": ((LINE, "log_cosh_jet(x)[0] + y"), "LOSS"),
    "pair": ((LINE, "x, y"), "tuple"),
    "exits": ((LINE, "exit()"), "SystemExit"),
    "endless": ((LINE, "loss(theta, p)"), "RecursionError"),
    "kinked": ((LINE, "__import__('numpy').abs(x) + y * y"), "abs"),
    "no_step_size": (("eta\": Q", "rate\": Q"), "eta"),
    "unmoved": ((LINE, "x * x"), "'y'"),
    "no_quantity": (('Quantity("coordinate", "x")', "1"), "Quantity"),
    "stranger": (("def loss(theta, p):\n    (x, y), (eta, a) = theta, p\n    return " + LINE, 'LOSS = "x*y*z"'), "'z'"),
    "no_formula": (("def loss(theta, p):\n    (x, y), (eta, a) = theta, p\n    return " + LINE, 'LOSS = "x*(y"'), ")"),
    "number": (("def loss(theta, p):\n    (x, y), (eta, a) = theta, p\n    return " + LINE, "LOSS = 3"), "3"),
    "carried": (("TITLE", "def step(theta, p):\n    return theta\n\nTITLE"), "CARRIED = ('y',)"),
    "memory": (("TITLE", "MEMORY = {'velocity': 'x'}\n\nTITLE"), "define step, loss, curvature"),
    "clocks": (("TITLE", "CLOCKS = {'age': 0.0}\n\nTITLE"), "CLOCKS is given"),
    "half_sharpness": (("TITLE", "def stable(curvature, bound):\n    return True\n\nTITLE"), "SHARPNESS_STAGES"),
    "not_carried": (("TITLE", 'CARRIED = ("x",)\nTITLE'), "CARRIED"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_completed_is_refused_in_a_line(own, kind):
    change, word = WRONG[kind]
    with pytest.raises(InputError) as refused:
        own(f"wrong_{kind}", changed(change, ("from eos_sweep.contract", f"{HEAD}from eos_sweep.contract")))
    told = str(refused.value)
    assert f"wrong_{kind}" in told and word in told and "\n" not in told and len(told) < 400, told


def test_without_the_inputs_nothing_is_derived(own):
    for name in ("STATE", "PARAMETERS"):
        with pytest.raises(InputError, match=f"no_{name}.*{name}"):
            own(f"no_{name}", SHORT.replace(name, "OTHERS"))


def test_the_digest_changes_with_the_loss_and_with_an_override_alone(own):
    short = digest(own("digest_a", SHORT))
    told = (("a well", "another"), ('"coordinate"', '"place"'), ("L = (x^2", "the loss L = (x^2"))
    assert digest(own("digest_b", changed(*told))) == short
    assert digest(own("digest_c", changed((LINE, LINE.replace("/ 4", "/ 3"))))) != short
    stepped = digest(own("digest_d", SHORT + STEP))
    assert stepped != short and digest(own("digest_e", SHORT + STEP)) == stepped
    assert digest(own("digest_f", SHORT + STEP.replace("0.5 * a", "0.6 * a"))) != stepped
    assert digest(own("digest_g", changed(("TITLE", "LIMIT = 1e20\nTITLE")))) != short


@pytest.mark.slow
def test_it_is_checked_run_and_verified(tmp_path):
    (tmp_path / "short_well.py").write_text(SHORT + STEP, encoding="utf-8")
    spec = {
        "model": "short_well",
        "steps": 300,
        "axes": {"x": {"linear": [-1.5, 1.5, 12]}, "eta": {"log": [0.1, 2, 13]}},
    }
    toml(tmp_path / "well.toml", spec | {"initial": {"y": 0.5}})
    done = command("check", "short_well", cwd=tmp_path)
    assert done.returncode == 0 and "FAILED" not in done.stdout, done.stdout + done.stderr
    done = command("--import", "short_well", "run", "well.toml", "-o", "two", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = command("--import", "short_well", "verify", "two", "--sample", "20", "--json", cwd=tmp_path)
    assert done.returncode == 0 and strict(done.stdout)["wrong"]["value"] == 0, done.stderr


@pytest.mark.slow
def test_workers_of_a_cluster_complete_it_too(tmp_path):
    (tmp_path / "short_well.py").write_text(SHORT, encoding="utf-8")
    spec = {"model": "short_well", "steps": 30, "axes": {"x": [0.1, 0.2], "eta": [0.1, 0.2]}, "initial": {"y": 0.5}}
    toml(tmp_path / "well.toml", spec | {"observables": ["steps_taken"]})
    cluster = Processes(tmp_path, 1, {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])})
    try:
        cluster.up()
        run = "--import", "short_well", "run", "well.toml", "-o", "one", "--json"
        done = command(*run, "--scheduler-file", cluster.file, cwd=tmp_path)
    finally:
        cluster.down()
    assert done.returncode == 0 and strict(done.stdout)["new"] == 4, done.stderr


CACHED = """
import numpy as np
from eos_sweep import models
from eos_sweep.engine import batch, kernel, kernels
models.allow("short_well")
built, build = [], kernel.build
kernels.build = lambda *arguments: built.append(build(*arguments)) or built[-1]
one = lambda **values: {name: np.array([value]) for name, value in values.items()}
job = batch.Job(models.get("short_well"), ("steps_taken",), 20, 0.0)
batch.run(job, one(x=0.3, y=0.2), one(eta=0.1, a=1.0))
print(sum(sum(k.stats.cache_hits.values()) for k in built), sum(sum(k.stats.cache_misses.values()) for k in built))
"""


@pytest.mark.slow
def test_the_next_process_finds_its_kernel_on_disk_until_an_override_changes(tmp_path):
    root = str(Path(eos_sweep.__file__).parents[1])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), root])
    found = []
    commented = STEP.replace("def step", "# a comment\ndef step")
    for text in (SHORT + STEP, SHORT + commented, changed(("** 2 / 4", "** 2 / 5")) + STEP):
        (tmp_path / "short_well.py").write_text(text, encoding="utf-8")
        asked = [sys.executable, "-c", CACHED]
        done = subprocess.run(asked, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        found.append(done.stdout.split())
    assert found == [["0", "1"], ["1", "0"], ["0", "1"]]

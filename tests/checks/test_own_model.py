"""A model of the user's own, as the page on models tells it: checked, swept, drawn, verified; never run unasked."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import eos_sweep
from eos_sweep import models
from eos_sweep.cli.main import main
from eos_sweep.conformance import checks
from eos_sweep.errors import InputError
from helpers.own_modules import BY_HAND, SHORT, written
from helpers.stores import command, strict, toml

PAGE = (Path(eos_sweep.__file__).parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
SOURCE, SWITCHED = (text for text in re.findall(r"```python\n(.*?)```", PAGE, flags=re.S) if "def loss(" in text)
SPEC = {
    "model": "double_well",
    "steps": 400,
    "axes": {"x": {"linear": [-1.5, 1.5, 12]}, "eta": {"log": [0.1, 2, 13]}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("own")
    (place / "double_well.py").write_text(SOURCE, encoding="utf-8")
    toml(place / "well.toml", SPEC)
    return place


@pytest.fixture
def double_well(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    yield importlib.import_module("double_well")
    sys.modules.pop("double_well")


def test_the_example_is_short():
    assert len(SOURCE.splitlines()) <= 16 and len([line for line in SOURCE.splitlines() if line.strip()]) <= 13


def test_the_example_of_a_switch_is_a_model_of_both_cases(tmp_path, monkeypatch):
    (tmp_path / "wells.py").write_text(SWITCHED, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    models.allow("wells")
    found, x, eta, k = models.get("wells"), np.linspace(-1.5, 1.5, 7), 0.3, np.array([0.0, 0.7])[:, None]
    assert (found.SWITCH, found.GROUPS) == ("k", 2)
    right = x - eta * np.where(k == 0.0, x * (x * x - 1.0), k * np.tanh(k * x))
    theta = x, *(0.0 * x for _ in found.CARRIED)
    np.testing.assert_allclose(found.step(theta, (eta, k))[0], right, rtol=1e-14, atol=1e-15)
    sys.modules.pop("wells")


@pytest.mark.slow
def test_it_is_swept_drawn_verified_and_traced(folder):
    own = ("--import", "double_well")
    done = command(*own, "run", "well.toml", "--plot", "well.png", cwd=folder)
    assert done.returncode == 0 and (folder / "well.png").stat().st_size > 10_000, done.stderr
    done = command(*own, "verify", "well.zarr", "--sample", "40", "--json", cwd=folder)
    assert done.returncode == 0 and strict(done.stdout)["wrong"]["value"] == 0, done.stderr
    done = command(*own, "trace", "well.zarr", "--index", "x=3,eta=2", "--json", cwd=folder)
    assert done.returncode == 0 and all(strict(done.stdout)["stored"].values()), done.stderr


@pytest.mark.slow
def test_it_passes_the_checks(folder):
    done = command("check", "double_well", cwd=folder)
    assert done.returncode == 0 and "FAILED" not in done.stdout and done.stdout.count("ok ") >= 10, done.stdout


@pytest.mark.parametrize(("right", "wrong", "check"), [
    ("eta * (x * (x * x - 1.0))", "eta * (x * (x * x - 0.999))", checks.check_descent),
    ("3.0 * x * x - 1.0", "3.0 * x * x - 0.99", checks.check_hessian),
    ("return curvature[0] < bound", "return curvature[0] < 1.01 * bound", checks.check_stability),
    ("(1.0 - curvature(theta, p)[0]) * v[0]", "curvature(theta, p)[0] * v[0]", checks.check_tangent),
    ('"x": "uniform(-2, 2)", ', "", checks.check_declarations),
    ('GUARD = "x"', 'GUARD = "y"', checks.check_declarations),
    ("    return 0.25 * (", "    return 0.0 if x > 9.0 else 0.25 * (", checks.check_shapes),
    ("return (x - eta * (x * (x * x - 1.0)),)", "return x - eta * (x * (x * x - 1.0))", checks.check_shapes),
])  # fmt: skip
def test_what_is_wrong_is_found(tmp_path, monkeypatch, right, wrong, check):
    assert BY_HAND.count(right) == 1
    name = f"well_{check.__name__}_{len(wrong)}"
    (tmp_path / f"{name}.py").write_text(BY_HAND.replace(right, wrong), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    models.allow(name)
    with pytest.raises(AssertionError) as failed:
        check(models.get(name))
    assert re.search(r"x|GUARD|TRIAL|step", str(failed.value))  # says where
    monkeypatch.delitem(sys.modules, name)


def test_a_branch_and_a_wrong_shape_are_named_and_end_the_check(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    entries = "[3 * x * x - 1, 3 * y * y - 1]"
    for name, body, told in (
        ("branching", "step(theta, p):\n    return theta if theta[0] > 0 else theta", "step: asks whether a condition"),
        ("flat", f"hessian(theta, p):\n    x, y = theta\n    return np.array({entries})", "hessian: shape (2, 24);"),
    ):
        (tmp_path / f"{name}_pair.py").write_text(
            f"{SHORT}\n\nimport numpy as np\n\nCARRIED = ()\n\n\ndef {body}\n", encoding="utf-8"
        )
        done = CliRunner().invoke(main, ["check", f"{name}_pair"])
        monkeypatch.delitem(sys.modules, f"{name}_pair")
        assert done.exit_code == 1 and done.stdout.count("FAILED") == 1 and done.stdout.count("\nok ") == 0
        assert told in done.stdout and "left out" in done.stdout.splitlines()[-1]


def test_a_model_that_ends_the_process_fails_the_check(tmp_path, monkeypatch):
    text, count = re.subn(r"(def loss\(.*\n)", r"\1    raise SystemExit(0)\n", BY_HAND)
    assert count == 1
    (tmp_path / "leaving_well.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED_MODULES, "")
    monkeypatch.setattr(checks, "CHECKS", [checks.check_descent])
    result = CliRunner().invoke(main, ["check", "leaving_well"])
    assert result.exit_code == 1 and result.stdout.endswith("SystemExit 0\n"), result.output
    sys.modules.pop("leaving_well")


@pytest.mark.slow
@pytest.mark.parametrize("optimised", ["-O", "-OO"])
def test_checks_fail_also_where_python_removes_assert_statements(folder, tmp_path, optimised):
    right, wrong = "return curvature[0] < bound", "return curvature[0] < 1.01 * bound"
    (tmp_path / "wrong_well.py").write_text(BY_HAND.replace(right, wrong), encoding="utf-8")
    shown = {}
    for model, place in (("double_well", folder), ("wrong_well", tmp_path)):
        asked = [sys.executable, optimised, "-m", "eos_sweep", "check", model]
        done = subprocess.run(asked, cwd=place, capture_output=True, text=True, timeout=300)
        shown[model] = done.returncode, [line[:6] for line in done.stdout.splitlines() if line[0] != " "]
        assert "None" not in done.stdout and not done.stderr
    assert shown["double_well"] == (0, ["ok    "] * len(checks.CHECKS))
    found = checks.check_stability, checks.check_compiled  # the kernel takes the largest sharpness by the wrong test
    assert shown["wrong_well"] == (1, ["FAILED" if one in found else "ok    " for one in checks.CHECKS])


@pytest.mark.slow
def test_nothing_is_imported_that_was_not_allowed(folder, tmp_path):
    (tmp_path / "evil.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    toml(tmp_path / "evil.toml", SPEC | {"model": "evil"})
    for arguments in (("run", "evil.toml"), ("plan", "evil.toml"), ("trace", "evil.toml", "--at", "x=1")):
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and "no model 'evil'" in done.stderr and not (tmp_path / "ran").exists()
    if not (folder / "well.zarr").exists():
        command("--import", "double_well", "run", "well.toml", cwd=folder)
    (tmp_path / "double_well.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    assert command("status", folder / "well.zarr", cwd=tmp_path).returncode == 0  # its store tells enough
    done = command("trace", folder / "well.zarr", "--index", "x=3,eta=2", cwd=tmp_path)
    assert done.returncode == 2 and "--import double_well" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "ran").exists()


def test_what_lacks_something_is_refused_with_what_it_lacks(tmp_path):
    (tmp_path / "half.py").write_text("TITLE = 'half a model'\n", encoding="utf-8")
    done = command("--import", "half", "run", "x.toml", cwd=tmp_path)
    assert done.returncode == 2 and "lacks" in done.stderr and "threshold" in done.stderr
    done = command("--import", "nowhere", "run", "x.toml", cwd=tmp_path)
    assert done.returncode == 2 and "nowhere" in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def own(tmp_path, monkeypatch):
    yield from written(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("GROUPS = 3", "GROUPS is 3; give 1, 2 or 4"),
        ("GROUPS = True", "GROUPS is True; give 1, 2 or 4"),
        ("SWITCH = 'ell'", "SWITCH is 'ell'; give the name of a parameter: eta, a"),
        ("SWITCH = ['a']", "SWITCH is ['a']; give the name of a parameter: eta, a"),
    ],
)
def test_a_kernel_that_cannot_be_is_refused_by_the_name_of_the_module(own, wish, told):
    name = f"wish_{abs(hash(wish))}"
    with pytest.raises(InputError) as refused:
        own(name, f"{SHORT}\n{wish}\n")
    assert str(refused.value) == f"model {name}: {told}"


def test_what_a_loss_does_wrong_is_all_that_is_said(own):
    with pytest.raises(InputError) as refused:
        own(
            "of_math",
            "import math\n" + SHORT.replace("(x * x - 1)", "math.cosh(x)"),
        )
    assert str(refused.value).startswith("model of_math: loss: the function asks for the value of an argument")


BROKEN = {
    "raises": "raise RuntimeError('boom\\nbang')",
    "exits": "raise SystemExit(3)",
    "no_python": "x = = 3",
    "no_text": "\0",
    "no_model": "x = 1",
    "no_table": SOURCE.replace("PARAMETERS = {", "PARAMETERS = 3\nOTHERS = {"),
}
ODD_NAMES = "..x", ".", "", " ", "a..b", "a.", "a/b", "a b", "raises:exits", "a\nb", "\udcff", "/etc/passwd", "a" * 5000


def line(*arguments):
    """Return what a command that is refused says: one line."""
    result = CliRunner().invoke(main, list(arguments))
    assert isinstance(result.exception, SystemExit) and result.exit_code == 2, repr(result.exception)
    assert result.stderr.startswith("eos-sweep: model") and result.stderr.count("\n") == 1 and not result.stdout
    assert len(result.stderr) < 400
    return result.stderr


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_of_a_module_is_refused_in_a_line(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    line("--import", name, "plan", "s.toml")
    line("check", name)


@pytest.mark.parametrize("name", [*BROKEN, "is_missing"])
def test_a_module_that_is_no_model_is_refused_in_a_line(tmp_path, monkeypatch, name):
    """Also one that was allowed before, such as by a variable of the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    if name in BROKEN:
        (tmp_path / f"{name}.py").write_text(BROKEN[name], encoding="utf-8")
    toml(tmp_path / "s.toml", SPEC | {"model": name})
    assert name in line("--import", name, "plan", "s.toml") and name in line("check", name)
    monkeypatch.setenv(models.ALLOWED_MODULES, name)
    for command_name in ("plan", "run"):
        assert name in line(command_name, "s.toml")
    assert not (tmp_path / "s.zarr").exists()
    sys.modules.pop(name, None)


@pytest.mark.slow
def test_from_python_the_module_itself_is_the_model(double_well):
    eta = np.array([0.3, 1.1])
    with pytest.raises(InputError, match="double_well"):
        eos_sweep.sweep("double_well", {"eta": eta}, initial={"x": 0.5}, steps=300)
    dataset = eos_sweep.sweep(double_well, {"eta": eta}, initial={"x": 0.5}, steps=300)
    assert dataset.period.values.tolist() == [1, 2] and dataset.x_final.values[0] == pytest.approx(1)
    run = eos_sweep.trajectory(double_well, {"eta": 0.3}, {"x": 0.5}, steps=50)
    assert float(run.x[-1]) == pytest.approx(1) and float(run.sharpness[-1]) == pytest.approx(2)

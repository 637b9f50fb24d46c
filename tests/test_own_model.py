"""A model of the user's own, as the page on models tells it: checked, swept, drawn, verified; never run unasked."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from test_store import command, strict, toml

import eos_sweep
from eos_sweep import models
from eos_sweep.conformance import checks
from eos_sweep.errors import InputError

PAGE = (Path(models.__file__).parent / "README.md").read_text(encoding="utf-8")
(SOURCE,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.S)[:1]
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
    monkeypatch.setenv(models.ALLOWED, "")
    yield importlib.import_module("double_well")
    sys.modules.pop("double_well")


def test_the_example_is_short():
    assert 40 < len(SOURCE.splitlines()) < 75 and len([line for line in SOURCE.splitlines() if line.strip()]) < 60


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
])  # fmt: skip
def test_what_is_wrong_is_found(tmp_path, monkeypatch, right, wrong, check):
    assert SOURCE.count(right) == 1
    name = f"well_{check.__name__}_{len(wrong)}"
    (tmp_path / f"{name}.py").write_text(SOURCE.replace(right, wrong), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(models.ALLOWED, "")
    models.allow(name)
    with pytest.raises(AssertionError):
        check(models.get(name))
    monkeypatch.delitem(sys.modules, name)


@pytest.mark.slow
def test_nothing_is_imported_that_was_not_allowed(folder, tmp_path):
    (tmp_path / "evil.py").write_text("open('ran', 'w')\n", encoding="utf-8")
    toml(tmp_path / "evil.toml", SPEC | {"model": "evil"})
    for arguments in (("run", "evil.toml"), ("plan", "evil.toml"), ("trace", "evil.toml", "--at", "x=1")):
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and "no model 'evil'" in done.stderr and not (tmp_path / "ran").exists()
    if not (folder / "well.zarr").exists():
        command("--import", "double_well", "run", "well.toml", cwd=folder)
    done = command("status", str(folder / "well.zarr"), cwd=folder)
    assert done.returncode == 2 and "--import double_well" in done.stderr and len(done.stderr.splitlines()) == 1


def test_what_lacks_something_is_refused_with_what_it_lacks(tmp_path):
    (tmp_path / "half.py").write_text("TITLE = 'half a model'\n", encoding="utf-8")
    done = command("--import", "half", "run", "x.toml", cwd=tmp_path)
    assert done.returncode == 2 and "lacks" in done.stderr and "threshold" in done.stderr
    done = command("--import", "nowhere", "run", "x.toml", cwd=tmp_path)
    assert done.returncode == 2 and "nowhere" in done.stderr and "Traceback" not in done.stderr


def test_from_python_the_module_itself_is_the_model(double_well):
    eta = np.array([0.3, 1.1])
    with pytest.raises(InputError, match="double_well"):
        eos_sweep.sweep("double_well", {"eta": eta}, initial={"x": 0.5}, steps=300)
    dataset = eos_sweep.sweep(double_well, {"eta": eta}, initial={"x": 0.5}, steps=300)
    assert dataset.period.values.tolist() == [1, 2] and dataset.x_final.values[0] == pytest.approx(1)
    run = eos_sweep.trajectory(double_well, {"eta": 0.3}, {"x": 0.5}, steps=50)
    assert float(run.x[-1]) == pytest.approx(1) and float(run.sharpness[-1]) == pytest.approx(2)

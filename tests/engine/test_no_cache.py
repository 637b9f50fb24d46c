"""Kernels are compiled where numba has no cache: the run goes on, and says so once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import eos_sweep
from helpers.stores import CLI, FEW, SPEC, changed, toml

PACKAGE = Path(eos_sweep.__file__).parent
NETWORK = {
    "model": "relu",
    "steps": 3,
    "observables": ["loss_final"],
    "axes": {"eta": [0.1, 0.2]},
    "parameters": {"dimension": 3, "points": 4},
    "initial": {},
}


def run(folder, environment, package=PACKAGE):
    order = [sys.executable, "-m", "eos_sweep", "run", "s.toml", "-o", "s"]
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(order, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A copy of the package in whose folders no cache can be made, by anybody."""
    copy = tmp_path_factory.mktemp("sealed") / "eos_sweep"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").write_text("")
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("spec", [changed(observables=FEW), NETWORK], ids=["kernel", "network"])
def test_a_run_without_a_folder_for_the_cache(tmp_path, sealed, spec):
    toml(tmp_path / "s.toml", spec)
    done = run(tmp_path, {"HOME": "/dev/null/x", "XDG_CACHE_HOME": "/dev/null/x"}, sealed)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("compiled anew") == 1 and "NUMBA_CACHE_DIR" in done.stderr


@pytest.mark.slow
def test_a_damaged_cache_is_made_again(tmp_path):
    toml(tmp_path / "s.toml", changed(observables=FEW))
    assert run(tmp_path, {"NUMBA_CACHE_DIR": "cache"}).returncode == 0
    files = [*tmp_path.rglob("*.nbi"), *tmp_path.rglob("*.nbc")]
    for content in (b"", b"garbage"):
        for file in files:
            file.write_bytes(content)
        shutil.rmtree(tmp_path / "s")
        done = run(tmp_path, {"NUMBA_CACHE_DIR": "cache"})
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        assert all(file.read_bytes() != content for file in files if file.exists())


def test_without_a_compiler_nothing_is_made(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    for command in (["run", "s.toml", "-o", "s"], ["plan", "s.toml"]):
        done = subprocess.run(
            [str(CLI), *command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1) and "NUMBA_DISABLE_JIT" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["s.toml"]

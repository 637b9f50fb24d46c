"""Wheel and sdist: what is in them, and that the wheel works where no checkout is."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import eos_sweep
from eos_sweep.store import provenance

pytestmark = pytest.mark.slow
ROOT = Path(eos_sweep.__file__).parents[1]
PACKAGE = "eos_sweep/**/*.py", "eos_sweep/py.typed", "eos_sweep/checks/bench/peers/loop.c"
SOURCES = (
    *PACKAGE,
    *("LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "MANIFEST.in", "pyproject.toml"),
    *("tests/**/*.py", "tests/store/formats/*.zarr.zip", "sweeps/*.toml", "figures/*.py", "figures/*.md"),
    *("docs/*.md", "docs/conf.py", "docs/_ext/*.py", "docs/_static/*.css"),
)
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "top_level.txt", "licenses/LICENSE"}
# setuptools adds these to an sdist, and the list of what it found.
ADDED = {"PKG-INFO", "setup.cfg"}
EGG_INFO = {"PKG-INFO", "SOURCES.txt", "dependency_links.txt", "entry_points.txt", "requires.txt", "top_level.txt"}
STRAY = (  # what a checkout in use holds besides
    *("eos_sweep/notes.txt", "eos_sweep/models/__pycache__/uv.cpython-311.pyc", "eos_sweep/.ruff_cache/CACHEDIR.TAG"),
    *("eos_sweep_old/__init__.py", "build/lib/eos_sweep/gone.py", "scratch.py", "quickstart.zarr/zarr.json"),
    *("tests/.pytest_cache/README.md", "tests/ground/__pycache__/x.cpython-311.pyc", "figures/runs/s.zarr/zarr.json"),
    *("docs/_build/html/index.html", "docs/_build/html/notes.md", "figures/draft.png", ".venv/pyvenv.cfg"),
)
TRIAL = """
import pathlib, sys
import numpy as np
import eos_sweep
from eos_sweep import plot

assert pathlib.Path(eos_sweep.__file__).is_relative_to(sys.prefix), eos_sweep.__file__
assert all(getattr(eos_sweep, name) for name in eos_sweep.__all__) and plot.draw
axes = {"eta": np.geomspace(0.01, 1.0, 4)}
ds = eos_sweep.sweep("quadratic", axes, {"a1": 4.0}, {"theta1": 1.0}, steps=20, out="tiny.zarr")
print(ds.attrs["model_digest"], *ds.regime.values)
"""


def matching(folder, patterns):
    """Return the paths of the files of ``folder`` that match one of ``patterns``."""
    return {str(path.relative_to(folder)) for pattern in patterns for path in folder.glob(pattern) if path.is_file()}


def run(*words, **options):
    """Run a program outside of the checkout, without a path to it, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(words, capture_output=True, text=True, env=environment, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the files under version control, with stray ones among them."""
    folder = tmp_path_factory.mktemp("built") / "checkout"
    for name in matching(ROOT, SOURCES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    for name in STRAY:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("stray = True\n")
    return folder


@pytest.fixture(scope="module")
def distributions(checkout):
    """Return the paths of the sdist, and of the wheel that is built from it."""
    out = checkout.parent / "dist"
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, checkout, cwd=checkout.parent)
    (sdist,) = out.glob("*.tar.gz")
    (wheel,) = out.glob("*.whl")
    assert len(list(out.iterdir())) == 2
    return sdist, wheel


def test_the_wheel_holds_the_package_and_nothing_else(distributions):
    _, wheel = distributions
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    assert found == matching(ROOT, PACKAGE) | {f"{name}-{version}.dist-info/{file}" for file in METADATA}


def test_the_sdist_holds_what_builds_tests_and_documents_it_and_nothing_else(distributions):
    sdist, _ = distributions
    folder = sdist.name.removesuffix(".tar.gz")
    with tarfile.open(sdist) as archive:
        found = {entry.name.removeprefix(f"{folder}/") for entry in archive if entry.isfile()}
    made = ADDED | {f"eos_sweep.egg-info/{file}" for file in EGG_INFO}
    assert found == matching(ROOT, SOURCES) | made
    assert sdist.stat().st_size < 2_000_000


def test_the_wheel_runs_in_an_environment_of_its_own(distributions, tmp_path):
    """Its libraries are those of this environment, since the test needs no network; its own files are the wheel's."""
    venv.create(tmp_path / "venv", with_pip=True)
    scripts = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", distributions[1], cwd=tmp_path)
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    here = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    # Folders that a .pth file adds come last, and .pth files in them, such as an editable install's, are not read.
    (own / "libraries.pth").write_text("".join(f"{folder}\n" for folder in here))
    version = distributions[1].name.split("-")[1]
    assert run(scripts / "eos-sweep", "--version", cwd=tmp_path) == f"eos-sweep, version {version}\n"
    digest, *labels = run(python, "-c", TRIAL, cwd=tmp_path).split()
    assert labels == ["6", "6", "6", "1"]
    spec = {"model": "quadratic", "steps": 20, "axes": {"eta": [1]}, "parameters": {"a1": 4}, "initial": {"theta1": 1}}
    assert digest == provenance.model_digest(eos_sweep.Sweep.from_dict(spec))  # a sweep goes on after an installation
    assert "4 of 4" in run(scripts / "eos-sweep", "status", "tiny.zarr", cwd=tmp_path)

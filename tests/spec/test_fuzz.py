"""Specs by the thousand, most of them wrong: each is valid, or is refused in one line, and leaves nothing behind.

EOS_SWEEP_FUZZ_SEED=7 in the environment draws others.
"""

import json
import os
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from eos_sweep.cli.main import main
from eos_sweep.contract import is_array
from eos_sweep.errors import InputError, visible
from eos_sweep.spec.inputs import MAX_PROBES
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store import schema
from eos_sweep.store.store import Store
from helpers.fuzzing import bounded, fuzzed
from helpers.mutations import NOISE, TINY, contents, documents, written
from helpers.specs import PLAIN

FREE = "something other than a sweep is there"  # the error of a valid spec whose store cannot be created

pytestmark = pytest.mark.filterwarnings("error")


def furnished(place):
    """Put a data file, a pipe, and something other than a sweep into a folder."""
    (place / "taken").mkdir()
    (place / "taken" / "diary.txt").write_text("mine")
    np.savez(place / "d.npz", inputs=np.arange(6.0), targets=np.arange(6.0))
    os.mkfifo(place / "pipe")
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return furnished(tmp_path_factory.mktemp("fuzz"))


def refused(*arguments):
    """Run a command that has to end with exit code 2 and one line on standard error; return that."""
    with bounded():
        result = CliRunner().invoke(main, arguments)
    if not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    line = result.stderr
    assert line.startswith("eos-sweep: ") and line.endswith("\n") and visible(line[:-1]) == line[:-1], line
    assert len(line) < 1000
    return line


def checked(folder, content):
    """Give a file to ``run``, where its store cannot be, and look at what a valid one holds; return what was said."""
    spec = folder / "s.toml"
    spec.write_bytes(content)
    line = refused("run", str(spec), "-o", str(folder / "taken"))
    if FREE not in line:
        assert refused("plan", str(spec)) == line
    else:
        with bounded():
            sweep = load_spec(spec)
            assert Sweep.from_dict(json.loads(json.dumps(sweep.to_dict(), allow_nan=False))) == sweep
            if sweep.size <= MAX_PROBES:  # every value has been tried
                assert set(schema.coordinates(sweep)) >= set(sweep.dims)
    assert sorted(path.name for path in folder.iterdir()) == ["d.npz", "pipe", "s.toml", "taken"]
    assert [path.name for path in (folder / "taken").iterdir()] == ["diary.txt"]
    return line


@pytest.mark.slow
@fuzzed(300, content=contents())
def test_a_spec_is_valid_or_refused_in_one_line(folder, content):
    checked(folder, content)


@pytest.mark.slow
@fuzzed(3000, content=contents())
def test_three_thousand_specs_are_valid_or_refused_in_one_line(folder, content):
    checked(folder, content)


def run_whole(place, spec):
    """Run a spec from its first step to its last, if it is valid, small, and of a kernel that other tests need, too."""
    (place / "s.toml").write_text(written(spec | {"steps": 30}), encoding="utf-8")
    shutil.rmtree(place / "s.zarr", ignore_errors=True)
    try:
        with bounded():
            sweep = load_spec(place / "s.toml")
    except InputError:
        return
    default = Sweep.from_dict(sweep.to_dict() | {"observables": ["default"]}).variables
    if sweep.size > 100 or is_array(sweep.module) or sweep.variables != default:
        return
    result = CliRunner().invoke(main, ["run", str(place / "s.toml"), "-o", str(place / "s.zarr"), "--threads", "1"])
    assert result.exit_code == 0, (result.output, result.exception)
    store = Store.open(place / "s.zarr")
    assert store.sweep == sweep and store.done().all()
    assert sorted(path.name for path in place.iterdir()) == ["s.toml", "s.zarr"]


@fuzzed(60, spec=documents(st.sampled_from([PLAIN, NOISE])))
def test_a_valid_spec_runs(tmp_path_factory, spec):
    run_whole(tmp_path_factory.mktemp("run"), spec)


@pytest.mark.slow
@fuzzed(400, spec=documents(st.sampled_from(TINY)))
def test_a_valid_spec_of_any_model_runs(tmp_path_factory, spec):
    run_whole(tmp_path_factory.mktemp("run"), spec)

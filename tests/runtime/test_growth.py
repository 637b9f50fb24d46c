"""A store grows by a plain run of a changed spec: what is stored stays, and a kill at any moment loses nothing."""

import os
import shutil
import signal
import time

import dask
import numpy as np
import pytest

import eos_sweep
from eos_sweep.errors import InputError, SpecError
from eos_sweep.store import growth
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.killing import killed_at
from helpers.runs import assert_like, complete, run, started, wait_for_chunks
from helpers.stores import FEW, changed, command, contents, numbers, toml

OLD = changed(
    axes={"lambda1": [1.0, 10.0, 100.0], "eta": {"linear": [0.1, 1, 10]}},
    chunks={"lambda1": 2, "eta": 6},
    steps=60,
    observables=["steps_taken"],
)
NEW = {**OLD, "axes": {"lambda1": [0.1, 1.0, 10.0, 50.0, 100.0], "eta": {"linear": [0.1, 1, 28]}}, "observables": FEW}


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    path = tmp_path_factory.mktemp("old") / "s.zarr"
    run(OLD, path)
    return path


@pytest.fixture(scope="module")
def grown(tmp_path_factory, old):
    """The store of NEW, which takes over what that of OLD has."""
    path = tmp_path_factory.mktemp("grown") / "s.zarr"
    assert run(NEW, path, reuse=old).reused == 30
    return path


def test_a_store_grows_in_place(tmp_path, old, grown, caplog):
    shutil.copytree(old, path := tmp_path / "s.zarr")
    done = run(NEW, path)
    assert (done.new, done.reused, done.total) == (140, 30, 140)
    assert "axis eta: " in caplog.text and "grows; what was there is kept in" in caplog.text
    assert_like(path, grown)
    assert set(os.listdir(tmp_path)) == {"s.zarr"}, "what was set aside is removed"
    assert "grown to (5, 28)" in Store.open(path).group.attrs["history"]
    assert run(NEW, path).new == 0, "the same spec goes on, although the axis has stored bits"
    assert set(eos_sweep.open_sweep(old).eta.values) <= set(eos_sweep.open_sweep(path).eta.values)


@pytest.mark.slow
def test_thresholds_of_a_relabelled_store_stay(tmp_path):
    spec = changed(axes={"lambda1": [1.0, 100.0], "eta": [0.1, 1.0]}, chunks={})
    run(spec, tmp_path / "s")
    command("relabel", "s", "--threshold", "growth=1.25", cwd=tmp_path)
    run({**spec, "axes": {"lambda1": [1.0, 10.0, 100.0], "eta": [0.1, 1.0]}}, tmp_path / "s")
    assert Store.open(tmp_path / "s").thresholds["growth"] == 1.25


@pytest.mark.parametrize(("changes", "line"), [
    ({"axes": {**NEW["axes"], "lambda1": [1.0, 2.0, 100.0]}}, "--reuse .*, for 20 trajectories of it"),
    ({"steps": 61}, "nothing of it can be reused, since the state of a trajectory at its last step is not stored"),
    ({"tolerance": 0.0}, "nothing of it can be reused"),
    ({"dtype": "float32"}, "--reuse"),
])  # fmt: skip
def test_what_would_be_lost_is_refused(tmp_path, old, changes, line):
    shutil.copytree(old, tmp_path / "s")
    before = contents(tmp_path / "s")
    with pytest.raises(SpecError, match=line) as caught:
        run({**NEW, **changes}, tmp_path / "s")
    assert "--overwrite" in str(caught.value) and contents(tmp_path / "s") == before


def test_something_else_in_the_way_is_left_alone(tmp_path, old):
    shutil.copytree(old, tmp_path / "s.zarr")
    shutil.copytree(old, tmp_path / "s.former.zarr")
    before = contents(tmp_path / "s.former.zarr")
    with pytest.raises(InputError, match="is in the way"):
        run(NEW, tmp_path / "s.zarr")
    assert contents(tmp_path / "s.former.zarr") == before and Store.open(tmp_path / "s.zarr").done().all()


def aside(tmp_path, old):
    """Set a copy of the old store aside, as a run does that is killed then."""
    shutil.copytree(old, path := tmp_path / "s.zarr")
    (path / ".eos_sweep.lock").touch()
    growth.set_aside(Location(path), Store.open(path))
    (path / ".eos_sweep.lock").unlink()
    return path


def test_while_it_grows_only_the_same_spec_goes_on(tmp_path, old, grown):
    path = aside(tmp_path, old)
    with pytest.raises(SpecError, match=r"is growing from another sweep.* or move .*s\.former\.zarr away"):
        run({**NEW, "steps": 9}, path)
    path.rmdir()
    assert run(NEW, path).reused == 30
    assert_like(path, grown)
    assert not growth.former(Location(path))


@pytest.mark.slow
def test_the_former_spec_goes_on_as_well(tmp_path, old):
    path = aside(tmp_path, old)
    assert run(OLD, path).reused == 30
    assert numbers(path) == numbers(old) and set(os.listdir(tmp_path)) == {"s.zarr"}


@pytest.mark.slow
def test_overwrite_removes_what_was_set_aside(tmp_path, old):
    path = aside(tmp_path, old)
    assert run({**NEW, "steps": 9}, path, overwrite=True).reused == 0
    assert set(os.listdir(tmp_path)) == {"s.zarr"}


@pytest.mark.slow
def test_what_cannot_run_is_put_back(tmp_path, old):
    shutil.copytree(old, path := tmp_path / "s.zarr")
    pytest.importorskip("distributed")  # which brings its settings, or the next line would be all of them
    with dask.config.set({"distributed.comm.timeouts.connect": 0.1}):
        with pytest.raises(InputError, match="no dask scheduler answers"):
            run(NEW, path, scheduler="tcp://127.0.0.1:1")
    assert numbers(path) == numbers(old) and set(os.listdir(tmp_path)) == {"s.zarr"}


GROW = """
import eos_sweep
from eos_sweep.spec.sweeps import Sweep

def work(path, spec):
    eos_sweep.run(Sweep.from_dict(spec), path, threads=1)
"""


@pytest.mark.slow
def test_killed_at_any_file_it_grows_on(tmp_path, old, grown):
    for path in killed_at(range(1, 120, 4), GROW, tmp_path, NEW, old):
        kept = [place for place in (path, path.with_name(f"{path.name}.former")) if place.exists()]
        assert any(_has_all_of_old(place) for place in kept), "the old store, or one that has all of it"
        run(NEW, path)
        assert_like(path, grown)
        assert not path.with_name(f"{path.name}.former").exists()


def _has_all_of_old(place):
    try:
        store = Store.open(place)
    except InputError:
        return False
    return bool(store.done().all())


@pytest.mark.slow
def test_killed_at_random_moments_it_grows_on(tmp_path):
    old = changed(axes={"lambda1": {"log": [1, 1e4, 33]}, "eta": {"log": [1e-3, 30, 33]}}, steps=40_000, chunks={})
    new = {**old, "axes": {"lambda1": {"log": [1, 1e4, 65]}, "eta": {"log": [1e-3, 30, 65]}}}
    new["chunks"] = {"lambda1": 16, "eta": 17}
    run(old, tmp_path / "s")
    run(new, tmp_path / "fresh")
    for aim in (1, 4, 9):
        before = complete(tmp_path / "s") if (tmp_path / "s.former").exists() else {}
        process = started(new, tmp_path)
        wait_for_chunks(process, tmp_path / "s", aim)
        time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        after = complete(tmp_path / "s")
        assert {block: after[block] for block in before} == before
    assert (tmp_path / "s.former").exists(), "killed too late to test anything"
    toml(tmp_path / "s.toml", new)
    last = command("run", "s.toml", "-o", "s", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    assert numbers(tmp_path / "s") == numbers(tmp_path / "fresh")
    assert not (tmp_path / "s.former").exists()
    assert np.all(Store.open(tmp_path / "s").done())

"""Stores that are no folder: a server that speaks S3, and memory, with the same resume semantics."""

import contextlib
import json
import logging
import os
import signal
import subprocess
import time

import fsspec
import numpy as np
import pytest
import xarray as xr
from test_runner import run
from test_store import CLI, FEW, changed, toml

import eos_sweep
from eos_sweep import lease
from eos_sweep.errors import InputError, Stopped
from eos_sweep.lease import locked
from eos_sweep.location import Location
from eos_sweep.store import Store

PLACE = "s3://bucket/folder/s.zarr"
HALF = changed(axes={"lambda1": {"log": [1, 1e4, 24]}, "eta": {"log": [1e-3, 30, 25]}}, chunks={"lambda1": 8, "eta": 9})
SMALL = HALF | {"observables": FEW}


@pytest.fixture(scope="module")
def server():
    """An S3 server on the loopback, with a bucket; what finds it is in the environment, as with a real one."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    found = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        fsspec.filesystem("s3").mkdir("bucket")
        yield fsspec.filesystem("s3")
    moto.stop()


@pytest.fixture
def bucket(server):
    with contextlib.suppress(FileNotFoundError):
        server.rm("bucket/folder", recursive=True)
    server.invalidate_cache()
    return server


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "s"
    run(HALF, path)
    with xr.open_zarr(path) as dataset:
        return dataset.load().drop_attrs()


def command(*arguments, cwd):
    return subprocess.run([str(CLI), *arguments], cwd=cwd, capture_output=True, text=True, timeout=300)


def dataset(place):
    return xr.open_zarr(Store.open(place).group.store).load().drop_attrs()


@pytest.mark.slow
def test_a_url_is_run_resumed_checked_labelled_drawn_and_exported(tmp_path, bucket, whole):
    toml(tmp_path / "s.toml", HALF)
    first = command("run", "s.toml", "-o", PLACE, "--json", cwd=tmp_path)
    assert first.returncode == 0 and json.loads(first.stdout)["new"] == 600, first.stderr
    xr.testing.assert_identical(dataset(PLACE), whole)
    assert not bucket.exists("bucket/folder/s.zarr.lock"), "the lease is given back"
    again = command("run", "s.toml", "-o", PLACE, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["new"] == 0
    assert command("status", PLACE, "--check", cwd=tmp_path).returncode == 0
    relabelled = command("relabel", PLACE, "--threshold", "growth=2", "--json", cwd=tmp_path)
    assert relabelled.returncode == 0 and json.loads(relabelled.stdout)["changed"] > 0
    assert command("plot", PLACE, "-o", "s.png", cwd=tmp_path).returncode == 0
    assert command("export", PLACE, "s.zarr.zip", cwd=tmp_path).returncode == 0
    assert command("trace", PLACE, "--index", "eta=3,lambda1=4", cwd=tmp_path).returncode == 0
    xr.testing.assert_equal(eos_sweep.open_sweep(tmp_path / "s.zarr.zip").load(), eos_sweep.open_sweep(PLACE).load())


def test_a_damaged_object_is_computed_again(bucket, whole):
    run(SMALL, PLACE)
    key = "bucket/folder/s.zarr/crossings/c/1/2"
    bucket.pipe_file(key, bucket.cat_file(key)[:-3])
    bucket.rm("bucket/folder/s.zarr/steps_taken/c/0/0")
    assert run(SMALL, PLACE, check=True).new == 8 * 7 + 8 * 9
    xr.testing.assert_equal(dataset(PLACE), whole[["crossings", "steps_taken"]])


@pytest.mark.slow
def test_killed_it_goes_on(tmp_path, bucket, whole):
    toml(tmp_path / "s.toml", HALF)
    process = subprocess.Popen([str(CLI), "run", "s.toml", "-o", PLACE], cwd=tmp_path)
    ledger = "bucket/folder/s.zarr/ledger/blocks/c"
    while process.poll() is None and not bucket.exists(ledger):
        time.sleep(0.05)
        bucket.invalidate_cache()
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = Store.open(PLACE)
    done = store.done()
    assert 0 < done.sum() < done.size
    keys = [f"bucket/folder/s.zarr/outcome/c/{i}/{j}" for i, j in np.argwhere(done)]
    stamps = [bucket.info(key)["LastModified"] for key in keys]
    last = command("run", "s.toml", "-o", PLACE, "--json", cwd=tmp_path)
    assert last.returncode == 0, last.stderr  # at once: the lease's owner was a process of this machine
    assert json.loads(last.stdout)["new"] == 600 - store.computed()
    xr.testing.assert_identical(dataset(PLACE), whole)
    bucket.invalidate_cache()
    assert [bucket.info(key)["LastModified"] for key in keys] == stamps


@pytest.mark.slow
def test_processes_share_a_url(tmp_path, bucket, whole):
    toml(tmp_path / "s.toml", HALF)
    done = command("run", "s.toml", "-o", PLACE, "--workers", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    xr.testing.assert_identical(dataset(PLACE), whole)


@pytest.mark.slow
def test_overwrite_removes_what_is_there_and_nothing_else(bucket):
    bucket.pipe_file("bucket/folder/other", b"mine")
    run(SMALL, PLACE)
    run(SMALL | {"steps": 7}, PLACE, overwrite=True)
    assert int(dataset(PLACE).steps_taken.max()) == 7
    assert bucket.cat_file("bucket/folder/other") == b"mine"
    bucket.pipe_file("bucket/folder/s.zarr/notes.txt", b"mine")
    with pytest.raises(InputError, match=r"notes\.txt in it is no part of a sweep"):
        run(SMALL, PLACE, overwrite=True)


@pytest.mark.slow
def test_what_cannot_be_reached_is_told_in_a_line(tmp_path, bucket):
    toml(tmp_path / "s.toml", HALF)
    for place, words in (
        ("s3://nobucket/s.zarr", "does not exist"),
        ("s4://bucket/s.zarr", "Protocol not known"),
        ("s3://bucket/folder/none.zarr", "no sweep is stored here"),
    ):
        arguments = ["status", place] if "none" in place else ["run", "s.toml", "-o", place]
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and words in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    bucket.pipe_file("bucket/folder/file", b"mine")
    with pytest.raises(InputError, match="something that is no sweep"):
        run(HALF, "s3://bucket/folder")


@pytest.mark.parametrize("place", ["memory://bucket/lease.zarr", "s3://bucket/folder/lease.zarr"])
def test_a_lease_has_one_owner(bucket, place, monkeypatch):
    with locked(place) as held:
        held()
        with pytest.raises(InputError, match=f"another process \\(pid {os.getpid()}"), locked(place):
            pass
        held()
    with locked(place):
        pass
    key = Location(place).beside(".lock")
    dead = json.loads(lease._owner("other"))
    key.fs.pipe_file(key.root, json.dumps(dead | {"host": "elsewhere"}).encode())
    with pytest.raises(InputError, match="on elsewhere"), locked(place):
        pass
    key.fs.pipe_file(key.root, json.dumps(dead | {"host": "elsewhere", "time": time.time() - 100}).encode())
    with locked(place) as held:  # nobody has renewed it
        held()
        key.fs.pipe_file(key.root, json.dumps(dead).encode())
        with pytest.raises(Stopped, match="took it over"):
            held()
    key.fs.pipe_file(key.root, json.dumps(dead | {"pid": 2**22 + 1}).encode())
    with locked(place):  # its owner is dead
        pass
    assert key.read("") is None


def test_a_lease_is_renewed(monkeypatch):
    monkeypatch.setattr(lease, "RENEWED", 0.02)
    with locked("memory://bucket/renewed.zarr") as held:
        key = Location("memory://bucket/renewed.zarr").beside(".lock")
        first = json.loads(key.read(""))["time"]
        while json.loads(key.read(""))["time"] == first:
            time.sleep(0.01)
        held()


def test_memory_is_a_store_of_this_process(whole):
    assert run(HALF, "memory://bucket/m.zarr").new == 600
    assert run(HALF, "memory://bucket/m.zarr").new == 0
    xr.testing.assert_identical(dataset("memory://bucket/m.zarr"), whole)
    opened = eos_sweep.open_sweep("memory://bucket/m.zarr")
    np.testing.assert_array_equal(opened.regime, whole.regime)

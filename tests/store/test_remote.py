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

import eos_sweep
from eos_sweep.errors import InputError, Interrupted, Stopped
from eos_sweep.store import lease
from eos_sweep.store.files import CHECKPOINTS, LOCK
from eos_sweep.store.location import Location
from eos_sweep.store.lock import locked
from eos_sweep.store.owner import Owner
from eos_sweep.store.store import Store
from helpers.pausing import paused, store_of
from helpers.runs import run
from helpers.stores import CLI, FEW, changed, toml

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
    assert not bucket.exists("bucket/folder/s.zarr/.eos_sweep.lock"), "the lease is given back"
    again = command("run", "s.toml", "-o", PLACE, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["new"] == 0
    assert command("status", PLACE, "--check", cwd=tmp_path).returncode == 0
    relabelled = command("relabel", PLACE, "--threshold", "growth=2", "--json", cwd=tmp_path)
    assert relabelled.returncode == 0 and json.loads(relabelled.stdout)["changed"] > 0
    assert command("plot", PLACE, "-o", "s.png", cwd=tmp_path).returncode == 0
    assert command("export", PLACE, "s.zarr.zip", cwd=tmp_path).returncode == 0
    assert command("trace", PLACE, "--index", "eta=3,lambda1=4", cwd=tmp_path).returncode == 0
    xr.testing.assert_equal(eos_sweep.open_sweep(tmp_path / "s.zarr.zip").load(), eos_sweep.open_sweep(PLACE).load())


@pytest.mark.slow
def test_a_damaged_object_is_computed_again(bucket, whole):
    run(SMALL, PLACE)
    key = "bucket/folder/s.zarr/crossings/c/1/2"
    bucket.pipe_file(key, bucket.cat_file(key)[:-3])
    bucket.rm("bucket/folder/s.zarr/steps_taken/c/0/0")
    assert run(SMALL, PLACE, check=True).new == 8 * 7 + 8 * 9
    xr.testing.assert_equal(dataset(PLACE), whole[["crossings", "steps_taken"]])


@pytest.mark.slow
def test_an_empty_object_is_damage_and_not_a_server_that_cannot_be_reached(bucket):
    run(SMALL, PLACE)
    bucket.pipe_file("bucket/folder/s.zarr/crossings/c/1/2", b"")
    assert Location(PLACE).read("crossings/c/1/2") == b""
    assert Store.open(PLACE).damaged((1, 2)) == ["crossings"]
    assert run(SMALL, PLACE, check=True).new == 8 * 7
    bucket.pipe_file("bucket/folder/s.zarr/zarr.json", b"")
    with pytest.raises(InputError, match=r"its zarr\.json is lost or damaged"):
        Store.open(PLACE)


@pytest.mark.slow
def test_networks_go_on_within_a_trajectory(tmp_path, bucket, caplog):
    spec = {"model": "tanh_net", "steps": 300, "axes": {"eta": [0.2, 0.3], "seed": [0]}, "parameters": {"stride": 5}}
    assert paused(store_of(spec, PLACE), (1, 0)).paused
    bucket.invalidate_cache()
    assert bucket.exists(f"{PLACE}/{CHECKPOINTS}/1.0/0")
    run(spec, PLACE)
    run(spec, tmp_path / "s")
    assert "block 1,0: goes on from step 150 of 300" in caplog.text
    xr.testing.assert_identical(dataset(PLACE), dataset(tmp_path / "s"))
    bucket.invalidate_cache()
    assert not bucket.exists(f"{PLACE}/{CHECKPOINTS}")


@pytest.mark.slow
def test_a_killed_run_is_resumed(tmp_path, bucket, whole):
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
    with pytest.raises(InputError, match=r"notes\.txt in it is not part of a sweep"):
        run(SMALL, PLACE, overwrite=True)


@pytest.mark.slow
def test_an_unreachable_place_is_an_error_of_one_line(tmp_path, bucket):
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
    with pytest.raises(InputError, match="something other than a sweep"):
        run(HALF, "s3://bucket/folder")


@pytest.mark.parametrize("place", ["memory://bucket/lease.zarr", "s3://bucket/folder/lease.zarr"])
def test_a_lease_has_one_owner(bucket, place, monkeypatch):
    monkeypatch.setattr(lease, "RENEWAL_SECONDS", 0.1)
    monkeypatch.setattr(lease, "POLL_SECONDS", 0.3)
    with locked(place) as held:
        held()
        with pytest.raises(InputError, match=f"another process \\(pid {os.getpid()}"), locked(place):
            pass
        held()
    location, other = Location(place), Owner.here("other")
    assert location.read(LOCK) is None
    with locked(place) as held:
        location.write(LOCK, other.data())
        with pytest.raises(Stopped, match="took over its lease"):
            held()
    assert location.read(LOCK) == other.data(), "the lease of another process is not given back"
    location.write(LOCK, other._replace(pid=2**22 + 1).data())
    with locked(place):  # its owner is dead
        pass
    assert location.read(LOCK) is None
    location.write(LOCK, b"a diary")
    with pytest.raises(InputError, match="is not the lock of a run"), locked(place):
        pass
    assert location.read(LOCK) == b"a diary"


@pytest.mark.slow
def test_a_lease_is_taken_over_when_nobody_renews_it_whatever_the_clocks_say(monkeypatch, caplog):
    """The lease of a live process is not taken over by one whose clock is an hour ahead, and that of a dead one is."""
    for name, seconds in (("RENEWAL_SECONDS", 0.5), ("POLL_SECONDS", 0.2), ("STALE_SECONDS", 3.0)):
        monkeypatch.setattr(lease, name, seconds)
    monkeypatch.setattr(time, "time", lambda: time.monotonic() + 1e9)
    place = "memory://bucket/clocks.zarr"
    with locked(place) as held:
        with pytest.raises(InputError, match="another process"), locked(place):
            pass
        held()
    elsewhere = Owner.here("other")._replace(host="elsewhere", machine="another")
    Location(place).write(LOCK, elsewhere.data())
    began = time.monotonic()
    with locked(place) as held:
        assert time.monotonic() - began >= 3.0
        held()
    assert "leased by pid" in caplog.text and "on elsewhere" in caplog.text and "taken over" in caplog.text


def test_a_signal_ends_the_wait_for_a_lease(monkeypatch):
    monkeypatch.setattr(lease, "POLL_SECONDS", 0.1)
    Location("memory://bucket/waiting.zarr").write(LOCK, Owner.here("other").data())
    with pytest.raises(Interrupted), locked("memory://bucket/waiting.zarr", lambda: signal.SIGTERM):
        pass


def test_a_lease_is_renewed(monkeypatch):
    monkeypatch.setattr(lease, "RENEWAL_SECONDS", 0.02)
    location = Location("memory://bucket/renewed.zarr")
    with locked(location) as held:
        first = location.read(LOCK)
        while location.read(LOCK) == first:
            time.sleep(0.01)
        held()


def test_who_has_lost_the_lease_writes_nothing_any_more():
    """The winner's heartbeat and ledger stay as they are, whatever the loser does before it ends."""
    place = "memory://bucket/lost.zarr"
    location, kept = Location(place), {}

    def lose(progress):
        if not kept and progress.new:
            location.write(LOCK, Owner.here("winner").data())
            Store.open(place).ledger.beat({"state": "running", "host": "winner"})
            kept.update({key: location.read(key) for key in location.keys() if key.startswith("ledger")})

    with pytest.raises(Stopped, match="took over its lease"):
        run(SMALL | {"chunks": {"lambda1": 1, "eta": 25}}, place, threads=1, report=lose)
    assert kept and {key: location.read(key) for key in location.keys() if key.startswith("ledger")} == kept
    assert Store.open(place).ledger.heartbeat["host"] == "winner"
    location.remove(LOCK)


def test_memory_is_a_store_of_this_process(whole):
    assert run(HALF, "memory://bucket/m.zarr").new == 600
    assert run(HALF, "memory://bucket/m.zarr").new == 0
    xr.testing.assert_identical(dataset("memory://bucket/m.zarr"), whole)
    opened = eos_sweep.open_sweep("memory://bucket/m.zarr")
    np.testing.assert_array_equal(opened.regime, whole.regime)

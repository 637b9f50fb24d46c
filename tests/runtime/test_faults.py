"""After any fault of a run or its store, the same command ends with the bits of an undisturbed run."""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess

import pytest
import xarray as xr

import eos_sweep
from eos_sweep.errors import InputError, Stopped
from eos_sweep.runtime.worker import compute_block
from eos_sweep.store.store import Store
from helpers.runs import LONG, assert_like, complete, run, started, wait_for_chunks
from helpers.stores import FEW, SPEC, changed, command, numbers, strict, toml

pytestmark = pytest.mark.slow

CHUNK = "crossings/c/1/2"
SLOW = changed(steps=20_000_000, chunks={"lambda1": 1, "eta": 1}, observables=FEW, tolerance=0.0)  # many seconds


@pytest.fixture
def small_disk(tmp_path):
    """Yield mount(size), which mounts a file system of so many bytes and returns its folder."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size, *options):
        command = ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "eos_sweep", str(place)]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")
        return place

    yield mount
    subprocess.run(["umount", str(place)], capture_output=True)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-7])


def empty(path):
    path.write_bytes(b"")


def missing(path):
    path.unlink()


@pytest.mark.parametrize("harm", [flip, truncate, empty, missing])
def test_a_damaged_chunk_is_found_and_computed_again(tmp_path, whole, harm):
    shutil.copytree(whole, tmp_path / "s")
    before = complete(tmp_path / "s")
    harm(tmp_path / "s" / CHUNK)
    toml(tmp_path / "s.toml", SPEC)
    told = command("status", "s", "--check", "--json", cwd=tmp_path)
    assert told.returncode == 1 and json.loads(told.stdout)["damaged"] == {"1,2": ["crossings"]}
    shown = command("status", "s", "--check", cwd=tmp_path)
    assert "block 1,2: crossings" in shown.stdout and "run --check computes them again" in shown.stderr
    done = command("run", "s.toml", "-o", "s", "--check", "--json", cwd=tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["new"] == 7 * 8, done.stderr
    assert "block 1,2: crossings damaged or missing" in done.stderr
    after = complete(tmp_path / "s")
    assert {block: marks for block, marks in after.items() if before[block] != marks}.keys() == {(1, 2)}
    assert_like(tmp_path / "s", whole)
    assert command("status", "s", "--check", cwd=tmp_path).returncode == 0


def test_after_a_kill_all_is_checked_without_being_asked(tmp_path, uninterrupted):
    process = started(LONG, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 9)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = list(complete(tmp_path / "s"))
    assert done and Store.open(tmp_path / "s").ledger.heartbeat["state"] == "running"
    truncate(tmp_path / "s" / "outcome" / "c" / "/".join(map(str, done[0])))
    last = command("run", "s.toml", "-o", "s", cwd=tmp_path)
    assert last.returncode == 0 and "outcome damaged or missing; computed again" in last.stderr
    assert_like(tmp_path / "s", uninterrupted)


def test_a_damaged_chunk_is_never_read_as_a_result(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "s")
    flip(tmp_path / "s" / CHUNK)
    with xr.open_zarr(tmp_path / "s") as dataset, pytest.raises(ValueError, match="checksum"):
        dataset.crossings.load()
    done = command("plot", "s", "-o", "s.png", "--variable", "crossings", cwd=tmp_path)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "run --check" in done.stderr
    assert not (tmp_path / "s.png").exists()


def test_what_a_damaged_ledger_says_is_not_believed(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "s")
    flip(tmp_path / "s" / "ledger" / "blocks" / "c" / "0" / "0" / "0")
    assert Store.open(tmp_path / "s").status()["blocks_done"] == 0
    assert run(SPEC, tmp_path / "s").new == 600
    assert_like(tmp_path / "s", whole)


def test_an_extension_does_not_build_on_a_damaged_block(tmp_path):
    old = changed(axes={"lambda1": {"values": [1.0, 10, 100]}, "eta": [0.01, 0.1]}, chunks={"lambda1": 2, "eta": 3})
    new = {**old, "axes": {"lambda1": {"values": [1.0, 10, 100, 1000]}, "eta": [0.01, 0.1, 1]}}
    run(old, tmp_path / "s")
    truncate(tmp_path / "s" / "tail_mean" / "c" / "1" / "0")
    run(new, tmp_path / "s")
    run({**new, "chunks": {"lambda1": 2, "eta": 2}}, tmp_path / "fresh")
    with xr.open_zarr(tmp_path / "s") as found, xr.open_zarr(tmp_path / "fresh") as fresh:
        xr.testing.assert_identical(found.load().drop_attrs(), fresh.load().drop_attrs())


def test_a_store_that_is_deleted_under_a_run_ends_it(tmp_path, uninterrupted):
    process = started(LONG, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 6)
    shutil.rmtree(tmp_path / "s", ignore_errors=True)
    shutil.rmtree(tmp_path / "s", ignore_errors=True)  # what was written meanwhile
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 4 and "was deleted or replaced during a run of it" in errors
    assert "Traceback" not in errors
    assert command("run", "s.toml", "-o", "s", cwd=tmp_path).returncode == 0
    assert_like(tmp_path / "s", uninterrupted)


def test_a_worker_does_not_write_into_a_store_that_took_the_place_of_its_own(tmp_path, whole):
    run(changed(chunks={"lambda1": 7, "eta": 8}, steps=999), tmp_path / "s")
    ours = Store.open(tmp_path / "s")
    shutil.rmtree(tmp_path / "s")
    shutil.copytree(whole, tmp_path / "s")
    row = compute_block(ours, (1, 2), (0, 0))
    assert row.extent == (0, 0) and "was deleted or replaced" in row.stop
    assert_like(tmp_path / "s", whole)


def test_what_a_deleted_store_left_behind_is_in_nobodys_way(tmp_path, whole):
    shutil.copytree(whole, tmp_path / "s")
    (tmp_path / "s" / "zarr.json").unlink()
    (tmp_path / "s" / "regime" / "c" / "0" / f"1.{'a' * 32}.partial").write_bytes(b"half")
    run(SPEC, tmp_path / "s")
    assert_like(tmp_path / "s", whole)
    (tmp_path / "s" / "zarr.json").unlink()
    (tmp_path / "s" / "regime" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="something other than a sweep"):
        run(SPEC, tmp_path / "s")
    assert (tmp_path / "s" / "regime" / "notes.txt").read_text() == "mine"


def test_a_second_run_on_one_path_is_refused(tmp_path):
    process = started(SLOW, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 1)
    second = command("run", "s.toml", "-o", "s", cwd=tmp_path)
    assert second.returncode == 2 and f"another process (pid {process.pid}" in second.stderr
    assert len(second.stderr.splitlines()) == 1
    assert process.poll() is None
    process.kill()
    process.communicate()


def test_a_full_disk_ends_a_run_and_room_lets_it_go_on(tmp_path, small_disk, uninterrupted):
    disk = small_disk("600k")
    toml(tmp_path / "s.toml", LONG)
    done = command("run", "s.toml", "-o", disk / "s", cwd=tmp_path)
    assert done.returncode == 4 and "No space left on device" in done.stderr and "Traceback" not in done.stderr
    assert strict(command("status", disk / "s", "--json", cwd=tmp_path).stdout)["run"] in ("stopped", "died")
    store = Store.open(disk / "s")
    assert 0 < store.done().sum() < store.done().size and not any(map(store.damaged, complete(disk / "s")))
    before = complete(disk / "s")
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    done = command("run", "s.toml", "-o", disk / "s", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {block: complete(disk / "s")[block] for block in before} == before
    assert_like(disk / "s", uninterrupted)


def test_a_full_disk_ends_relabelling_in_a_line_and_room_lets_it_go_on(tmp_path, small_disk, whole):
    disk = small_disk("4m")
    shutil.copytree(whole, disk / "s")
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    limits = ("--threshold", "crossings=3", "--threshold", "growth=2")
    for room, code in ((0, 2), (4096, 4)):  # without room for its lock nothing is changed
        os.truncate(disk / "filler", (disk / "filler").stat().st_size - room)
        done = command("relabel", disk / "s", *limits, cwd=tmp_path)
        assert (done.returncode, len(done.stderr.splitlines())) == (code, 1) and "No space left" in done.stderr
    (disk / "filler").unlink()
    shutil.copytree(whole, tmp_path / "other")
    for place in (disk / "s", tmp_path / "other"):
        assert command("relabel", place, *limits, cwd=tmp_path).returncode == 0
        assert command("status", place, "--check", cwd=tmp_path).returncode == 0
    assert numbers(disk / "s") == numbers(tmp_path / "other")


def test_a_disk_too_small_for_a_store_is_told_in_a_line(tmp_path, small_disk):
    disk = small_disk("16k")
    toml(tmp_path / "s.toml", SPEC)
    done = command("run", "s.toml", "-o", disk / "new" / "s", cwd=tmp_path)
    assert done.returncode == 2 and "No space left on device" in done.stderr and len(done.stderr.splitlines()) == 1
    assert not list(disk.iterdir()), "what was made is removed"


def test_a_read_only_place_is_refused_and_can_be_read(tmp_path, small_disk, whole):
    disk = small_disk("10m")
    shutil.copytree(whole, disk / "s")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    toml(tmp_path / "s.toml", SPEC)
    for place in (disk / "s", disk / "new"):
        done = command("run", "s.toml", "-o", place, cwd=tmp_path)
        assert done.returncode == 2 and "Read-only file system" in done.stderr and len(done.stderr.splitlines()) == 1
    assert command("status", disk / "s", "--check", cwd=tmp_path).returncode == 0
    assert command("plot", disk / "s", "-o", "s.png", cwd=tmp_path).returncode == 0


def test_sigterm_lets_the_blocks_in_flight_finish(tmp_path, uninterrupted):
    process = started(LONG, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 8)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143 and errors.splitlines()[-1] == "eos-sweep: stopped; run the same command to go on"
    store = Store.open(tmp_path / "s")
    assert 0 < store.done().sum() < store.done().size
    assert store.ledger.heartbeat["state"] == "stopped" and store.ledger.heartbeat["reason"] == "interrupted"
    written = {path.parent.name + "," + path.name for path in (tmp_path / "s" / "outcome").glob("c/*/*")}
    assert written == {f"{i},{j}" for i, j in complete(tmp_path / "s")}, "a block in flight was dropped"
    assert run(LONG, tmp_path / "s").failed == 0
    assert_like(tmp_path / "s", uninterrupted)


def test_a_run_tells_others_how_far_it_is(tmp_path):
    process = started(SLOW, tmp_path)
    wait_for_chunks(process, tmp_path / "s", 1)
    told = json.loads(command("status", "s", "--json", cwd=tmp_path).stdout)
    beat = told["heartbeat"]
    assert told["run"] == "running" and beat["pid"] == process.pid and beat["trajectories"] == 600
    process.send_signal(signal.SIGKILL)
    process.communicate()
    late = json.loads(command("status", "s", "--json", cwd=tmp_path).stdout)
    assert late["heartbeat"]["pid"] == process.pid, "the heartbeat outlives the process"
    toml(tmp_path / "s.toml", SPEC)
    last = json.loads(command("run", "s.toml", "-o", "s", "--overwrite", "--json", cwd=tmp_path).stdout)
    told = json.loads(command("status", "s", "--json", cwd=tmp_path).stdout)
    assert told["run"] == "finished" and told["heartbeat"]["trajectories_done"] == 600
    assert told["heartbeat"]["steps"] == last["steps"] and told["heartbeat"]["seconds_left"] == 0
    with xr.open_zarr(tmp_path / "s") as dataset:
        assert dataset.attrs["total_steps"] == told["steps"] == int(dataset.steps_taken.sum())
        assert dataset.attrs["core_seconds"] == pytest.approx(told["core_seconds"]) and told["core_seconds"] > 0


def test_quiet_and_verbose(tmp_path):
    toml(tmp_path / "s.toml", changed(observables=FEW))
    quiet = command("run", "s.toml", "-q", cwd=tmp_path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    toml(tmp_path / "bad.toml", changed(steps=0))
    assert "steps: got 0" in command("run", "bad.toml", "--quiet", cwd=tmp_path).stderr


def test_errors_of_the_store_are_told_to_python(tmp_path, whole):
    path = tmp_path / "s"

    def delete(progress):
        shutil.rmtree(path, ignore_errors=True)

    with pytest.raises(Stopped, match="deleted or replaced"):
        run(SPEC, path, report=delete)
    run(SPEC, path)
    assert_like(path, whole)


def test_a_sweep_from_python_that_cannot_go_on_says_so_as_a_run_does(tmp_path):
    arguments = {"axes": {"eta": [0.1, 0.2]}, "initial": {"theta1": 1}, "parameters": {"a1": 1}, "steps": 5}
    full = OSError(errno.ENOSPC, "No space left on device")

    def fill(progress):
        raise full

    with pytest.raises(eos_sweep.Stopped, match="No space left on device; fix that") as told:
        eos_sweep.sweep("quadratic", **arguments, out=tmp_path / "s", report=fill)
    assert told.value.__cause__ is full

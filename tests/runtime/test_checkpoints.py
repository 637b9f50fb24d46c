"""A run of networks that is stopped at any moment goes on within its trajectories, to the same bits."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import zarr

import eos_sweep
from eos_sweep.errors import Interrupted
from eos_sweep.runtime import block_queue, flights, keeping, worker
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import checkpoints
from eos_sweep.store.files import CHECKPOINTS
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.pausing import paused, store_of
from helpers.runs import assert_like, run
from helpers.stores import command, numbers, toml

VARIABLES = ["period", "tail_mean", "crossings", "sharpness_max", "loss_final", "norm_final", "steps_taken"]
TINY = {"width": 5, "points": 8, "stride": 5}
SPEC = {
    "model": "tanh_net",
    "axes": {"eta": [0.2, 0.3], "seed": [0, 1]},
    "chunks": {"eta": 1, "seed": 2},
    "parameters": TINY,
    "observables": VARIABLES,
}
KINDS = {
    "plain": SPEC,
    "mini-batches with noise": {**SPEC, "parameters": {**TINY, "batch": 3, "label_noise": 0.05}},
    "a velocity": {**SPEC, "rule": "heavy_ball", "parameters": {**TINY, "momentum": 0.5}},
    "a preconditioner": {**SPEC, "rule": "adam", "axes": {"eta": [0.01, 0.02], "seed": [0, 1]}},
}
# The command with checkpoints at each look that comes so many seconds after the last one.
PROGRAM = """
import sys
from eos_sweep.runtime import keeping
keeping.INTERVAL = float(sys.argv.pop(1))
keeping.MOST_TIME = 1.0
from eos_sweep.cli.main import main
main()
"""


def started(spec, folder, *options, interval=0.02):
    """Start a run that writes a checkpoint of each block every so many seconds."""
    arguments = ["run", str(toml(folder / "s.toml", spec)), "-o", "s", "--threads", "2", *options]
    process = [sys.executable, "-c", PROGRAM, str(interval), *arguments]
    return subprocess.Popen(process, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def left(path):
    """Return the files of checkpoints that are complete."""
    folder = path / CHECKPOINTS
    return {str(file.relative_to(folder)): file for file in folder.rglob("*") if file.is_file() and file.suffix == ""}


def marks(path):
    return {name: file.stat().st_ino for name, file in left(path).items()}


def has_changed(path, before):
    with contextlib.suppress(FileNotFoundError):
        return bool(set(marks(path).items()) - set(before.items()))


def wait_for(process, condition):
    while process.poll() is None and not condition():
        time.sleep(0.005)


def test_a_block_that_was_paused_goes_on_to_the_same_bits(tmp_path, caplog):
    spec = {**SPEC, "steps": 500}
    store, other = store_of(spec, tmp_path / "s"), store_of(spec, tmp_path / "whole")
    row = paused(store, (1, 0), 150)
    assert row.paused and not row.error and not any(row.extent)
    assert list(left(tmp_path / "s")) == ["1.0/0"]
    first, whole = (worker.compute_block(one, (1, 0), (0, 0)) for one in (store, other))
    assert "block 1,0: goes on from" in caplog.text and "step 255 of 500 of trajectory 2 of 2" in caplog.text
    assert (
        first.extent == whole.extent == (1, 2) and first.chunks == whole.chunks and first.steps == whole.steps == 1000
    )
    assert first.earlier == 755 and first.kept and not whole.kept and whole.earlier == 0
    assert all(store.read((1, 0), n).tobytes() == other.read((1, 0), n).tobytes() for n in store.arrays)
    checkpoints.recorded(store.location, [first])
    assert not left(tmp_path / "s")


def test_a_store_that_is_no_folder_has_checkpoints_too(tmp_path, caplog):
    spec, place = {**SPEC, "steps": 300}, "memory://checkpoints/s.zarr"
    assert paused(store_of(spec, place), (0, 0)).paused
    location = Location(place)
    assert checkpoints.read(location, (0, 0), 0) and CHECKPOINTS not in location.names()
    assert run(spec, place, threads=1).failed == 0
    assert "block 0,0: goes on from step 150 of 300" in caplog.text
    run(spec, tmp_path / "whole")
    group = zarr.open_group(location.zarr_store(read_only=True), mode="r")
    for name, (_, _, content) in numbers(tmp_path / "whole").items():
        assert np.asarray(group[name][...]).tobytes() == content
    assert not location.fs.exists(f"{location.root}/{CHECKPOINTS}")
    location.fs.rm(location.root, recursive=True)


def test_a_checkpoint_that_does_not_fit_is_not_used(tmp_path, caplog):
    spec = {**SPEC, "steps": 300}
    whole = worker.compute_block(store_of(spec, tmp_path / "whole"), (0, 0), (0, 0))
    store = store_of(spec, tmp_path / "s")
    assert paused(store, (0, 0)).paused
    content = checkpoints.read(store.location, (0, 0), 0)
    others = {"damaged": content[:-3], "another version": checkpoints.encode(*changed(content, identity="another"))}
    for name, change in {"steps": {"steps": 301}, "inputs": {"parameters": {**TINY, "width": 6}}}.items():
        other = store_of({**spec, **change}, tmp_path / name)
        assert paused(other, (0, 0)).paused
        others[name] = checkpoints.read(other.location, (0, 0), 0)
    assert paused(store, (1, 0)).paused
    others["another block"] = checkpoints.read(store.location, (1, 0), 0)
    for name, bad in others.items():
        caplog.clear()
        checkpoints.write(store.location, (0, 0), 0, bad)
        row = worker.compute_block(store, (0, 0), (0, 0))
        assert "block 0,0: its checkpoint is not used, since it is" in caplog.text, name
        assert (row.chunks, row.earlier, row.steps) == (whole.chunks, 0, whole.steps), name


def decoded(file):
    return checkpoints.decode(file.read_bytes())


def changed(content, **about):
    told, arrays = checkpoints.decode(content)
    return told | about, arrays


def test_a_checkpoint_that_cannot_be_written_costs_no_result(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(keeping, "INTERVAL", 0.0)
    spec = {**SPEC, "steps": 200}
    store = store_of(spec, tmp_path / "s")
    (tmp_path / "s" / CHECKPOINTS).write_text("in the way")
    row = worker.compute_block(store, (0, 0), (0, 0))
    assert row.extent == (1, 2) and not row.kept and "its checkpoint cannot be written" in caplog.text


def test_a_short_run_writes_none(tmp_path, monkeypatch):
    wrote = []
    original = checkpoints.write
    monkeypatch.setattr(checkpoints, "write", lambda *given: wrote.append(given) or original(*given))
    run({**SPEC, "steps": 50}, tmp_path / "s")
    assert not wrote and CHECKPOINTS not in {path.name for path in (tmp_path / "s").iterdir()}
    monkeypatch.setattr(keeping, "INTERVAL", 0.0)
    run({**SPEC, "steps": 50}, tmp_path / "t")
    assert wrote and CHECKPOINTS not in {path.name for path in (tmp_path / "t").iterdir()}, "removed at the end"


def test_the_progress_of_a_run_moves_within_a_block(tmp_path, monkeypatch):
    monkeypatch.setattr(block_queue, "PATIENCE", 0.01)
    seen = []
    spec = {**SPEC, "axes": {"eta": [0.2], "seed": [0]}, "steps": 6000, "chunks": {}}
    eos_sweep.run(Sweep.from_dict(spec), tmp_path / "s", threads=1, report=seen.append)
    inside = [progress for progress in seen if progress.done == 0 and progress.begun]
    assert inside
    assert all(0 < one.begun < 1 and one.steps == round(one.begun * 6000) for one in inside)
    assert [one.begun for one in inside] == sorted(one.begun for one in inside)
    assert seen[-1].done == 1 and seen[-1].begun == 0 and seen[-1].steps == 6000


@pytest.fixture(scope="module", params=KINDS)
def kind(request, tmp_path_factory):
    """A run of seconds, and its store when nothing has disturbed it."""
    spec = {**KINDS[request.param], "steps": 12_000 if request.param == "plain" else 3000}
    path = tmp_path_factory.mktemp("whole") / "s"
    run(spec, path)
    return spec, path


@pytest.mark.slow
@pytest.mark.parametrize("moments", [(0.0,), (0.05, 0.3, 0.1)])
def test_killed_at_several_moments_it_goes_on_within_a_trajectory(tmp_path, kind, moments):
    spec, whole = kind
    told = []
    for moment in moments:
        before = marks(tmp_path / "s")
        process = started(spec, tmp_path)
        wait_for(process, functools.partial(has_changed, tmp_path / "s", before))
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        told.append(process.communicate()[1])
    assert left(tmp_path / "s") or Store.open(tmp_path / "s").done().any()
    status = command("status", "s", "--check", cwd=tmp_path)
    assert status.returncode in (0, 1) and "Traceback" not in status.stderr and CHECKPOINTS not in status.stdout
    last = command("run", "s.toml", "-o", "s", cwd=tmp_path)
    assert last.returncode == 0, last.stderr
    told.append(last.stderr)
    assert any("goes on from step" in text for text in told[1:])
    assert not any("not used" in text for text in told)
    assert_like(tmp_path / "s", whole)
    assert not (tmp_path / "s" / CHECKPOINTS).exists()


@pytest.mark.slow
def test_ctrl_c_keeps_networks_as_they_are(tmp_path, kind):
    spec, whole = kind
    process = started(spec, tmp_path, interval=0.2)
    wait_for(process, lambda: left(tmp_path / "s"))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "kept at the next look at the sharpness" in errors
    taken = [int(arrays["present/course/age"]) for _, arrays in map(decoded, left(tmp_path / "s").values())]
    assert taken and max(taken) < spec["steps"] and not Store.open(tmp_path / "s").done().all(), "it did not wait"
    last = command("run", "s.toml", "-o", "s", "--json", cwd=tmp_path)
    assert last.returncode == 0 and "goes on from step" in last.stderr
    steps = int(Store.open(tmp_path / "s").ledger.steps.sum())
    assert json.loads(last.stdout)["steps"] < steps, "those of this run alone"
    assert_like(tmp_path / "s", whole)


@pytest.mark.slow
def test_workers_go_on_and_stop_as_threads_do(tmp_path, caplog):
    from distributed import Client

    def press():
        while not any(flight.begun.steps for flight in list(flights._flights.values())):
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    spec = {**SPEC, "steps": 20_000}
    with Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0") as client:
        threading.Thread(target=press, daemon=True).start()
        with pytest.raises(Interrupted):
            run(spec, tmp_path / "s", scheduler=client)
        assert left(tmp_path / "s") and not Store.open(tmp_path / "s").done().any()
        run(spec, tmp_path / "s", scheduler=client)
    assert "goes on from step" in caplog.text
    run(spec, tmp_path / "whole")
    assert_like(tmp_path / "s", tmp_path / "whole")


@pytest.mark.slow
def test_processes_tell_how_far_their_networks_are(tmp_path):
    seen = []
    spec = {**SPEC, "axes": {"eta": [0.2]}, "chunks": {}, "steps": 800_000}
    eos_sweep.run(Sweep.from_dict(spec), tmp_path / "s", workers=1, report=seen.append)
    inside = [progress.begun for progress in seen if progress.done == 0 and progress.begun]
    assert inside and inside == sorted(inside) and inside[-1] < 1
    assert seen[-1].done == 1 and seen[-1].begun == 0 and seen[-1].steps == 800_000


@pytest.mark.slow
def test_processes_stop_at_the_next_look_and_go_on_from_it(tmp_path, caplog):
    def press(progress):
        if progress.done:  # the short one; the other one has begun with it
            os.kill(os.getpid(), signal.SIGINT)

    spec = {**SPEC, "axes": {"eta": [0.2, 5e-5]}, "chunks": {"eta": 1}, "steps": 400_000}
    spec["parameters"] = {**TINY, "time": 20.0}  # 100 and 400_000 steps
    with pytest.raises(Interrupted):
        run(spec, tmp_path / "s", workers=2, report=press)
    assert left(tmp_path / "s") and Store.open(tmp_path / "s").done().tolist() == [True, False]
    found = run(spec, tmp_path / "s", threads=1)
    assert "goes on from step" in caplog.text and found.steps < 400_000
    run(spec, tmp_path / "whole", threads=2)
    assert_like(tmp_path / "s", tmp_path / "whole")


@pytest.mark.slow
def test_a_sweep_that_grows_goes_on_with_what_was_kept(tmp_path):
    spec = {**SPEC, "steps": 3000}
    store = store_of(spec, tmp_path / "s")
    assert paused(store, (0, 0)).paused
    longer = {**spec, "axes": {"eta": [0.2, 0.3, 0.4], "seed": [0, 1]}}
    found = run(longer, tmp_path / "s")
    assert found.steps < 18_000, "what was kept was not computed again"
    run(longer, tmp_path / "whole")
    assert numbers(tmp_path / "s") == numbers(tmp_path / "whole")
    assert np.array_equal(Store.open(tmp_path / "s").ledger.steps, Store.open(tmp_path / "whole").ledger.steps)

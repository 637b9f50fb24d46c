"""Worker processes of this machine give the same bits, whichever of them are killed; none outlives its run."""

import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from eos_sweep.runtime import process_server
from eos_sweep.store.store import Store
from helpers.runs import LONG, assert_like, complete, run, wait_for_chunks
from helpers.stores import CLI, SPEC, command, toml

PATIENCE = 60.0  # seconds within which processes must have ended


def started(folder, spec=LONG):
    toml(folder / "s.toml", spec)
    order = [str(CLI), "run", "s.toml", "-o", "s", "--workers", "2"]
    return subprocess.Popen(
        order, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def group(process):
    """The processes that a command has started, and itself."""
    return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]


def workers(process):
    """Those that have a pipe to the command: children of the server that forks them, or else of the command."""
    found = [one for one in group(process)[1:] if "resource_tracker" not in " ".join(one.cmdline())]
    return [one for one in found if one.ppid() != process.pid] if process_server.method() == "forkserver" else found


def assert_like_but_partial(path, other):
    """Assert the same of a store in which a killed worker may have left files that nobody reads."""
    for file in path.rglob("*.partial"):
        file.unlink()
    assert_like(path, other)


@pytest.mark.slow
@pytest.mark.parametrize("length", [0, 200], ids=["", "no socket has a path as long as that of temporary files"])
def test_they_give_the_same_bits(tmp_path, whole, monkeypatch, length):
    toml(tmp_path / "s.toml", SPEC)
    if length:
        (tmp_path / ("long" * (length // 4))).mkdir()
        monkeypatch.setenv("TMPDIR", str(tmp_path / ("long" * (length // 4))))
    done = command("run", "s.toml", "-o", "s", "--workers", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == "" and json.loads(done.stdout)["threads"] == 2
    assert_like(tmp_path / "s", whole)


@pytest.mark.slow
@pytest.mark.parametrize("victims", [slice(0, 1), slice(0, 2)], ids=["one", "all"])
def test_one_that_is_killed_is_replaced(tmp_path, uninterrupted, victims):
    process = started(tmp_path)
    wait_for_chunks(process, tmp_path / "s", 3)
    for one in workers(process)[victims]:
        one.kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert_like_but_partial(tmp_path / "s", uninterrupted)


@pytest.mark.slow
def test_the_server_may_be_killed_with_all_of_them(tmp_path, uninterrupted):
    process = started(tmp_path)
    wait_for_chunks(process, tmp_path / "s", 3)
    for one in group(process)[1:]:
        one.kill()
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert_like_but_partial(tmp_path / "s", uninterrupted)


@pytest.mark.slow
def test_none_outlives_a_killed_run_which_goes_on(tmp_path, uninterrupted):
    process = started(tmp_path)
    wait_for_chunks(process, tmp_path / "s", 3)
    others = group(process)[1:]
    process.kill()
    process.communicate()
    gone, alive = psutil.wait_procs(others, PATIENCE)
    assert len(gone) >= 3 and not alive
    before = complete(tmp_path / "s")
    done = command("run", "s.toml", "-o", "s", "--workers", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {block: marks for block, marks in complete(tmp_path / "s").items() if block in before} == before
    assert_like(tmp_path / "s", uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_of_them_lets_the_blocks_in_flight_finish(tmp_path, uninterrupted, number):
    """As a terminal sends Ctrl-C, and a batch queue SIGTERM."""
    process = started(tmp_path)
    wait_for_chunks(process, tmp_path / "s", 3)
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + number and "Traceback" not in errors, errors
    store = Store.open(tmp_path / "s")
    written = {path.parent.name + "," + path.name for path in (tmp_path / "s" / "outcome").glob("c/*/*")}
    assert written == {f"{i},{j}" for i, j in complete(tmp_path / "s")}, "a block in flight was dropped"
    assert 0 < store.done().sum() < store.done().size
    assert run(LONG, tmp_path / "s").failed == 0
    assert_like(tmp_path / "s", uninterrupted)


@pytest.mark.slow
def test_a_second_signal_ends_all_of_them_at_once(tmp_path):
    endless = LONG | {"steps": 10**9, "tolerance": 0.0}
    process = started(tmp_path, endless)
    deadline = time.monotonic() + PATIENCE
    while len(workers(process)) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    others = group(process)[1:]
    time.sleep(2.0)  # for kernels to begin
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130 and not psutil.wait_procs(others, PATIENCE)[1]


# A model whose check of inputs ends the process of a worker, without an exception.
DEADLY = """
import os
import re
from eos_sweep.models.quadratic import *
from eos_sweep.models import quadratic
def _harmless(values):
    if ((values["eta"] > 0.0305) & (values["eta"] < 0.0315)).any() and os.environ.get("DEADLY"):
        os._exit(7)
    return values["eta"] > 0

CONDITIONS = {"eta > 0": _harmless}
"""


@pytest.mark.slow
def test_a_block_that_kills_its_worker_is_recorded_and_the_rest_completes(tmp_path):
    (tmp_path / "deadly.py").write_text(DEADLY)
    spec = {"model": "deadly", "steps": 5, "observables": ["steps_taken"], "chunks": {"eta": 10, "a1": 100}}
    spec["axes"] = {"eta": {"linear": [0.001, 0.1, 100]}, "a1": {"linear": [1, 2, 100]}}
    spec["initial"] = {"theta1": 1}
    toml(tmp_path / "s.toml", spec)
    order = [str(CLI), "--import", "deadly", "run", "s.toml", "-o", "s", "--workers", "2"]
    done = subprocess.run(
        order, cwd=tmp_path, env={**os.environ, "DEADLY": "1"}, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 3, done.stderr
    store = json.loads(command("--import", "deadly", "status", "s", "--json", cwd=tmp_path).stdout)
    assert store["blocks_left"] == len(store["failed"]) and store["blocks_done"] >= 8
    told = "WorkerDied: its worker process has ended, with exit code 7"
    assert all(one["attempts"] == 3 and told in one["error"] for one in store["failed"].values())


# A script whose import in a worker ends the worker.
VAIN = """
import os, sys
if __name__ == "__mp_main__":
    sys.exit(1)
if __name__ == "__main__":
    import eos_sweep
    try:
        eos_sweep.run("s.toml", "s", workers=2)
    except eos_sweep.Stopped as error:
        print(error)
"""


@pytest.mark.slow
def test_processes_that_end_when_they_start_are_not_started_without_end(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    (tmp_path / "vain.py").write_text(VAIN)
    done = subprocess.run([sys.executable, "vain.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert "worker processes end when they start, with exit code 1; run with --threads" in done.stdout, done.stderr


@pytest.mark.slow
def test_they_find_the_package_of_the_run_and_not_that_of_the_folder(tmp_path, whole):
    (tmp_path / "eos_sweep").mkdir()
    (tmp_path / "eos_sweep" / "__init__.py").write_text("open('imported', 'w')")
    toml(tmp_path / "s.toml", SPEC)
    done = command("run", "s.toml", "-o", "s", "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0 and not (tmp_path / "imported").exists(), done.stderr
    assert_like(tmp_path / "s", whole)


def test_the_environment_is_only_lent(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with process_server.environment_of_workers():
        assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("3", "1")
    assert dict(os.environ) == before


# A model that writes down the environment of each process that checks its inputs.
TELLING = """
import os
from eos_sweep.models.quadratic import *
from eos_sweep.engine.networks import blas
def _noted(values):
    get, _ = blas.switch() or (lambda: 1, None)
    with open(os.environ["NOTES"], "a") as file:
        print(os.environ["GIVEN"], os.environ["NUMBA_CACHE_DIR"], get(), file=file)
    return values["eta"] > 0

CONDITIONS = {"eta > 0": _noted}
"""
# A program that has a server of its own, and changes its environment from one run to the next.
TWICE = """
import multiprocessing, os, sys
def nothing():
    pass
if __name__ == "__main__":
    multiprocessing.set_forkserver_preload(["wave"])
    first = multiprocessing.get_context("forkserver").Process(target=nothing)
    first.start()
    first.join()
    import eos_sweep
    from eos_sweep import models
    models.allow("telling")
    for name in ("one", "two"):
        os.environ |= {"GIVEN": name, "NOTES": name + ".txt", "NUMBA_CACHE_DIR": os.path.abspath("cache_" + name)}
        assert eos_sweep.run("s.toml", name, workers=1).failed == 0
    print(multiprocessing.forkserver._forkserver._preload_modules)
"""


@pytest.mark.slow
def test_each_run_has_its_own_environment_in_workers(tmp_path):
    (tmp_path / "telling.py").write_text(TELLING)
    (tmp_path / "twice.py").write_text(TWICE)
    spec = {"model": "telling", "steps": 5, "observables": ["steps_taken"], "initial": {"theta1": 1}}
    toml(tmp_path / "s.toml", {**spec, "axes": {"eta": [0.1, 0.2]}, "parameters": {"a1": 1}})
    environment = {name: text for name, text in os.environ.items() if name not in process_server.THREADS_OF_ALGEBRA}
    done = subprocess.run(
        [sys.executable, "twice.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("['wave', 'eos_sweep.runtime.preloaded']\n")
    for name in ("one", "two"):
        told = (tmp_path / f"{name}.txt").read_text().splitlines()
        assert f"{name} {tmp_path / ('cache_' + name)} 1" in told, "that of the worker, with one thread"
        assert all(line.startswith(f"{name} {tmp_path / ('cache_' + name)} ") for line in told)
        assert list((tmp_path / f"cache_{name}").rglob("*.nbi"))

"""A dask scheduler that is frozen, and not gone, ends a run within a minute; what is recorded is kept."""

import signal
import subprocess
import time

import pytest

from eos_sweep.store.store import Store
from helpers.dask_processes import Processes
from helpers.runs import wait_for_chunks
from helpers.stores import CLI, FEW, changed, command, toml

MINUTE = 90.0  # with what a busy machine adds
LONG = changed(steps=2_000_000, chunks={"lambda1": 1, "eta": 5}, observables=FEW, tolerance=0.0)


@pytest.fixture
def cluster(tmp_path):
    found = Processes(tmp_path / "cluster", workers=1)
    found.file.parent.mkdir()
    yield found.up()
    found.scheduler.send_signal(signal.SIGCONT)
    found.down()


@pytest.fixture
def running(tmp_path, cluster):
    """A run on the cluster, which has recorded some blocks."""
    toml(tmp_path / "s.toml", LONG)
    order = [str(CLI), "run", "s.toml", "-o", "s", "--scheduler-file", str(cluster.file)]
    process = subprocess.Popen(order, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for_chunks(process, tmp_path / "s", 4)
    assert process.poll() is None, process.communicate()
    yield process
    process.kill()
    process.communicate()


@pytest.mark.slow
def test_a_second_ctrl_c_ends_a_run_whose_scheduler_is_frozen(cluster, running):
    cluster.scheduler.send_signal(signal.SIGSTOP)
    running.send_signal(signal.SIGINT)
    time.sleep(1.0)
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, errors = running.communicate(timeout=MINUTE)
    assert time.monotonic() - began < 10
    assert running.returncode == 130 and "Traceback" not in errors
    assert errors.splitlines()[-1] == "eos-sweep: stopped; run the same command to go on"


@pytest.mark.slow
def test_a_scheduler_that_freezes_during_a_run_ends_it(tmp_path, cluster, running):
    cluster.scheduler.send_signal(signal.SIGSTOP)
    _, errors = running.communicate(timeout=MINUTE)
    assert running.returncode == 4 and "Traceback" not in errors
    assert "has not answered for" in errors.splitlines()[-1]
    assert Store.open(tmp_path / "s").done().sum() > 0


@pytest.mark.slow
def test_a_scheduler_that_is_frozen_before_a_run_is_told_in_a_line(tmp_path, cluster):
    cluster.scheduler.send_signal(signal.SIGSTOP)
    toml(tmp_path / "s.toml", LONG)
    began = time.monotonic()
    done = command("run", "s.toml", "-o", "s", "--scheduler-file", cluster.file, cwd=tmp_path)
    assert time.monotonic() - began < MINUTE
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "no dask scheduler answers" in done.stderr


@pytest.mark.slow
def test_a_scheduler_without_workers_is_waited_for_while_it_answers(tmp_path, cluster):
    cluster.nannies[0].kill()
    for worker in cluster.workers():
        worker.kill()
    toml(tmp_path / "s.toml", LONG)
    order = [str(CLI), "run", "s.toml", "-o", "s", "--scheduler-file", str(cluster.file)]
    process = subprocess.Popen(order, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(70)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, "one Ctrl-C is enough where no block is in flight"
    assert errors.count("no worker at") == 1

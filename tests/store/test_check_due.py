"""The check after a kill stays due until it is done, whatever interrupts it."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from eos_sweep.store.files import LOCK
from eos_sweep.store.ledger import Ledger
from eos_sweep.store.store import Store
from helpers.runs import assert_like, run
from helpers.stores import FEW, changed, command, toml

SPEC = changed(observables=FEW, chunks={"lambda1": 1, "eta": 1})  # 600 blocks, which a check reads for half a second
# Runs a sweep, and sends signals to itself as soon as the check has begun.
INTERRUPTED = """
import os, signal, sys, threading, time
import eos_sweep

def names(frame):
    while frame:
        yield frame.f_code.co_name
        frame = frame.f_back

def interrupt():
    while "mend" not in names(sys._current_frames()[threading.main_thread().ident]):
        time.sleep(0.001)
    for _ in range(2):  # the second one ends the run at once
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(0.02)

threading.Thread(target=interrupt, daemon=True).start()
eos_sweep.run("s.toml", "s")
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Return a folder with a store whose run was killed, and one of whose last blocks is damaged."""
    folder = tmp_path_factory.mktemp("killed")
    run(SPEC, folder / "s")
    run(SPEC, folder / "whole")
    toml(folder / "s.toml", SPEC)
    Store.open(folder / "s").ledger.beat({"state": "running"})
    chunk = folder / "s" / "crossings" / "c" / "23" / "24"
    chunk.write_bytes(chunk.read_bytes()[:-3])
    return folder


def test_a_check_that_is_killed_after_it_was_asked_for_stays_due(tmp_path, monkeypatch):
    spec = SPEC | {"chunks": {"lambda1": 12, "eta": 25}}
    run(spec, tmp_path / "s")
    (tmp_path / "s" / "crossings" / "c" / "0" / "0").write_bytes(b"damaged")
    forget = Ledger.forget

    def kill(ledger, blocks):  # what a kill leaves, as a copy
        forget(ledger, blocks)
        shutil.copytree(tmp_path / "s", tmp_path / "killed", ignore=shutil.ignore_patterns(LOCK))

    monkeypatch.setattr(Ledger, "forget", kill)
    run(spec, tmp_path / "s", check=True)
    monkeypatch.undo()
    killed = Store.open(tmp_path / "killed")
    assert killed.ledger.heartbeat["state"] == "running" and killed.lost_rows() == ""
    (tmp_path / "killed" / "crossings" / "c" / "1" / "0").write_bytes(b"damaged, too")
    assert run(spec, tmp_path / "killed").new == 600
    assert_like(tmp_path / "killed", tmp_path / "s")


@pytest.mark.slow
def test_an_interrupted_check_is_done_by_the_next_run(killed):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGINT):
        process = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, str(int(number))],
            cwd=killed,
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert process.returncode != 0 and "damaged or missing" not in process.stderr, process.stderr
        heartbeat = Store.open(killed / "s").ledger.heartbeat
        assert heartbeat["state"] == "running" or heartbeat["check_due"]
    done = command("run", "s.toml", "-o", "s", cwd=killed)
    assert done.returncode == 0 and "block 23,24: crossings damaged or missing; computed again" in done.stderr
    assert_like(killed / "s", killed / "whole")
    assert Store.open(killed / "s").ledger.heartbeat["check_due"] is False
    assert "damaged" not in command("run", "s.toml", "-o", "s", cwd=killed).stderr

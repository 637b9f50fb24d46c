"""The state of a run: it is not said to be running if its process is dead, or its lock is gone."""

import datetime
import subprocess
import sys

import pytest

from eos_sweep.errors import Stopped
from eos_sweep.store.files import LOCK
from eos_sweep.store.heartbeat import run_state
from eos_sweep.store.lock import locked
from eos_sweep.store.owner import Owner
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import FEW, changed, command, strict

SMALL = changed(observables=FEW, steps=50, chunks={"lambda1": 8, "eta": 9})


@pytest.fixture
def running(tmp_path):
    """A store whose last heartbeat is of just now, and says that the run goes on."""
    run(SMALL, tmp_path / "s")
    now = datetime.datetime.now(datetime.UTC).isoformat()
    store = Store.open(tmp_path / "s")
    store.ledger.beat({"state": "running", "time": now, "host": "here", "pid": 1, "seconds_left": 5.8})
    return tmp_path / "s"


def test_a_run_that_holds_its_lock_is_running(running):
    with locked(running):
        assert run_state(Store.open(running)) == "running"


def test_a_run_that_could_not_go_on_is_stopped_and_one_with_an_unexpected_error_has_failed(tmp_path):
    for error, told, state in (
        (OSError("No space left on device"), Stopped, "stopped"),
        (KeyboardInterrupt(), KeyboardInterrupt, "stopped"),
        (ZeroDivisionError("a defect"), ZeroDivisionError, "failed"),
    ):

        def end(progress, error=error):
            raise error

        with pytest.raises(told):
            run(SMALL, tmp_path / "s", report=end)
        heartbeat = Store.open(tmp_path / "s").ledger.heartbeat
        assert heartbeat["state"] == state and (str(error) or "interrupted") in heartbeat["reason"]


@pytest.mark.slow
def test_a_run_that_has_ended_without_a_last_heartbeat_is_not_running(running):
    """As on a full disk: the lock is removed, the heartbeat stays."""
    assert run_state(Store.open(running)) == "died"
    shown = command("status", running, cwd=running.parent).stdout
    assert "run           died (" in shown and "left" not in shown.partition("run  ")[2]
    assert strict(command("status", running, "--json", cwd=running.parent).stdout)["run"] == "died"


def test_a_run_whose_process_was_killed_is_not_running(running):
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, timeout=120)
    (running / LOCK).write_bytes(Owner.here("")._replace(pid=int(gone.stdout)).data())
    assert run_state(Store.open(running)) == "died"


def test_a_run_on_another_machine_is_running_while_its_heartbeat_is_young(running):
    (running / LOCK).write_bytes(Owner.here("")._replace(machine="another").data())
    assert run_state(Store.open(running)) == "running"

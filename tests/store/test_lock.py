"""The lock of a store in a folder: it harms nothing that is not ours, and what is read before it is read again."""

import json
import os
import signal
import subprocess
import sys

import pytest

from eos_sweep.errors import InputError, SpecError, Stopped
from eos_sweep.store.files import LOCK
from eos_sweep.store.lock import locked
from eos_sweep.store.owner import Owner
from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import CLI, FEW, SPEC, changed, command, contents, toml

SMALL = changed(observables=FEW)


def test_files_of_others_with_the_name_of_a_lock_stay(tmp_path):
    """No name beside the store is used: not the lock file of a package manager, and not through a link."""
    (tmp_path / "uv.lock").write_text("mine")
    (tmp_path / "target").write_text("mine")
    (tmp_path / "s.lock").symlink_to("target")
    for name in ("uv", "s"):
        run(SMALL, tmp_path / name)
    assert (tmp_path / "uv.lock").read_text() == (tmp_path / "target").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["s", "s.lock", "target", "uv", "uv.lock"]


def test_a_foreign_folder_is_refused_before_anything_is_locked(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "thesis.tex").write_text("mine")
    (tmp_path / "s.lock").write_text("mine")
    before, changes = contents(tmp_path), os.stat(tmp_path / "s").st_mtime_ns
    for overwrite in (False, True):
        with pytest.raises(SpecError, match="something other than a sweep"):
            run(SMALL, tmp_path / "s", overwrite=overwrite)
    assert contents(tmp_path) == before and os.stat(tmp_path / "s").st_mtime_ns == changes, "not even for a moment"
    with pytest.raises(InputError, match="no sweep is stored here"):
        Store.open(tmp_path / "s")


@pytest.mark.parametrize(
    "kind", ["link", "hard link", "empty hard link", "dangling link", "text", "folder", "pipe", "long"]
)
def test_what_is_no_lock_is_neither_followed_nor_changed(tmp_path, kind):
    run(SMALL, tmp_path / "s")
    path, aim = tmp_path / "s" / LOCK, tmp_path / "diary.txt"
    aim.write_text("" if "empty" in kind else "mine")
    {
        "link": lambda: path.symlink_to(aim),
        "hard link": lambda: path.hardlink_to(aim),
        "empty hard link": lambda: path.hardlink_to(aim),
        "dangling link": lambda: path.symlink_to(tmp_path / "nothing"),
        "text": lambda: path.write_text("mine"),
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "long": lambda: path.write_text(Owner.here("").data().decode() + " " * 2**13),
    }[kind]()
    before = os.lstat(path), contents(tmp_path) if kind != "pipe" else None
    with pytest.raises(InputError, match=f"{LOCK} in it is not the lock of a run; move it away"):
        run(SMALL, tmp_path / "s")
    after = os.lstat(path), contents(tmp_path) if kind != "pipe" else None
    assert before[1] == after[1] and (before[0].st_ino, before[0].st_mtime) == (after[0].st_ino, after[0].st_mtime)
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("left", [b"", b"\0" * 90, Owner("", "elsewhere", 1, "").data()])
def test_the_lock_of_a_killed_run_or_machine_is_taken(tmp_path, left):
    run(SMALL, tmp_path / "s")
    (tmp_path / "s" / LOCK).write_bytes(left)
    assert run(SMALL, tmp_path / "s").new == 0
    assert not (tmp_path / "s" / LOCK).exists()


def test_overwriting_leaves_the_lock(tmp_path):
    """A second run is refused at any time, also while the first removes the old store."""
    run(SMALL, tmp_path / "s")
    seen = []

    def look(progress):
        seen.append(json.loads((tmp_path / "s" / LOCK).read_bytes())["pid"])

    run(SMALL | {"steps": 7}, tmp_path / "s", overwrite=True, report=look)
    assert set(seen) == {os.getpid()} and not (tmp_path / "s" / LOCK).exists()


@pytest.mark.slow
def test_the_lock_is_no_part_of_the_store(tmp_path):
    run(SMALL, tmp_path / "s")
    with locked(tmp_path / "s"):
        assert command("export", "s", "s.zarr.zip", cwd=tmp_path).returncode == 0
        assert command("status", "s", "--check", cwd=tmp_path).returncode == 0
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", "s.zarr.zip"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    ).stdout
    assert "ledger/zarr.json" in names and LOCK not in names


@pytest.mark.filterwarnings("error")
def test_zarr_does_not_warn_of_a_lock(tmp_path):
    run(SMALL, tmp_path / "s")
    (tmp_path / "s" / LOCK).write_text("")
    assert LOCK not in dict(Store.open(tmp_path / "s").group.members())


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path):
    with locked(tmp_path / "a" / "b" / "s"):
        assert (tmp_path / "a" / "b" / "s" / LOCK).exists()
    assert not list(tmp_path.iterdir())
    (tmp_path / "mine").mkdir()
    with locked(tmp_path / "mine"):
        pass
    assert (tmp_path / "mine").exists(), "it was there before"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["new/below/s", "s"])
def test_a_run_that_cannot_start_leaves_nothing(tmp_path, name):
    """It finds that no scheduler answers when its store has been created."""
    toml(tmp_path / "s.toml", SMALL)
    options = ("--scheduler", "tcp://127.0.0.1:1")
    environment = {**os.environ, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "1s"}
    done = subprocess.run(
        [str(CLI), "run", "s.toml", "-o", name, *options],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 2 and "no dask scheduler answers" in done.stderr, done.stderr
    assert os.listdir(tmp_path) == ["s.toml"]


def test_a_store_that_is_replaced_under_a_run_keeps_its_heartbeat(tmp_path):
    """With the folder the lock is gone, so that another run may begin there; the first one notices that it has lost."""
    path, other = tmp_path / "s", tmp_path / "other"
    run(SMALL, other)
    before = contents(other)

    def replace(progress):
        if not path.with_name("gone").exists():
            path.rename(path.with_name("gone"))
            other.rename(path)

    with pytest.raises(Stopped, match="was deleted or replaced"):
        run(SMALL, path, report=replace)
    assert contents(path) == before


RELABELLED = """
import sys
from eos_sweep.cli.main import main
from eos_sweep.store import lock
from eos_sweep.store.store import Store

# A run extends the store after relabel has found it, and before relabel has locked it.
_acquired = lock._acquired

def extended(location, path):
    import subprocess
    lock._acquired = _acquired
    done = subprocess.run([sys.argv[1], "run", "longer.toml", "-o", "s"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return _acquired(location, path)

lock._acquired = extended
main(["relabel", "s", "--threshold", "growth=2"])
"""


@pytest.mark.slow
def test_relabel_works_on_the_store_as_it_is_when_it_is_locked(tmp_path):
    axes = {"lambda1": {"values": [1.0, 10.0, 100.0]}, "eta": {"values": [0.01, 0.1]}}
    short = SPEC | {"axes": axes, "chunks": {}}
    longer = SPEC | {"axes": axes | {"eta": {"values": [0.01, 0.1, 1.0]}}, "chunks": {}}
    toml(tmp_path / "longer.toml", longer)
    run(short, tmp_path / "s")
    done = subprocess.run(
        [sys.executable, "-c", RELABELLED, str(CLI)], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0 and "of 9 labels" in done.stdout, done.stderr
    store = Store.open(tmp_path / "s")
    assert store.sweep.shape == (3, 3) and store.done().all() and store.thresholds["growth"] == 2
    assert command("status", "s", "--check", cwd=tmp_path).returncode == 0


HOLDER = """
import os, sys, time
from eos_sweep.store.lock import locked
with locked("s"):
    print("locked", flush=True)
    time.sleep(300)
"""


@pytest.mark.slow
def test_every_command_that_changes_a_store_waits_for_nobody_and_changes_nothing(tmp_path):
    run(SPEC, tmp_path / "s")
    toml(tmp_path / "s.toml", SPEC)
    before = contents(tmp_path / "s")
    process = subprocess.Popen([sys.executable, "-c", HOLDER], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "locked\n"
        for arguments in (
            ("run", "s.toml", "-o", "s"),
            ("run", "s.toml", "-o", "s", "--check"),
            ("run", "s.toml", "-o", "s", "--overwrite"),
            ("relabel", "s", "--threshold", "growth=2"),
        ):
            done = command(*arguments, cwd=tmp_path)
            assert done.returncode == 2 and f"another process (pid {process.pid} on" in done.stderr, done.stderr
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        (tmp_path / "s" / LOCK).unlink()
        assert contents(tmp_path / "s") == before
    finally:
        process.kill()
        process.communicate()


HIDDEN = """
import pkgutil, sys, threading
import portalocker, distributed, fsspec, numba, xarray, zarr, matplotlib.pyplot, multiprocessing.util, subprocess

for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog", "crypt", "readline"):
    sys.modules[name] = None  # for whoever imports it from now on
import eos_sweep

foreign = ("eos_sweep.checks.bench.peers", "eos_sweep.__main__")
for module in pkgutil.walk_packages(eos_sweep.__path__, "eos_sweep."):
    if not module.name.startswith(foreign):
        __import__(module.name)
given = {"parameters": {"a1": 1}, "initial": {"theta1": 1}, "steps": 20, "observables": ["steps_taken"]}
assert int(eos_sweep.sweep("quadratic", {"eta": [0.1, 0.2]}, **given, out="s").steps_taken.sum()) == 40
"""


@pytest.mark.slow
def test_nothing_of_ours_needs_a_module_of_posix(tmp_path):
    done = subprocess.run([sys.executable, "-c", HIDDEN], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_two_runs_at_once_of_which_one_makes_the_store(tmp_path):
    """They find nothing there at the same time; one of them gets the lock, and what it stores is whole."""
    toml(tmp_path / "s.toml", SMALL)
    runs = [
        subprocess.Popen([str(CLI), "run", "s.toml", "-o", "s"], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    ends = [(process.communicate(timeout=300)[1], process.returncode) for process in runs]
    assert {code for _, code in ends} <= {0, 2} and 0 in [code for _, code in ends]
    assert all("another process" in errors for errors, code in ends if code), ends
    assert Store.open(tmp_path / "s").done().all() and not (tmp_path / "s" / LOCK).exists()

"""No command depends on somebody who reads what it prints."""

import json
import os
import subprocess
import sys

import pytest

from eos_sweep.store.store import Store
from helpers.runs import run
from helpers.stores import CLI, FEW, changed, toml

SPEC = changed(observables=FEW)


def shell(line, cwd):
    """Run a line of bash in which $E is eos-sweep; return the exit code of its first command, and what it printed."""
    return subprocess.run(
        ["bash", "-c", f"{line}\nexit ${{PIPESTATUS[0]}}"],
        cwd=cwd,
        env={**os.environ, "E": str(CLI)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("streams")
    toml(found / "s.toml", SPEC)
    run(SPEC, found / "done")
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "streams",
    [
        "2>&-",
        "2>&1 | true",
        *(
            pytest.param(s, marks=pytest.mark.slow)
            for s in (">&-", "<&- >&- 2>&-", "2>/dev/full", "-v 2>&1 | head -1", ">/dev/null 2>&1")
        ),
    ],
)
def test_a_run_goes_on_without_anybody_who_reads(tmp_path, streams):
    toml(tmp_path / "s.toml", SPEC)
    done = shell(f"$E run s.toml -o s {streams}", tmp_path)
    assert done.returncode == 0 and not done.stderr and Store.open(tmp_path / "s").done().all()


@pytest.mark.slow
def test_progress_that_nobody_reads_keeps_no_run_waiting(tmp_path):
    """A pipe takes 64 kB; a line of the log for each of the 600 blocks would fill it."""
    toml(tmp_path / "s.toml", changed(observables=FEW, chunks={"lambda1": 1, "eta": 1}))
    read, write = os.pipe()
    os.set_blocking(write, False)
    with open(write, "wb", buffering=0) as pipe:
        while pipe.write(b"x" * 4096):
            pass
        os.set_blocking(write, True)
        order = [str(CLI), "run", "s.toml", "-o", "s", "-v"]
        done = subprocess.run(order, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=pipe, timeout=120)
    os.close(read)
    assert done.returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("arguments", ["status done", pytest.param("--help", marks=pytest.mark.slow)])
def test_output_that_is_lost_is_told_and_a_reader_that_has_seen_enough_is_not(folder, arguments):
    full = shell(f"$E {arguments} > /dev/full", folder)
    assert (full.returncode, full.stderr) == (4, "eos-sweep: standard output: No space left on device\n")
    for streams in ("| true", ">&-"):
        left = shell(f"$E {arguments} {streams}", folder)
        assert (left.returncode, left.stderr) == (0, "")


@pytest.mark.slow
def test_errors_have_their_codes_also_if_nobody_reads_them(folder):
    for streams in ("2>&-", "2>/dev/full", "2>&1 | true", ">&- 2>&-"):
        assert shell(f"$E run nothing.toml {streams}", folder).returncode == 2


@pytest.mark.slow
def test_no_file_gets_what_was_meant_for_a_closed_stream(tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    assert shell("$E run s.toml -o s -v --json >&- 2>&-", tmp_path).returncode == 0
    told = shell("$E status s --check --json", tmp_path)
    assert told.returncode == 0 and json.loads(told.stdout)["damaged"] == {}


@pytest.mark.slow
def test_a_character_that_the_terminal_lacks_is_escaped(tmp_path):
    run(changed(observables=FEW, title="λ → ∞"), tmp_path / "s")
    told = shell("PYTHONUTF8=0 PYTHONIOENCODING=latin-1 $E status s", tmp_path)
    assert told.returncode == 0 and told.stdout.startswith(r"\u03bb \u2192")


@pytest.mark.slow
def test_python_without_assertions_opens_no_store(folder):
    """Some of zarr's assertions change what they look at."""
    for arguments in ("status done", "run s.toml -o new"):
        done = subprocess.run(
            [sys.executable, "-O", "-m", "eos_sweep", *arguments.split()],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "without -O" in done.stderr
    assert not (folder / "new").exists()

"""Where the system lets a process start no further thread, a command ends with a line."""

import subprocess
import sys

import pytest

from helpers.stores import toml

SPEC = {
    "model": "quadratic",
    "steps": 5,
    "observables": ["default"],
    "axes": {"eta": {"linear": [0.001, 0.1, 600]}, "a1": {"linear": [1, 2, 4]}},
    "initial": {"theta1": 1},
    "chunks": {"eta": 300, "a1": 4},
}
# As RLIMIT_NPROC does, which does not bind root: the n-th thread, or all from the n-th on, cannot be started.
LIMITED = """
import sys, threading

if __name__ == "__main__":
    start, count, limit, once = threading.Thread.start, 0, int(sys.argv[1]), sys.argv[2] == "once"

    def limited(thread):
        global count
        count += 1
        if count == limit or (count > limit and not once):
            raise RuntimeError("can't start new thread")
        start(thread)

    threading.Thread.start = limited
    sys.argv = ["eos-sweep", *sys.argv[3:]]
    from eos_sweep.cli.main import main
    main()
"""


@pytest.fixture
def limited(tmp_path):
    (tmp_path / "limited.py").write_text(LIMITED)
    toml(tmp_path / "s.toml", SPEC)

    def run(limit, kind, *arguments):
        order = [sys.executable, "limited.py", str(limit), kind, *arguments]
        return subprocess.run(order, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    return run


def assert_told(done):
    assert done.returncode == 4 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "no further thread" in done.stderr


@pytest.mark.slow
def test_the_first_thread_of_zarr(limited):
    assert_told(limited(1, "once", "run", "s.toml", "-o", "s"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["once", "from there on"])
def test_any_thread_of_a_run(tmp_path, limited, kind):
    ended = []
    for limit in (1, 2, 3, 5, 8, 9, 12, 14):  # zarr's own, its pool, those that compute, those of the pyramid
        done = limited(limit, kind, "run", "s.toml", "-o", f"s{limit}")
        ended.append(done.returncode)
        if done.returncode:
            assert_told(done)
        else:
            assert "2,400 of 2,400 trajectories" in done.stdout + done.stderr
    # Those that flush files and draw the pyramid are tried once more, so one that is missing once ends no run.
    assert ended.count(4) >= {"once": 2, "from there on": 4}[kind]
    done = limited(1000, kind, "run", "s.toml", "-o", "s8")
    assert done.returncode == 0, "what was recorded is there, and the run goes on"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["status s --check", "plot s -o s.png", "export s s.nc"])
def test_any_thread_of_a_command_that_reads(limited, command):
    assert limited(1000, "once", "run", "s.toml", "-o", "s").returncode == 0
    for limit in (1, 2, 3, 4):
        done = limited(limit, "from there on", *command.split())
        if done.returncode:
            assert_told(done)

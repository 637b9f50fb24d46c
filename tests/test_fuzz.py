"""Ten thousand specs, most of them wrong: each is valid, or one line and exit code 2, and leaves nothing behind.

EOS_SWEEP_FUZZ_SEED=7 in the environment draws others.
"""

import contextlib
import os
import resource
import signal

import psutil
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, seed, settings
from mutations import contents
import numpy as np
from test_store import contents as files_of

from eos_sweep.cli import main
from eos_sweep.errors import InputError
from eos_sweep.spec import Sweep, load_spec

SEED = os.environ.get("EOS_SWEEP_FUZZ_SEED")
SECONDS, ROOM = 20, 2**30  # that a spec may take, at most: of time, of memory


class TooSlow(BaseException):
    """What no handler of errors catches."""


@contextlib.contextmanager
def bounded():
    """Let what happens within take no more than SECONDS and ROOM."""

    def stop(signum, frame):
        raise TooSlow(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzzed(number, **what):
    """Let a test run with ``number`` examples, always the same ones unless the environment gives a seed."""

    def decorate(test):
        quick = settings(
            max_examples=number,
            derandomize=SEED is None,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        test = quick(given(**what)(test))
        return seed(int(SEED))(test) if SEED else test

    return decorate


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory)


def made(tmp_path_factory):
    """A folder with a data file, and something that is no sweep."""
    place = tmp_path_factory.mktemp("fuzz")
    (place / "taken").mkdir()
    (place / "taken" / "diary.txt").write_text("mine")
    np.savez(place / "d.npz", inputs=np.arange(6.0), targets=np.arange(6.0))
    os.mkfifo(place / "pipe")
    return place


def refused(*arguments):
    """Run a command that has to end with exit code 2 and one line on standard error; return that."""
    with bounded():
        result = CliRunner().invoke(main, arguments)
    if not isinstance(result.exception, SystemExit):
        raise result.exception
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    line = result.stderr
    assert line.startswith("eos-sweep: ") and line.endswith("\n") and line[:-1].isprintable(), line
    assert len(line) < 1000
    return line


def check(folder, content):
    spec = folder / "s.toml"
    spec.write_bytes(content)
    line = refused("run", str(spec), "-o", str(folder / "taken"))
    if "something that is no sweep is there" in line:
        with bounded():
            sweep = load_spec(spec)
            assert Sweep.from_dict(sweep.to_dict()) == sweep
    else:
        with pytest.raises(InputError):
            load_spec(spec)
    assert sorted(path.name for path in folder.iterdir()) == ["d.npz", "pipe", "s.toml", "taken"]
    return line


pytestmark = pytest.mark.filterwarnings("error")


@fuzzed(500, content=contents())
def test_a_spec_is_valid_or_refused_in_one_line(folder, content):
    check(folder, content)


@pytest.mark.slow
@fuzzed(10_000, content=contents())
def test_ten_thousand_specs_are_valid_or_refused_in_one_line(folder, content):
    check(folder, content)

"""A bar on a terminal, lines or nothing elsewhere; and that a kernel compiles is told before it is."""

import contextlib
import io
import time

import numba
import pytest

from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.kernel_cache import before_compiling
from eos_sweep.runtime import progress_bars
from eos_sweep.runtime.progress import Progress
from eos_sweep.runtime.progress_bars import count_progress, reporting, run_progress

STAGES = [Progress(10, 40), *(Progress(10 + 10 * k, 40, 10 * k, 10**6 * k, float(k)) for k in (1, 2, 3))]


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


@pytest.fixture
def stderr(monkeypatch, request):
    """Return the stream; it takes the place of standard error when the test begins, after pytest has put its own."""
    monkeypatch.setattr(progress_bars, "PATIENCE", 0.0)
    monkeypatch.setattr(progress_bars, "LINE_SECONDS", 0.0)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "30")
    return getattr(request, "param", Terminal)()


def shown(stderr, **options):
    with contextlib.redirect_stderr(stderr), run_progress(**options) as show:
        for stage in STAGES:
            show(stage)
    return stderr.getvalue()


def test_a_terminal_shows_a_bar_unless_it_is_switched_off(stderr):
    assert shown(stderr, shown=False) == ""
    last = shown(stderr).rstrip().rpartition("\r")[2]
    assert last.startswith("100 % |") and "10 trajectories/s, 1.00e+06 steps/s" in last


@pytest.mark.parametrize("stderr", [io.StringIO], indirect=True)
def test_elsewhere_there_is_nothing_or_lines_or_the_bar_that_was_asked_for(stderr):
    assert shown(stderr) == ""
    lines = shown(stderr, lines=True).splitlines()
    assert lines[0] == "50.0 %, 10 trajectories/s, 1.00e+06 steps/s, 2 s left" and len(lines) == 3
    assert "100 % |" in shown(stderr, shown=True)


def test_a_report_takes_the_place_of_the_bar_but_not_of_one_that_was_asked_for(stderr):
    seen = []
    for progress, drawn in ((None, False), (False, False), (True, True)):
        with contextlib.redirect_stderr(stderr), reporting(seen.append, progress) as report:
            for stage in STAGES:
                report(stage)
        assert bool(stderr.getvalue()) == drawn
    assert seen == 3 * STAGES


def test_what_is_counted_leaves_no_bar_behind(stderr):
    with contextlib.redirect_stderr(stderr), count_progress() as show:
        show("cells", 1, 4)
        time.sleep(0.11)  # a bar is drawn ten times a second at most
        show("cells", 3, 4)
    *_, drawn, wiped, end = stderr.getvalue().split("\r")
    assert drawn.startswith("cells  75 % |") and not wiped.strip() and not end


def test_a_kernel_that_the_cache_has_is_not_told(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    told = []

    def double():
        def twice(x):
            return 2.0 * x

        twice.__module__ = "eos_sweep.twice"
        return twice

    with before_compiling(lambda: told.append(1)):
        for _ in range(2):
            assert compile_or_load(double(), "twice", numba.float64(numba.float64))(3.0) == 6.0
    assert told == [1]

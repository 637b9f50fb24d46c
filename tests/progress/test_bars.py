"""A bar on a terminal, lines or nothing elsewhere; and that a kernel compiles is told before it is."""

import contextlib
import io
import time

import numba
import pytest

import eos_sweep
from eos_sweep.analysis.specs import sweep_of
from eos_sweep.engine.compilation import compile_or_load
from eos_sweep.engine.recorder import recorder
from eos_sweep.kernel_cache import USUAL_SECONDS, before_compiling
from eos_sweep.progress import bars
from eos_sweep.progress.amounts import Progress
from eos_sweep.progress.bars import count_progress, reporting, run_progress, work_progress

STAGES = [Progress(10, 40), *(Progress(10 + 10 * k, 40, 10 * k, 10**6 * k, float(k)) for k in (1, 2, 3))]


class Terminal(io.StringIO):
    """A stream that a person reads."""

    def isatty(self):
        return True


@pytest.fixture
def stderr(monkeypatch, request):
    """Return the stream; it takes the place of standard error when the test begins, after pytest has put its own."""
    monkeypatch.setattr(bars, "PATIENCE", 0.0)
    monkeypatch.setattr(bars, "LINE_SECONDS", 0.0)
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


@pytest.mark.parametrize("stderr", [Terminal, io.StringIO], indirect=True)
@pytest.mark.parametrize("shown", [None, True, False])
def test_work_of_several_steps_has_one_bar_on_a_terminal_or_where_it_is_asked_for(stderr, shown):
    with contextlib.redirect_stderr(stderr), work_progress(shown) as show:
        for step, done in (("the grid", 1), ("the grid", 4), ("round 1", 1), ("round 1", 3)):
            show(step, done, 4)
            time.sleep(0.11)
    drawn = stderr.getvalue()
    wanted = shown is True or (shown is None and isinstance(stderr, Terminal))
    assert ("the grid 100 % |" in drawn and "round 1  75 % |" in drawn) == wanted == bool(drawn)
    assert not drawn.rpartition("\r")[2], "nothing is left behind"


def test_long_calls_show_what_they_do(stderr):
    ds = eos_sweep.sweep("quadratic", {"a1": [1, 2], "eta": [0.3, 1.7, 2.5]}, {}, {"theta1": 1}, steps=200)
    cell = ds.isel(a1=0, eta=0)
    calls = {
        "round 1": lambda: eos_sweep.boundary(ds, "eta", "divergence", rtol=0.1, progress=True),
        "measuring the speed": lambda: eos_sweep.plan(sweep_of(ds), sample=4, progress=True),
        "steps ": lambda: eos_sweep.trajectory(cell, steps=10, progress=True),
    }
    for words, call in calls.items():
        with contextlib.redirect_stderr(stderr):
            call()
        assert words in stderr.getvalue()
    with contextlib.redirect_stderr(quiet := Terminal()):
        eos_sweep.boundary(ds, "eta", "divergence", rtol=0.1, progress=False)
        eos_sweep.plan(sweep_of(ds), sample=4, progress=False)
        cell.eos.trajectory(steps=10, progress=False)
    assert quiet.getvalue() == ""


def test_a_kernel_that_is_compiled_for_a_call_is_told_once(stderr, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    recorder.cache_clear()
    with contextlib.redirect_stderr(stderr):
        for _ in range(2):
            eos_sweep.trajectory("product", {"eta": 0.1}, {"x": 0.5, "y": 1}, steps=3, progress=True)
    recorder.cache_clear()
    assert stderr.getvalue().count(bars.compiling(USUAL_SECONDS)) == 1


def test_a_kernel_that_the_cache_has_is_not_told_and_another_with_the_seconds_of_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    told = []

    def times(factor):
        def product(x):
            return factor * x

        product.__module__ = "eos_sweep.errors"  # of this package
        return product

    def compiled(factor):
        with before_compiling(told.append):
            found = compile_or_load(times(factor), "product", numba.float64(numba.float64))
        assert found(3.0) == 3.0 * factor

    compiled(2.0)
    compiled(2.0)
    took = float(next(tmp_path.rglob("seconds_product")).read_text())
    compiled(3.0)
    assert told == [USUAL_SECONDS, took]
    assert "about 10 s" in bars.compiling(told[0]) and "about 1 s" in bars.compiling(0.2)

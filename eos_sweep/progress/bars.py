"""Progress on standard error: a bar on a terminal or in a notebook; elsewhere nothing, or a line every ten seconds."""

import contextlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from eos_sweep.progress.amounts import Progress, duration

LINE_SECONDS = 10.0  # from one line to the next
PATIENCE = 0.5  # seconds before a bar is shown, unless a kernel is compiled
Show = Callable[[Progress], None]
Count = Callable[[str, int, int], None]  # what is done, how much of it, of how much


@contextlib.contextmanager
def run_progress(shown: bool | None = None, lines: bool = False) -> Iterator[Show]:
    """Yield a function that shows the progress of a run.

    Parameters
    ----------
    shown
        Whether to show a bar; by default where standard error is a terminal, or in a notebook.
    lines
        Whether to print lines where no bar is shown by default.
    """
    if shown or (shown is None and is_live()):
        yield from _live()
    elif shown is None and lines:
        yield from _lines()
    else:
        yield lambda progress: None


@contextlib.contextmanager
def reporting(report: Show | None, shown: bool | None) -> Iterator[Show]:
    """Yield a function that calls a user's ``report``, and shows a bar if ``shown``, or where there is no report."""
    with run_progress(False if report and shown is None else shown) as show:

        def both(progress: Progress) -> None:
            show(progress)
            if report:
                report(progress)

        yield both


@contextlib.contextmanager
def work_progress(shown: bool | None = None) -> Iterator[Count]:
    """Yield ``show(step, done, total)`` for work that may be long: a bar after a moment, and that a kernel compiles.

    Parameters
    ----------
    shown
        Whether to show a bar; by default where standard error is a terminal, or in a notebook.
    """
    if shown or (shown is None and is_live()):
        yield from _live_work()
    else:
        yield silent


def silent(step: str, done: int, total: int) -> None:
    """Show nothing."""


@contextlib.contextmanager
def count_progress() -> Iterator[Count]:
    """Yield ``show(step, done, total)``, which shows the progress of anything that is counted."""
    yield from _live_count() if is_live() else _count_lines()


def is_live() -> bool:
    """Return whether standard error is a terminal, or a cell of a notebook."""
    ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "IPKernelApp" in getattr(ipython, "config", ()) or (sys.stderr is not None and sys.stderr.isatty())


def _bar(layout: str, **options: Any) -> Any:
    """Return a bar, a text if a notebook has no widgets."""
    with warnings.catch_warnings(action="ignore"):
        from tqdm.auto import tqdm

    class Bar(tqdm):
        monitor_interval = 0  # no thread of its own

    return Bar(file=sys.stderr, bar_format=layout, dynamic_ncols=True, **options)


def _live() -> Iterator[Show]:
    """Yield what shows a bar, which is made when it is needed: the first one takes as long as a small sweep."""
    from eos_sweep.kernel_cache import before_compiling

    began, bar = time.monotonic(), None

    def draw(text: str, done: float = 0, total: int | None = None) -> None:
        nonlocal bar
        is_new = bar is None
        if bar is None:
            bar = _bar("{percentage:3.0f} % |{bar}| {desc}, {remaining} left", initial=done, delay=PATIENCE)
        bar.total = total
        bar.set_description_str(text, refresh=is_new)
        bar.update(done - bar.n)

    def show(progress: Progress) -> None:
        if not progress.computed:  # before the run: what is done already says nothing about its speed
            if bar is not None:
                bar.initial = bar.n = progress.done
        elif bar is not None or (progress.done < progress.total and time.monotonic() - began > PATIENCE):
            draw(rates(progress), progress.done + progress.begun, progress.total)

    with before_compiling(lambda seconds: draw(compiling(seconds))):
        try:
            yield show
        finally:
            if bar is not None:
                bar.close()


def _live_work() -> Iterator[Count]:
    """Yield what shows a bar, which is gone at the end: one bar, which begins anew with each step of the work."""
    from eos_sweep.kernel_cache import before_compiling

    began, bar, current = time.monotonic(), None, ""

    def draw(step: str, done: int, total: int | None) -> None:
        nonlocal bar, current
        if bar is None:
            layout = "{desc} {percentage:3.0f} % |{bar}| {remaining} left"
            bar = _bar(layout, desc=step, total=total, leave=False, miniters=1)
        elif step != current:
            bar.set_description_str(step, refresh=False)
            bar.reset(total)
        current = step
        bar.update(done - bar.n)

    def show(step: str, done: int, total: int) -> None:
        if bar is not None or time.monotonic() - began > PATIENCE:
            draw(step, done, total)

    with before_compiling(lambda seconds: draw(compiling(seconds), 0, None)):
        try:
            yield show
        finally:
            if bar is not None:
                bar.close()


def _lines() -> Iterator[Show]:
    is_due = _every(LINE_SECONDS)

    def show(progress: Progress) -> None:
        if progress.computed and is_due():
            share = 100 * (progress.done + progress.begun) / progress.total
            print(
                f"{share:.1f} %, {rates(progress)}, {duration(round(progress.seconds_left))} left",
                file=sys.stderr,
                flush=True,
            )

    yield show


def _live_count() -> Iterator[Count]:
    with _bar("{desc} {percentage:3.0f} % |{bar}| {remaining} left", leave=False) as bar:

        def show(step: str, done: int, total: int) -> None:
            bar.total = total
            bar.set_description_str(step, refresh=False)
            bar.update(done - bar.n)

        yield show


def _count_lines() -> Iterator[Count]:
    is_due = _every(LINE_SECONDS)

    def show(step: str, done: int, total: int) -> None:
        if done == total or is_due():
            print(f"{done} of {total}: {step}", file=sys.stderr, flush=True)

    yield show


def _every(seconds: float) -> Callable[[], bool]:
    """Return a function that is true when ``seconds`` have passed since it was last true."""
    last = time.monotonic()

    def is_due() -> bool:
        nonlocal last
        if time.monotonic() - last < seconds:
            return False
        last = time.monotonic()
        return True

    return is_due


def compiling(seconds: float) -> str:
    """Return in words that a kernel is compiled, and how long that took the last time."""
    return f"compiling the kernel, about {duration(max(1, round(seconds)))}; later runs load it"


def rates(progress: Progress) -> str:
    """Return the speed of a run in words, and how many of its blocks have failed."""
    trajectories, steps = progress.computed / progress.seconds, progress.steps / progress.seconds
    failed = f", {progress.failed} blocks failed" if progress.failed else ""
    return f"{trajectories:,.0f} trajectories/s, {steps:.2e} steps/s{failed}"

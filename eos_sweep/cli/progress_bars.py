"""Progress on standard error: a live bar on a terminal, elsewhere a line every ten seconds."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from eos_sweep.cli.text import duration
from eos_sweep.runtime.progress import Progress

LINE_SECONDS = 10.0  # from one line to the next


@contextlib.contextmanager
def run_progress(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows the progress of a run, unless ``quiet``."""
    if quiet:
        yield lambda progress: None
    else:
        yield from _live() if sys.stderr.isatty() else _lines()


@contextlib.contextmanager
def count_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield ``show(step, done, total)``, which shows the progress of anything that is counted."""
    yield from _live_count() if sys.stderr.isatty() else _count_lines()


def _live() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("compiling" + " " * 20, total=None)

        def show(progress: Progress) -> None:
            text = _rates(progress) if progress.new else "starting"
            bar.update(task, completed=progress.done, total=progress.total, description=text)

        yield show


def _lines() -> Iterator[Callable[[Progress], None]]:
    is_due = _every(LINE_SECONDS)

    def show(progress: Progress) -> None:
        if progress.new and is_due():
            share = 100 * progress.done / progress.total
            left = duration(round(progress.seconds_left))
            print(f"{share:.1f} %, {_rates(progress)}, {left} left", file=sys.stderr, flush=True)

    yield show


def _live_count() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda step, done, total: bar.update(task, completed=done, total=total, description=step)


def _count_lines() -> Iterator[Callable[[str, int, int], None]]:
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


def _rates(progress: Progress) -> str:
    trajectories, steps = progress.new / progress.seconds, progress.steps / progress.seconds
    failed = f", {progress.failed} blocks failed" if progress.failed else ""
    return f"{trajectories:,.0f} trajectories/s, {steps:.2e} steps/s{failed}"

"""A live progress bar on a terminal, a line every ten seconds elsewhere."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from eos_sweep.runner import Progress


@contextlib.contextmanager
def bar() -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows a run's progress on standard error."""
    yield from _live() if sys.stderr.isatty() else _lines()


@contextlib.contextmanager
def counted() -> Iterator[Callable[[str, int, int], None]]:
    """Yield ``tell(what, done, total)``, which shows on standard error how far something is."""
    if not sys.stderr.isatty():
        shown = time.monotonic()

        def line(what: str, done: int, total: int) -> None:
            nonlocal shown
            if done == total or time.monotonic() - shown >= 10:
                shown = time.monotonic()
                print(f"{done} of {total}: {what}", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True), transient=True) as shown_bar:
        task = shown_bar.add_task("starting", total=None)
        yield lambda what, done, total: shown_bar.update(task, completed=done, total=total, description=what)


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
    with Bar(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("compiling" + " " * 20, total=None)

        def report(progress: Progress) -> None:
            text = _rates(progress) if progress.new else "starting"
            shown.update(task, completed=progress.done, total=progress.total, description=text)

        yield report


def _lines() -> Iterator[Callable[[Progress], None]]:
    shown = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal shown
        if progress.new and time.monotonic() - shown >= 10:
            shown = time.monotonic()
            share = 100 * progress.done / progress.total
            left = progress.seconds * (progress.total - progress.done) / progress.new
            print(f"{share:.1f} %, {_rates(progress)}, {left:.0f} s left", file=sys.stderr, flush=True)

    yield report


def _rates(progress: Progress) -> str:
    trajectories, steps = progress.new / progress.seconds, progress.steps / progress.seconds
    failed = f", {progress.failed} blocks failed" if progress.failed else ""
    return f"{trajectories:,.0f} trajectories/s, {steps:.2e} steps/s{failed}"

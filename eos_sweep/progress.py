"""How far a run is: as numbers, as a live bar on a terminal, as a line every ten seconds elsewhere."""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from eos_sweep.words import duration


class Progress(NamedTuple):
    """How far a run is."""

    done: int  # trajectories, those of earlier runs included
    total: int
    new: int = 0  # trajectories of this run
    steps: int = 0  # gradient descent steps of this run
    seconds: float = 0.0  # since this run began
    failed: int = 0  # blocks
    threads: int = 0  # that compute now

    @property
    def seconds_left(self) -> float:
        """The time that is left, from the throughput of this run; infinite before it has any."""
        return self.seconds * (self.total - self.done) / self.new if self.new else math.inf

    def told(self) -> dict[str, Any]:
        """Return it for strict JSON."""
        left, seconds = self.seconds_left, max(self.seconds, 1e-9)
        return {
            "trajectories": self.total,
            "trajectories_done": self.done,
            "trajectories_new": self.new,
            "steps": self.steps,
            "seconds": round(self.seconds, 3),
            "seconds_left": round(left, 1) if math.isfinite(left) else None,
            "trajectories_per_second": round(self.new / seconds, 3),
            "steps_per_second": round(self.steps / seconds),
            "blocks_failed": self.failed,
            "threads": self.threads,
        }


@contextlib.contextmanager
def bar(quiet: bool = False) -> Iterator[Callable[[Progress], None]]:
    """Yield a function that shows a run's progress on standard error, or nowhere."""
    if quiet:
        yield lambda progress: None
    else:
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
            left = duration(round(progress.seconds_left))
            print(f"{share:.1f} %, {_rates(progress)}, {left} left", file=sys.stderr, flush=True)

    yield report


def _rates(progress: Progress) -> str:
    trajectories, steps = progress.new / progress.seconds, progress.steps / progress.seconds
    failed = f", {progress.failed} blocks failed" if progress.failed else ""
    return f"{trajectories:,.0f} trajectories/s, {steps:.2e} steps/s{failed}"

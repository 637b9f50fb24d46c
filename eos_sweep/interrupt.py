"""Ctrl-C as a wish: what is in flight is finished first."""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator

LOG = logging.getLogger("eos_sweep")


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Take the first Ctrl-C as a wish, which the function tells; a second one interrupts."""
    wishes: list[int] = []

    def note(signum, frame):
        wishes.append(signum)
        if len(wishes) > 1:
            raise KeyboardInterrupt
        LOG.warning("stopping when the blocks in flight are done; Ctrl-C again drops them")

    in_main = threading.current_thread() is threading.main_thread()  # no other thread may handle signals
    before = signal.signal(signal.SIGINT, note) if in_main else None
    try:
        yield lambda: bool(wishes)
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before)


def ignored() -> None:
    """Ignore Ctrl-C, which a terminal sends to all processes: in a worker, whose parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""Ctrl-C, and the signal by which a cluster takes a machine back, as a wish: what is in flight is finished first."""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator

from eos_sweep.errors import Interrupted

LOG = logging.getLogger("eos_sweep")


@contextlib.contextmanager
def stoppable() -> Iterator[Callable[[], int]]:
    """Take the first SIGINT or SIGTERM as a wish, whose number the function tells; a second one interrupts."""
    wishes: list[int] = []

    def note(signum, frame):
        wishes.append(signum)
        if len(wishes) > 1:
            raise Interrupted(signum)
        LOG.warning("stopping when the blocks in flight are done; %s again drops them", _name(signum))

    in_main = threading.current_thread() is threading.main_thread()  # no other thread may handle signals
    signals = (signal.SIGINT, signal.SIGTERM) if in_main else ()
    before = {number: signal.signal(number, note) for number in signals}
    try:
        yield lambda: wishes[0] if wishes else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignored() -> None:
    """Ignore Ctrl-C, which a terminal sends to all processes: in a worker, whose parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _name(signum: int) -> str:
    return "Ctrl-C" if signum == signal.SIGINT else signal.Signals(signum).name

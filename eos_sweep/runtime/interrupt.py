"""SIGINT (Ctrl-C) and SIGTERM: blocks in flight are finished, or networks kept as they are, before a run stops."""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator

from eos_sweep.errors import Interrupted

LOG = logging.getLogger("eos_sweep")


@contextlib.contextmanager
def stop_requests(networks: bool = False) -> Iterator[Callable[[], int]]:
    """Note the first SIGINT or SIGTERM instead of raising; a second one raises Interrupted.

    Parameters
    ----------
    networks
        Whether what is in flight are networks, which are kept as they are.

    Yields
    ------
    callable
        Returns the number of the signal that has come, 0 if none has.
    """
    received: list[int] = []
    end = "done, or kept at the next look at the sharpness" if networks else "done"

    def note(signum, frame):
        received.append(signum)
        if len(received) > 1:
            raise Interrupted(signum)
        LOG.warning("stopping when the blocks in flight are %s; %s again drops them", end, _name(signum))

    in_main = threading.current_thread() is threading.main_thread()  # no other thread may handle signals
    signals = (signal.SIGINT, signal.SIGTERM) if in_main else ()
    before = {number: signal.signal(number, note) for number in signals}
    try:
        yield lambda: received[0] if received else 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ignore_ctrl_c() -> None:
    """Ignore SIGINT in a worker process: a terminal sends it to all processes, and the parent decides what to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _name(signum: int) -> str:
    return "Ctrl-C" if signum == signal.SIGINT else signal.Signals(signum).name

"""What a worker process of this machine does: it takes orders from a pipe, and answers with their outcomes.

Two orders may be in hand.  One computes while a block of the other one is written, since a core would wait for the disk
otherwise.  A checkpoint is written without letting the other one in, which may compute for hours.
"""

import contextlib
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from eos_sweep.errors import one_line
from eos_sweep.runtime import environments, flights, worker
from eos_sweep.runtime.interrupt import ignore_ctrl_c
from eos_sweep.runtime.order import Order, Unfit

ORDERS_IN_HAND = 2
TELL_SECONDS = 1.0  # from one word on how far networks are to the next


class Pause(NamedTuple):
    """Asks to keep the trajectories of a run that are in flight, and not to go on with them."""

    run: str


class Begun(NamedTuple):
    """Says that an order is being computed."""

    number: int


class InHand(NamedTuple):
    """Says how far the networks in flight are, as :func:`eos_sweep.runtime.flights.in_hand` does."""

    found: dict


class Outcome(NamedTuple):
    """The rows of an order, or the exception that it has raised."""

    number: int
    found: Any


def main(pipe: Connection, environment: Mapping[str, str]) -> None:
    """Fulfil orders until the other end of the pipe is closed; then nothing more is computed or written."""
    ignore_ctrl_c()
    environments.adopt(environment)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a batch queue sends it to all processes; the parent decides
    orders: queue.SimpleQueue[tuple[int, Order]] = queue.SimpleQueue()
    computing, sending = threading.Lock(), threading.Lock()

    def tell(message: Any) -> None:
        with sending, contextlib.suppress(OSError):  # the run may have ended
            pipe.send(message)

    for _ in range(ORDERS_IN_HAND):
        threading.Thread(target=_serve, args=(orders, computing, tell), daemon=True).start()
    told: dict = {}
    with contextlib.suppress(EOFError, OSError):
        while True:
            if not pipe.poll(TELL_SECONDS):
                if (found := flights.in_hand()) != told:
                    tell(InHand(told := found))
                continue
            asked = pipe.recv()
            if isinstance(asked, Pause):
                flights.pause(asked.run)
            else:
                orders.put(asked)


def _serve(
    orders: "queue.SimpleQueue[tuple[int, Order]]", computing: threading.Lock, tell: Callable[[Any], None]
) -> None:
    while True:
        number, order = orders.get()
        with computing:
            tell(Begun(number))
            found: Any
            try:
                found = worker.fulfil(order, computed=lambda: _released(computing))
            except Unfit as error:
                found = error
            except BaseException as error:  # the run waits for the outcome, and not every error can travel
                found = RuntimeError(f"{type(error).__name__}: {one_line(error)}")
        tell(Outcome(number, found))


@contextlib.contextmanager
def _released(lock: threading.Lock) -> Iterator[None]:
    lock.release()
    try:
        yield
    finally:
        lock.acquire()

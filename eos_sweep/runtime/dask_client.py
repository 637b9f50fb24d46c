"""Clients of dask schedulers: opened for what a run's resources name, and closed without waiting for what is frozen."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from eos_sweep.errors import InputError, one_line
from eos_sweep.runtime.resources import Resources

CLOSE_SECONDS = 5.0  # to wait for a client to close: a frozen scheduler never answers
SILENT_SECONDS = 40.0  # without an answer of a scheduler, after which it counts as frozen


def in_background(function: Callable, *arguments: Any, **options: Any) -> Future:
    """Call ``function`` on a daemon thread, which nobody has to wait for; return its outcome to come."""
    outcome: Future = Future()

    def call() -> None:
        try:
            outcome.set_result(function(*arguments, **options))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=call, name="dask call", daemon=True).start()
    return outcome


@contextlib.contextmanager
def open_client(resources: Resources) -> Iterator[Any]:
    """Yield a dask client of the workers that ``resources`` name, and close what was opened for it."""
    from distributed import Client

    if isinstance(resources.scheduler, Client):
        yield resources.scheduler
    else:
        with _closing(_connected(resources)) as client:
            yield client


@contextlib.contextmanager
def _closing(opened: Any) -> Iterator[Any]:
    """Close a client at the end; a second Ctrl-C waits for nothing."""
    patience = CLOSE_SECONDS
    try:
        yield opened
    except KeyboardInterrupt:
        patience = 0.0
        raise
    finally:
        with contextlib.suppress(Exception):  # it is of no use any more, and what ended the run is raised instead
            in_background(opened.close).result(patience)


def _connected(resources: Resources) -> Any:
    """Return a client of the scheduler that ``resources`` name; InputError if it does not answer."""
    from distributed import Client

    name = resources.scheduler if resources.scheduler is not None else f"scheduler file {resources.scheduler_file}"
    given = (
        {"address": resources.scheduler}
        if resources.scheduler is not None
        else {"scheduler_file": str(resources.scheduler_file)}
    )
    try:
        return in_background(Client, **given).result(SILENT_SECONDS)  # dask itself waits for a frozen one without end
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{name}: no dask scheduler answers ({one_line(error)}); dask scheduler starts one") from None

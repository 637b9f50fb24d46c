"""The heartbeat of a run: its progress and state, written into the store every few seconds.

It outlives the process of the run, and other processes can read it.
"""

import contextlib
import datetime
import math
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from eos_sweep.errors import Stopped, one_line
from eos_sweep.store.files import LOCK
from eos_sweep.store.location import Location
from eos_sweep.store.owner import Owner
from eos_sweep.store.store import Store

BEAT_SECONDS = 5.0  # between two heartbeats
SILENT_SECONDS = 60.0  # without a heartbeat, after which a run in state "running" counts as dead


class Heartbeat:
    """The heartbeat of a run.

    Parameters
    ----------
    store
        The store, which the run has locked.
    held
        Raises Stopped if the lock was lost; then another run writes its heartbeat there.

    Attributes
    ----------
    died : bool
        Whether a run before this one ended without a last heartbeat, so that any file may be incomplete, and no run
        has checked all of them since.
    """

    def __init__(self, store: Store, held: Callable[[], None]):
        self._store, self._held = store, held
        before = store.ledger.heartbeat
        self.died = before.get("state") == "running" or bool(before.get("check_due"))
        self._last: dict[str, Any] = {"host": socket.gethostname(), "pid": os.getpid(), "started": _now()}
        self._last["check_due"] = self.died  # until it is done, however this run ends
        self._written = -math.inf

    def beat(self, progress: Mapping[str, Any], state: str = "running") -> None:
        """Write progress and state, if some seconds have passed or the state has changed."""
        if state != self._last.get("state"):
            self._written = -math.inf  # until this state is written, at whichever attempt
        self._last |= {"state": state, "time": _now(), **progress}
        if time.monotonic() - self._written >= BEAT_SECONDS:
            self._held()
            self._store.ledger.beat(self._last)
            self._written = time.monotonic()

    def checking(self) -> None:
        """Write, if some seconds have passed, that a check is at work; it is due until :meth:`checked`."""
        self._last["check_due"] = True
        self.beat({})

    def checked(self) -> None:
        """Note that the check is done."""
        self._last["check_due"] = False

    def stop(self, error: BaseException) -> None:
        """Write why the run ended early, if the store still exists and is still locked."""
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else one_line(error)
        state = "stopped" if isinstance(error, KeyboardInterrupt | Stopped) else "failed"
        with contextlib.suppress(Exception):  # the error that ended the run is raised instead
            self._held()
            self._store.checked()
            self._store.ledger.beat({**self._last, "state": state, "time": _now(), "reason": reason})


def run_state(store: Store) -> str:
    """Return the state of the last run: "running", "finished", "stopped", ...

    It is "died" if no process can be running: the heartbeat stopped, or no lock is there, or that of a dead process.
    On a full disk, a run cannot write its last heartbeat, but it removes its lock.
    """
    heartbeat = store.ledger.heartbeat
    state = str(heartbeat.get("state", "never run"))
    if state == "running" and not _locked(store.location):
        return "died"
    try:
        then = datetime.datetime.fromisoformat(str(heartbeat.get("time")))
        silent = (datetime.datetime.now(datetime.UTC) - then).total_seconds() > SILENT_SECONDS
    except (ValueError, TypeError):
        silent = True
    return "died" if state == "running" and silent else state


def _locked(location: Location) -> bool:
    """Return whether the lock of a store is there and, as far as that can be known, its process."""
    try:
        found = location.read(LOCK)
    except PermissionError:  # on Windows nobody else can read what is locked
        return True
    owner = Owner.parsed(found or b"")
    return found is not None and not (owner and owner.dead())


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")

"""What a run says of itself while it runs, in the store, so that it outlives the process and others can read it."""

import contextlib
import datetime
import math
import os
import socket
import time
from typing import Any

from eos_sweep.errors import Interrupted, Stopped
from eos_sweep.progress import Progress
from eos_sweep.store import Store

BEAT = 5.0  # seconds
SILENT = 60.0  # seconds without a word after which a run that says "running" is taken for dead


class Heart:
    """The heartbeat of a run.

    Attributes
    ----------
    died : bool
        Whether the run before this one ended without a word, so that anything may be half written.
    """

    def __init__(self, store: Store):
        self._store = store
        self.died = store.ledger.heartbeat.get("state") == "running"
        self._told: dict[str, Any] = {"host": socket.gethostname(), "pid": os.getpid(), "started": _now()}
        self._beaten = -math.inf

    def beat(self, progress: Progress, state: str = "running") -> None:
        """Say how far the run is: every few seconds, and whenever its state changes."""
        changed = state != self._told.get("state")
        self._told |= {"state": state, "time": _now(), **progress.told()}
        if changed or time.monotonic() - self._beaten >= BEAT:
            self._store.ledger.beat(self._told)
            self._beaten = time.monotonic()

    def stop(self, error: BaseException) -> None:
        """Say why the run ended early, if there still is a store to say it in."""
        reason = "interrupted" if isinstance(error, KeyboardInterrupt) else " ".join(str(error).split())
        state = "stopped" if isinstance(error, Interrupted | Stopped) else "failed"
        with contextlib.suppress(Exception):  # the error itself is what matters
            self._store.checked()
            self._store.ledger.beat({**self._told, "state": state, "time": _now(), "reason": reason})


def condition(heartbeat: dict[str, Any]) -> str:
    """Return the state of the last run: "running", "finished", "stopped", ...; "died" if it ended without a word."""
    state = str(heartbeat.get("state", "never run"))
    try:
        then = datetime.datetime.fromisoformat(str(heartbeat.get("time")))
        silent = (datetime.datetime.now(datetime.UTC) - then).total_seconds() > SILENT
    except (ValueError, TypeError):
        silent = True
    return "died" if state == "running" and silent else state


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")

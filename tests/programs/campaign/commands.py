"""Runs commands of eos-sweep, in forked copies of a process that has loaded it, and says how they ended."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

TIMEOUT = 120.0  # seconds, after which a command hangs
SERVER = Path(__file__).with_name("forked.py")
# One thread of OpenBLAS, since a thread of it would not be there in a copy.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200"}
PROGRESS = re.compile(r"\s*[\d.,]+ ?(%|of [\d,]+:).*")  # lines that say how far a command is


class Ended(NamedTuple):
    """How a command ended."""

    arguments: tuple[str, ...]
    code: int  # negative: minus the signal that ended it
    out: str
    err: str
    seconds: float
    hung: bool
    kilobytes: int  # most that was resident
    changes: int  # files that it changed, if it was not killed

    @property
    def said(self) -> list[str]:
        """The lines on standard error that do not merely say how far it is."""
        return [line for line in self.err.splitlines() if line.strip() and not PROGRESS.fullmatch(line)]

    def fault(self) -> str:
        """Return what is wrong with the way in which the command ended, whatever its result; nothing if it is right."""
        if self.hung:
            return "hang"
        if "Traceback (most recent call last)" in self.err or "Fatal Python error" in self.err:
            return "traceback"
        if self.code not in (0, 1, 2, 3, 4, 129, 130, 143):
            return "crash"
        if self.code and not any(line.startswith(("eos-sweep: ", "Error: ")) for line in self.said):
            return "no line"
        return ""

    def __str__(self) -> str:
        """Return the command, its code and the beginning and end of what it said."""
        said = " | ".join(self.said)
        said = said if len(said) < 400 else f"{said[:150]} ... {said[-250:]}"
        return f"eos-sweep {' '.join(self.arguments)} -> {self.code} in {self.seconds:.1f} s: {said}"


class Commands:
    """A process that commands are forked from."""

    def __init__(self, environment=None):
        self._folder = Path(tempfile.mkdtemp(prefix="campaign_io_"))
        self._process = subprocess.Popen(
            [sys.executable, SERVER],
            env={**os.environ, **ENVIRONMENT, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout.readline() == "ready\n"

    def __call__(self, *arguments, cwd, signals=(), die_at=0, file_bytes=0, timeout=TIMEOUT, **environment) -> Ended:
        """Run a command; send it ``signals``, pairs of seconds and number; kill it at the ``die_at``-th file."""
        arguments = tuple(map(str, arguments))
        places = {name: str(self._folder / name) for name in ("out", "err", "count")}
        Path(places["count"]).unlink(missing_ok=True)
        request = {"arguments": arguments, "cwd": str(cwd), "signals": list(signals), "die_at": die_at}
        request |= {"file_bytes": file_bytes, "timeout": timeout, "environment": environment, **places}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        out, err, count = (_text(place) for place in places.values())
        return Ended(arguments, out=out, err=err, changes=int(count or 0), **answer)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait(30)
        shutil.rmtree(self._folder)


def _text(place):
    try:
        return Path(place).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


KILL = int(signal.SIGKILL)

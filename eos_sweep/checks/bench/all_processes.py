"""Runs programs at once, and measures the duration and the processor time of them and of all that they start.

``python -m eos_sweep.checks.bench.all_processes`` gets a JSON list of commands, and prints the two numbers.  It is a
process of its own, since it waits for whatever becomes its child: on Linux also processes whose parent has ended, as
the server does from which worker processes are forked.
"""

import contextlib
import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

from eos_sweep.errors import InputError, named

BECOME_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of Linux: orphans become children of this process


class Timed(NamedTuple):
    """What programs took together.

    Attributes
    ----------
    seconds : float
        From the start of the first one to the end of the last one.
    processor_seconds : float
        Of all processes.
    """

    seconds: float
    processor_seconds: float


def timed(commands: Sequence[Sequence[str]], folder: str) -> Timed:
    """Run programs of this Python at once in a folder, and wait for them; InputError if one fails.

    Parameters
    ----------
    commands
        The arguments of each program.
    folder
        The folder that they run in.
    """
    if not hasattr(os, "wait4"):
        raise InputError("bench: Windows does not tell the processor time of processes; leave --sweep out")
    order = [sys.executable, "-m", "eos_sweep.checks.bench.all_processes", json.dumps([*map(list, commands)])]
    done = subprocess.run(order, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        reason = named((done.stderr.strip().splitlines() or ["without a word"])[-1], 200)
        raise InputError(f"bench: a program failed, {reason}; run that alone to see why")
    return Timed(*json.loads(done.stdout))


def _measure(commands: Sequence[Sequence[str]]) -> Timed:
    with contextlib.suppress(OSError, AttributeError):  # no Linux: orphans are not counted
        ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    started = {subprocess.Popen([sys.executable, *one], stdout=subprocess.DEVNULL).pid for one in commands}
    seconds, processor_seconds, codes = 0.0, 0.0, [0]
    with contextlib.suppress(ChildProcessError):  # all have ended
        while True:
            pid, status, used = os.wait4(-1, 0)
            processor_seconds += used.ru_utime + used.ru_stime
            if pid in started:
                seconds = time.perf_counter() - began
                codes.append(os.waitstatus_to_exitcode(status))
    if any(codes):
        sys.exit(1)
    return Timed(seconds, processor_seconds)


if __name__ == "__main__":
    print(json.dumps(_measure(json.loads(sys.argv[1]))))

"""A dask scheduler and its workers as processes of their own, to be used and to be killed."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

PATIENCE = 60.0  # seconds within which a process must have come up
BRIEF = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s"}  # a client that has lost its scheduler waits so long


class Processes:
    """A scheduler, and workers of one thread each with a nanny that starts them again."""

    def __init__(self, folder, workers=2, environment=None):
        self.file = Path(folder) / "scheduler.json"
        self.environment = {**os.environ, **BRIEF, **(environment or {})}
        self._wanted = workers
        self.scheduler = None
        self.nannies = []

    def up(self):
        """Start what is not there, and wait for it."""
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.down()
            self.file.unlink(missing_ok=True)
            self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", self.file)
            self._wait(self.file.exists)
        self.nannies = [nanny for nanny in self.nannies if nanny.poll() is None]
        while len(self.nannies) < self._wanted:
            self.nannies.append(self.worker())
        self._wait(lambda: len(self.workers()) == self._wanted)
        return self

    def worker(self, *prefix, **environment):
        """Start another worker, by a command in front of its own if there is one, and return its nanny's process."""
        arguments = ("--nthreads", "1", "--memory-limit", "0", "--scheduler-file", self.file)
        return self._start("worker", *arguments, environment=environment, prefix=prefix)

    def workers(self):
        """Return the processes that compute, one for each nanny."""
        found = []
        for nanny in self.nannies:
            with contextlib.suppress(psutil.Error):
                children = psutil.Process(nanny.pid).children()
                found += [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
        return found

    def down(self):
        """End all of it."""
        for process in (*self.nannies, self.scheduler):
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.scheduler, self.nannies = None, []

    def _start(self, *arguments, environment=None, prefix=()):
        local = ("--host", "127.0.0.1", "--no-dashboard")
        command = [
            *map(str, prefix),
            sys.executable,
            "-m",
            "distributed.cli.dask_" + arguments[0],
            *map(str, arguments[1:]),
            *local,
        ]
        return subprocess.Popen(
            command,
            env={**self.environment, **(environment or {})},
            cwd=self.file.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _wait(self, ready):
        deadline = time.monotonic() + PATIENCE
        while not ready():
            assert time.monotonic() < deadline, "the cluster does not come up"
            assert self.scheduler.poll() is None, "the scheduler has died"
            time.sleep(0.05)


def kill(target, cluster, client, draw: random.Random):
    """Kill -9 one of "worker", "workers", "nanny", "scheduler", "client"; "preempt" asks the client to end."""
    workers = cluster.workers()
    victims = {
        "worker": [draw.choice(workers)] if workers else [],
        "workers": workers,
        "nanny": [draw.choice(cluster.nannies)],
        "scheduler": [cluster.scheduler],
        "client": [client],
        "preempt": [client],
    }[target]
    for victim in victims:
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            victim.send_signal(signal.SIGTERM if target == "preempt" else signal.SIGKILL)

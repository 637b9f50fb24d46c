"""Kill processes of a run on a dask cluster, and compare the store with that of an undisturbed run.

At a random moment a round kills a worker, all workers, a nanny with its worker, the scheduler or the client, or sends
SIGTERM to the client, as a preempting cluster does.  Then it starts again what is missing, and runs the same command
until it is done.  Half of the rounds have a scheduler, the others are of ``run --workers 2``.
"""

import contextlib
import os
import random
import signal
import subprocess
import time

import psutil

from helpers.dask_processes import BRIEF, Processes, kill
from helpers.stores import CLI
from programs.campaign.bases import files, finished
from programs.campaign.commands import Ended
from programs.campaign.kills import again

SCHEDULER, LOCAL = "with a scheduler", "with --workers"
TARGETS = {
    SCHEDULER: ("worker", "workers", "nanny", "scheduler", "client", "preempt"),
    LOCAL: ("client", "worker", "workers", "preempt"),
}
# How the disturbed command may end: 0 if it got over it or was done before, 3 if its workers died too often, 4 without
# scheduler, by the signal: 143 if it was at work, -15 if it had not begun.
ENDS = {"scheduler": {0, 4}, "client": {0, -9}, "preempt": {0, 143, -15}}
SECONDS = 240


class ClusterKills:
    """Rounds that kill processes of a cluster."""

    def __init__(self, bases):
        self.bases = bases
        self.cluster = Processes(bases.folder)
        self.blocks = len(finished(bases.whole("full")))

    def close(self):
        self.cluster.down()

    def round(self, now):
        """Kill something, and repeat the command."""
        kind = (SCHEDULER, LOCAL)[now.number % 2]
        target = TARGETS[kind][now.number // 2 % len(TARGETS[kind])]
        where = ("--scheduler-file", str(self.cluster.file)) if kind == SCHEDULER else ("--workers", "2")
        command = ("run", "../bases/full.toml", "-o", "s", *where)
        if kind == SCHEDULER:
            self.cluster.up()
        client = start(command, now.folder)
        count, pause = now.draw.randrange(self.blocks), now.draw.uniform(0, 0.2)
        now.called(f"{target} {kind}", f"killed with {count} chunks or more")
        wait_for_chunks(client, now.folder / "s", count)
        time.sleep(pause)
        if kind == SCHEDULER:
            kill(target, self.cluster, client, now.draw)
        else:
            _kill_local(target, client, now.draw)
        before = finished(now.folder / "s")
        ended = end(client, command)
        codes = ENDS.get(target, {0})
        if ended.code not in (-9, -15) or ended.code not in codes:
            now.ended(ended, *codes)
        self._repeat(now, kind, command, before)

    def _repeat(self, now, kind, command, before):
        if kind == SCHEDULER:
            self.cluster.up()
        if not now.ended(end(start(command, now.folder), command), 0):
            return
        whole = self.bases.whole("full")
        if lost := again(before, finished(now.folder / "s")):
            now.fault("lost", f"{len(lost)} finished blocks were computed again, such as {lost[0]}")
        if different := self.bases.compare(now.folder / "s", whole):
            now.fault("silent", f"after the repetition the store differs in {', '.join(different[:9])}")
        left = files(now.folder / "s") ^ files(whole)
        if partial := {name for name in left if name.endswith(".partial")}:
            now.outcome("incomplete files of killed workers are left")  # which nobody reads, and the next run removes
        if left := left - partial:
            now.fault("wrong", f"leftovers, or files that are missing: {', '.join(sorted(left)[:9])}")
        if checked := self.bases.commands("status", "s", "--check", cwd=now.folder):
            now.ended(checked, 0)
        if not now.faults:
            now.outcome("the same bits")


def start(command, folder, **environment):
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [str(CLI), *command],
        cwd=folder,
        env={**os.environ, **BRIEF, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process, command, seconds=SECONDS):
    """Wait for a command's end, and say how it ended."""
    began, hung = time.monotonic(), False
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        hung = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    seconds = time.monotonic() - began
    return Ended(tuple(command), process.returncode, out, err, seconds, hung, kilobytes=0, changes=0)


def wait_for_chunks(process, path, count):
    """Wait until ``count`` blocks are on disk, or the process is done."""
    while process.poll() is None and len(list((path / "steps_taken").glob("c/*/*"))) < count:
        time.sleep(0.01)


def _kill_local(target, client, draw: random.Random):
    """Kill -9 a worker process, all of them, or the client; "preempt" asks the client to end."""
    victims = [client]
    if target in ("worker", "workers"):
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(client.pid).children(recursive=True)
            victims = [one for one in children if "resource_tracker" not in " ".join(one.cmdline())] or []
            victims = [draw.choice(victims)] if victims and target == "worker" else victims
    for victim in victims:
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            victim.send_signal(signal.SIGTERM if target == "preempt" else signal.SIGKILL)

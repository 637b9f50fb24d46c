"""Let what a run depends on stand still: a scheduler, an S3 server, its output; and press Ctrl-C twice.

Each command has to end in a line, within about a minute; repeated when all is well again, it leaves the same bits.
"""

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

from helpers.dask_processes import Processes
from helpers.stores import CLI, toml
from programs.campaign.bases import FULL
from programs.campaign.cluster import end, start, wait_for_chunks

SECONDS = 100.0  # "about a minute", on a busy machine
AT_ONCE = 20.0  # after the second Ctrl-C
RUN = ("run", "../bases/full.toml", "-o", "s", "--scheduler-file", "scheduler.json")  # on the cluster
SLOW = FULL | {"steps": 50_000_000, "tolerance": 0.0, "chunks": {"lambda1": 1, "eta": 1}}  # minutes for each block
KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Frozen:
    """Rounds in which something stands still."""

    def __init__(self, bases):
        self.bases = bases

    def close(self):
        """Leave nothing behind."""

    def round(self, now):
        """Take the next of the kinds."""
        names = list(KINDS)
        name = names[(now.number - 1) % len(names)]
        toml(now.folder / "slow.toml", SLOW)
        now.called(name, "")
        KINDS[name](self, now)

    def scheduler_during_a_run(self, now):
        """Freeze the scheduler while blocks are computed; then have a new one."""
        with _cluster(now) as cluster:
            client = start(RUN, now.folder)
            wait_for_chunks(client, now.folder / "s", now.draw.randrange(1, 12))
            with _frozen(cluster):
                self._ends(now, client, RUN, SECONDS, 4)
            self._same(now, cluster)

    def scheduler_before_a_run(self, now):
        """Freeze the scheduler before a run begins."""
        with _cluster(now) as cluster:
            with _frozen(cluster):
                code = self._ends(now, start(RUN, now.folder), RUN, SECONDS, 2, 4)
                if code == 2 and (now.folder / "s").exists():
                    now.fault("wrong", f"a folder is left with {os.listdir(now.folder / 's')[:5]}")
            self._same(now)

    def second_interrupt_with_a_frozen_scheduler(self, now):
        """Freeze the scheduler, and press Ctrl-C twice."""
        with _cluster(now) as cluster:
            client = start(RUN, now.folder)
            wait_for_chunks(client, now.folder / "s", 4)
            with _frozen(cluster):
                self._interrupt_twice(now, client, RUN)
            self._same(now, cluster)

    def second_interrupt_of_long_blocks(self, now):
        """Press Ctrl-C twice while threads compute blocks that take minutes."""
        command = ("run", "slow.toml", "-o", "slow", "--threads", "2")
        client = start(command, now.folder)
        wait_until(lambda: (now.folder / "slow" / "ledger").exists() or client.poll() is not None)
        time.sleep(now.draw.uniform(2, 6))
        self._interrupt_twice(now, client, command)

    def server_that_never_answers(self, now):
        """Run, status and export a store in a bucket whose server accepts and never answers."""
        with _silent_server() as address:
            commands = [("status", "s3://bucket/s"), ("run", "../bases/small.toml", "-o", "s3://bucket/s")]
            commands.append(("export", "s3://bucket/s", "x.nc"))
            for command in commands:
                client = start(command, now.folder, AWS_ENDPOINT_URL=address, **KEYS)
                self._ends(now, client, command, SECONDS, 2, 4)

    def server_that_freezes_during_a_run(self, now):
        """Freeze an S3 server while a run writes to it, and let it go on."""
        with _s3_server(now.folder) as (server, address):
            command = ("run", "../bases/full.toml", "-o", "s3://bucket/s", "--threads", "2")
            client = start(command, now.folder, AWS_ENDPOINT_URL=address, **KEYS)
            time.sleep(now.draw.uniform(4, 9))
            server.send_signal(signal.SIGSTOP)
            self._ends(now, client, command, SECONDS, 0, 2, 4)
            server.send_signal(signal.SIGCONT)
            environment = {"AWS_ENDPOINT_URL": address, **KEYS}
            again = end(start(command, now.folder, **environment), command)
            copy = ("export", "s3://bucket/s", "s.zarr.zip")
            if now.ended(again, 0) and now.ended(end(start(copy, now.folder, **environment), copy), 0):
                self._compare(now, now.folder / "s.zarr.zip", self.bases.zipped("full"))

    def output_that_nobody_reads(self, now):
        """Run with an output that is full, closed, or a pipe whose other end is gone."""
        for number, end_of_it in enumerate((">/dev/full 2>/dev/full", ">&- 2>&-", "2>&1 | true")):
            command = f"{shlex.quote(str(CLI))} run ../bases/small.toml -o s{number} --threads 1 {end_of_it}"
            done = subprocess.run(["bash", "-c", command], cwd=now.folder, capture_output=True, text=True, timeout=120)
            if "Traceback" in done.stderr:
                now.fault("traceback", f"{command}: {done.stderr[-300:]}")
            self._compare(now, now.folder / f"s{number}", self.bases.whole("small"))

    def _ends(self, now, client, command, seconds, *codes):
        ended = end(client, command, seconds)
        if now.ended(ended, *codes):
            now.outcome(f"ended with {ended.code} in a line, after {10 * round(ended.seconds / 10)} s")
        return ended.code

    def _interrupt_twice(self, now, client, command):
        client.send_signal(signal.SIGINT)
        time.sleep(now.draw.uniform(0.5, 2))
        client.send_signal(signal.SIGINT)
        self._ends(now, client, command, AT_ONCE, 130)

    def _same(self, now, cluster=None):
        """Run again, on a new cluster if one is given."""
        if cluster:
            cluster.down()
            cluster.up()
        if now.ended(end(start(RUN, now.folder), RUN), 0):
            self._compare(now, now.folder / "s", self.bases.whole("full"))

    def _compare(self, now, place, whole):
        if different := self.bases.compare(place, whole):
            now.fault("silent", f"after the repetition the store differs in {', '.join(different[:9])}")
        else:
            now.outcome("the same bits")


KINDS = {
    "an output that nobody reads": Frozen.output_that_nobody_reads,
    "a second Ctrl-C, long blocks": Frozen.second_interrupt_of_long_blocks,
    "a second Ctrl-C, a frozen scheduler": Frozen.second_interrupt_with_a_frozen_scheduler,
    "an S3 server that never answers": Frozen.server_that_never_answers,
    "a scheduler frozen during a run": Frozen.scheduler_during_a_run,
    "a scheduler frozen before a run": Frozen.scheduler_before_a_run,
    "an S3 server frozen during a run": Frozen.server_that_freezes_during_a_run,
}


def wait_until(ready, seconds=60.0):
    """Wait until something is true; AssertionError after some seconds."""
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "it does not come up"
        time.sleep(0.05)


@contextlib.contextmanager
def _cluster(now):
    """Yield the processes of a cluster, which are ended at last."""
    cluster = Processes(now.folder).up()
    try:
        yield cluster
    finally:
        cluster.down()


@contextlib.contextmanager
def _frozen(cluster):
    """Let a cluster's scheduler stand still."""
    os.kill(cluster.scheduler.pid, signal.SIGSTOP)
    yield
    os.kill(cluster.scheduler.pid, signal.SIGCONT)


@contextlib.contextmanager
def _silent_server():
    """Yield the address of a server that accepts connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        held, ending = [], threading.Event()

        def accept():
            while not ending.is_set():
                with contextlib.suppress(OSError):
                    held.append(server.accept())

        server.settimeout(0.5)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            ending.set()
            thread.join()
            for connection, _ in held:
                connection.close()


@contextlib.contextmanager
def _s3_server(folder):
    """Yield the process and the address of an S3 server with a bucket."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _answers(port))
        address = f"http://127.0.0.1:{port}"
        make = "import fsspec; fsspec.filesystem('s3').mkdir('bucket')"
        environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": address}
        subprocess.run([sys.executable, "-c", make], env=environment, check=True, timeout=60)
        yield server, address
    finally:
        server.kill()
        server.wait()


def _answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False

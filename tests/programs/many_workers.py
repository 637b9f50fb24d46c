"""What a run with many workers costs its process, the scheduler and the ledger, while the workers sleep.

    python tests/programs/many_workers.py [--workers 64] [--seconds 4] [--blocks 1024] [--all-observables]

A scheduler and workers of dask are processes of their own, as on a cluster; a worker is a thread of one of them.  All
of a run is real but the kernel, which sleeps for the seconds of a block: orders, chunks on disk, rows of the ledger,
heartbeats.  So a machine of two cores can have as many workers as its cores can write blocks for.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from distributed import Client
from sleeping import CELLS

import eos_sweep
from eos_sweep import models
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.ledger import Ledger
from eos_sweep.store.store import Store

MODEL = "sleeping"
THREADS = 16  # of a process


@contextlib.contextmanager
def cluster(workers, folder, environment):
    """Yield a client of a new cluster, and its processes."""
    file = Path(folder) / "scheduler.json"
    local = "--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"
    orders = [("scheduler", "--port", "0")]
    sizes = [min(THREADS, workers - at) for at in range(0, workers, THREADS)]
    orders += [("worker", "--no-nanny", "--memory-limit", "0", "--nthreads", str(size)) for size in sizes]
    started = []
    try:
        for name, *options in orders:
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *options, *local]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            started.append(subprocess.Popen(command, cwd=folder, env=environment, **quiet))
            while not file.exists():
                time.sleep(0.1)
        with Client(scheduler_file=str(file)) as client:
            client.wait_for_workers(len(sizes), timeout=300)
            yield client, [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()


def processor(process):
    """Return the seconds that a process has computed."""
    times = process.cpu_times()
    return times.user + times.system


def sweep_of(blocks, all_observables):
    """Return a sweep of so many blocks."""
    side = round(CELLS**0.5)
    axes = {"eta": {"linear": [0.1, 1, side * blocks]}, "a1": {"linear": [0.5, 1, side]}}
    chunks, few = {"eta": side, "a1": side}, {} if all_observables else {"observables": ["steps_taken"]}
    return Sweep.from_dict({"model": MODEL, "steps": 1, "axes": axes, "initial": {"theta1": 1}, "chunks": chunks} | few)


def main(workers, seconds, blocks, all_observables):
    """Run, and return what was measured."""
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    flushes, flush = [], Ledger.flush

    def timed(ledger):
        began = time.perf_counter(), time.thread_time()
        flush(ledger)
        flushes.append((time.perf_counter() - began[0], time.thread_time() - began[1]))

    Ledger.flush = timed
    with tempfile.TemporaryDirectory(prefix="workers_") as folder:
        with cluster(workers, folder, {**os.environ, "PYTHONPATH": path}) as (client, (scheduler, *processes)):
            eos_sweep.run(
                sweep_of(2 * workers, all_observables), Path(folder) / "first.zarr", scheduler=client
            )  # all load their kernel
            flushes.clear()
            own = psutil.Process()
            before = [processor(one) for one in (own, scheduler, *processes)]
            done = eos_sweep.run(sweep_of(blocks, all_observables), Path(folder) / "s.zarr", scheduler=client)
            used = [processor(one) - then for one, then in zip((own, scheduler, *processes), before, strict=True)]
            memory = own.memory_info().rss, scheduler.memory_info().rss
        assert done.failed == 0 and Store.open(Path(folder) / "s.zarr").done().all()
    client_ms, scheduler_ms, *others = (1e3 * one / blocks for one in used)
    waited, computed = (sum(column) for column in zip(*flushes, strict=True))
    return {
        "workers": workers,
        "seconds of a block": seconds,
        "blocks": blocks,
        "seconds of the run": round(done.seconds, 2),
        "share of the time in which workers sleep": round(blocks * seconds / (workers * done.seconds), 3),
        "ms of a core a block: the process of the run": round(client_ms, 2),
        "ms of a core a block: the scheduler": round(scheduler_ms, 2),
        "ms of a core a block: its worker": round(sum(others), 2),
        "blocks a flush of the ledger": round(blocks / len(flushes), 2),
        "ms a flush": round(1e3 * waited / len(flushes), 2),
        "ms of a core a flush": round(1e3 * computed / len(flushes), 2),
        "MB of the process of the run": round(memory[0] / 1e6),
        "MB of the scheduler": round(memory[1] / 1e6),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--blocks", type=int, default=1024)
    parser.add_argument("--all-observables", action="store_true", help="of default, a file each, instead of one")
    given = parser.parse_args()
    os.environ["SECONDS"] = str(given.seconds)
    models.allow(MODEL)
    for name, value in main(given.workers, given.seconds, given.blocks, given.all_observables).items():
        print(f"{name:48}{value:>10,}")

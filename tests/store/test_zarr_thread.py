"""The end of a process in which zarr still reads."""

import subprocess
import sys

PENDING = """
import asyncio
from zarr.core.sync import sync
from eos_sweep.store import zarr_thread

async def hold(semaphore):
    async with semaphore:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(0)

async def begin():
    semaphore = asyncio.Semaphore(1)
    global tasks
    tasks = [asyncio.create_task(hold(semaphore)) for _ in range(3)]
    await asyncio.sleep(0.01)

sync(begin())
"""


def test_reads_in_flight_at_the_end_print_no_trace():
    done = subprocess.run([sys.executable, "-c", PENDING], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")

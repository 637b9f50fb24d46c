"""The thread in which zarr reads and writes."""

import asyncio
import atexit
import contextlib

import zarr.core.sync

PATIENCE = 5.0  # seconds for reads and writes that are cancelled at the end of the process


def start() -> None:
    """Start zarr's thread; zarr itself, after a failure to start it, would wait for it without end."""
    try:
        zarr.core.sync._get_loop()
    except RuntimeError:
        zarr.core.sync.loop[0] = zarr.core.sync.iothread[0] = None
        raise


@atexit.register  # after zarr's own, so that it is called before
def cancel_pending() -> None:
    """Cancel reads that a damaged chunk left in flight: zarr closes its loop under them, and each prints a trace."""
    loop, thread = zarr.core.sync.loop[0], zarr.core.sync.iothread[0]
    if loop is None or thread is None or not thread.is_alive():
        return
    with contextlib.suppress(TimeoutError):
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result(PATIENCE)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

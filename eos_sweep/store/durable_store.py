"""The store of zarr in a folder, which writes as :mod:`eos_sweep.store.durable` does."""

import asyncio

from zarr.core.buffer import Buffer
from zarr.storage import LocalStore

from eos_sweep.store import durable


class DurableStore(LocalStore):
    """A folder in which each file that zarr writes is on disk when the write returns."""

    async def set(self, key: str, value: Buffer) -> None:
        """Write a file."""
        if not self._is_open:
            await self._open()
        await asyncio.to_thread(self.set_sync, key, value)

    def set_sync(self, key: str, value: Buffer) -> None:
        """Write a file."""
        self._check_writable()
        durable.write({self.root / key: value.to_bytes()})

    async def set_if_not_exists(self, key: str, value: Buffer) -> None:
        """Write a file if there is none; a store has one writer."""
        if not await self.exists(key):
            await self.set(key, value)

"""A sweep on disk: its chunks, the ledger of finished blocks, the lock of its writer, and the checks on opening."""

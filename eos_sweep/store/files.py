"""Files of a folder, read with a bound, and without waiting for what is no file: a pipe, a device, a loop of links."""

import errno
import os
import stat
from pathlib import Path

# What lies in the folder of a store and is no part of it: its lock, and checkpoints of unfinished trajectories.
LOCK, CHECKPOINTS = ".eos_sweep.lock", ".eos_sweep.checkpoints"
BESIDE = {LOCK, CHECKPOINTS}
NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENXIO}  # ENXIO: a socket
SMALL = 2**16  # bytes that are read of any file; some file systems do not say how long one is
DAMAGE = {errno.EIO, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}  # of what is there, but cannot be read
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def is_unreachable(error: Exception) -> bool:
    """Return whether an error of reading says nothing about what is stored, such as that of a network."""
    return isinstance(error, OSError) and error.errno not in DAMAGE


def read(path: Path, most: int) -> bytes | None:
    """Return the first bytes of a file, at most ``most``, or None if there is no file."""
    try:
        descriptor = os.open(path, FLAGS)
    except OSError as error:
        if error.errno in NO_FILE:
            return None
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        return file.read(min(most, max(found.st_size, SMALL)))  # which takes so much memory, however short the file is

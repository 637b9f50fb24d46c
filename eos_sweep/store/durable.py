"""Files that survive a loss of power: what has been written here is on disk when the call returns.

A file is written beside its place, flushed to disk and renamed, and then its folder is flushed.  So a file is there
as a whole or not at all, and what is written later, such as the row of a block, never survives without it.
"""

import contextlib
import errno
import os
import uuid
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from eos_sweep.errors import is_thread_shortage

# The 26 files of a block and their folders are flushed in 5 ms by 8 threads, and in 100 ms one after the other, since
# the file system writes its journal once for all that wait (ext4 on a disk of a virtual machine).
FLUSHES_AT_ONCE = 8
CANNOT_FLUSH = {errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EPERM}  # of folders, on some file systems


def write(files: Mapping[Path, bytes]) -> None:
    """Write files, each as a whole or not at all; all of them are on disk at the end."""
    if not files:
        return
    partial = {path: path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial") for path in files}
    try:
        with contextlib.ExitStack() as opened:
            descriptors = []
            _make_folders({path.parent for path in files})
            for path, data in files.items():
                file = opened.enter_context(open(partial[path], "wb"))
                file.write(data)
                file.flush()
                descriptors.append(file.fileno())
            _at_once(os.fsync, descriptors)
        for path in files:
            os.replace(partial[path], path)
        flush_folders({path.parent for path in files})
    except BaseException:
        for path in partial.values():
            path.unlink(missing_ok=True)
        raise


def flush_folders(folders: Collection[Path]) -> None:
    """Flush the entries of folders to disk, where the system can do that: Windows has no such call."""
    if hasattr(os, "O_DIRECTORY"):
        _at_once(_flush_folder, folders)


def _make_folders(folders: Collection[Path]) -> None:
    """Make folders, and flush those that have new entries, the outermost first."""
    grown = set()
    for folder in folders:
        for new in [folder, *folder.parents]:
            if new.is_dir():
                break
            grown.add(new.parent)
        folder.mkdir(parents=True, exist_ok=True)
    for depth in sorted({len(folder.parts) for folder in grown}):
        flush_folders([folder for folder in grown if len(folder.parts) == depth])


def _flush_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_FLUSH:
            raise


def _at_once(action: Callable[[Any], None], things: Collection[Any]) -> None:
    if len(things) > 1:  # most are single
        try:
            with ThreadPoolExecutor(FLUSHES_AT_ONCE) as threads:
                list(threads.map(action, things))
            return
        except RuntimeError as error:
            if not is_thread_shortage(error):
                raise
    for thing in things:
        action(thing)

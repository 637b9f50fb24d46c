"""Files that are written as a whole or not at all: until they are, under a hidden name that says whose they are."""

import contextlib
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from eos_sweep.errors import InputError
from eos_sweep.store.owner import Owner

HIDDEN = re.compile(r"\.eos_sweep-([0-9a-f]{16})-(\d+)-[0-9a-f]{32}(\.[a-z]+)?")  # of a machine, and of a process there


@contextlib.contextmanager
def whole(out: Path, remedy: str) -> Iterator[Path]:
    """Yield a hidden name beside ``out`` to which a file is written, and which becomes ``out`` in the end.

    What dead processes have left beside it under such names is removed first.

    Raises
    ------
    InputError
        If the file cannot be written; ``remedy`` says what to do then.
    """
    temporary = hidden(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(out.parent)
        try:
            yield temporary
            os.replace(temporary, out)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}; {remedy}") from None


def hidden(out: Path) -> Path:
    """Return a new hidden name beside ``out``."""
    owner = Owner.here("")
    return out.with_name(f".eos_sweep-{_mark(owner)}-{owner.pid}-{uuid.uuid4().hex}{out.suffix.lower()}")


def remove(folder: Path, seconds: float = 5.0) -> None:
    """Remove a folder; where a write has failed, zarr's other writes may still put files into it for a moment."""
    end = time.monotonic() + seconds
    while folder.exists() and time.monotonic() < end:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.01)


def _remove_abandoned(folder: Path) -> None:
    """Remove the hidden files and folders of dead processes of this machine."""
    here = Owner.here("")
    for path in folder.iterdir():
        found = HIDDEN.fullmatch(path.name)
        if found and found[1] == _mark(here) and here._replace(pid=int(found[2])).dead():
            with contextlib.suppress(OSError):  # somebody else's, or just removed by another process
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _mark(owner: Owner) -> str:
    return hashlib.sha256(owner.machine.encode()).hexdigest()[:16]

"""Incomplete files, which a killed writer leaves beside the file that it was about to replace."""

import os
import re
from pathlib import Path

from eos_sweep.store.location import Location

PARTIAL = r"\.[0-9a-f]{32}\.partial"  # how the name of a file ends while it is written, by us or by zarr
_NAME = re.compile(rf"(zarr(\.json)?|c|\d+){PARTIAL}")


def remove(location: Location, chunks: bool) -> None:
    """Remove incomplete files of a store: of metadata and, if asked, of chunks, which may be millions.

    Links are not followed, and nothing but regular files of such names is removed.
    """
    if location.local is None:  # elsewhere an object is stored as a whole or not at all
        return
    for folder, below, names in os.walk(location.local):
        if not chunks and "c" in below:
            below.remove("c")
        for name in names:
            path = Path(folder, name)
            if _NAME.fullmatch(name) and path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)

"""Training data from a file: an .npz with ``inputs`` and ``targets``, a sample a row, known by the hash of its content.

A spec names the file; the path may change, the content may not.  A stored sweep opens without the file: it is read
when a spec is made, and when trajectories run.
"""

import functools
import hashlib
import math
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eos_sweep.axes import SpecError, short
from eos_sweep.contract import Data, Table, is_array
from eos_sweep.errors import named

FORM = 'give a table [data] with file = "....npz", which holds arrays inputs and targets'
LARGEST, MOST = 2**33, 2**28  # bytes of a file; numbers of an array, which a file of a few bytes may unpack to


def parse(given: Any) -> Data | None:
    """Return what the table of a spec names; the file is read only if the hash of its content is not given.

    Raises:
        SpecError: it is no such table, or there is no such file.
    """
    if given is None or given == {}:
        return None
    if not isinstance(given, Mapping) or "file" not in given or set(given) - {"file", "sha256"}:
        raise SpecError(f"data: got {short(given)}; {FORM}")
    for name, value in given.items():
        if not isinstance(value, str) or "\0" in value:  # which no path has
            raise SpecError(f"data.{name}: got {short(value)}; give a text in quotes")
    file = str(Path(given["file"]).absolute())
    return Data(file, given.get("sha256") or digest(file))


def located(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return a spec whose data file is where its path says, seen from ``folder``, that of the spec's own file."""
    data = given.get("data")
    if not isinstance(data, Mapping) or not isinstance(data.get("file"), str):
        return given
    return given | {"data": {**data, "file": str(folder / data["file"])}}


def check(name: str, model: Any, source: Data | None) -> None:
    """Raise SpecError unless the model called ``name`` can learn from the file."""
    if source is None:
        return
    most = model.TARGETS if is_array(model) else 0
    if not most:
        raise SpecError(f"data: {name} takes no data; remove the table")
    _unchanged(source)  # even if it has been read before
    columns = load(source).targets.shape[1]
    if columns > most:
        raise SpecError(f"data.file: targets of {source.file} have {columns} columns; {name} takes at most {most:g}")


def digest(file: str) -> str:
    """Return the hash of a file's content."""
    try:
        found = os.stat(file)  # not all that has a path is a file: reading from /dev/zero or a pipe may never end
        if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= LARGEST:
            raise SpecError(
                f"data.file: {named(file, 300)} is no file of 1 to {LARGEST} bytes; give the path of an .npz file"
            )
        with open(file, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise SpecError(f"data.file: {named(file, 300)}: {error.strerror}; give the path of an .npz file") from None


@functools.lru_cache(maxsize=2)
def load(source: Data) -> Table:
    """Return the data of a file.

    Raises:
        SpecError: the file is not there, has another content, or is no such data.
    """
    _unchanged(source)
    try:
        with zipfile.ZipFile(source.file) as archive:
            table = Table(*(_matrix(source.file, archive, name) for name in Table._fields))
    except SpecError:
        raise
    except Exception:  # whatever unpacking and numpy's format make of a file that is something else, or damaged
        raise SpecError(f"data.file: {source.file} is no .npz file of numbers; {FORM}") from None
    if len(table.inputs) != len(table.targets):
        counts = f"{len(table.inputs)} inputs and {len(table.targets)} targets"
        raise SpecError(f"data.file: {source.file} has {counts}; give a row to each sample")
    return table


def _unchanged(source: Data) -> None:
    if digest(source.file) != source.sha256:
        raise SpecError(f"data.file: {source.file} has changed since the spec was made; give the data that it had")


def _matrix(file: str, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise SpecError(f"data.file: {file} has no array {name!r}; {FORM}") from None
    with archive.open(entry) as member:
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = read[np.lib.format.read_magic(member)](member)
    wrong = f"data.file: {name} of {file} are {named(str(dtype))} of shape {shape}"
    size = math.prod(shape)
    if dtype.hasobject or entry.file_size < size * dtype.itemsize:
        raise ValueError  # before memory is taken for what is not there
    if dtype.kind not in "iuf" or len(shape) not in (1, 2) or not 0 < size <= MOST:
        raise SpecError(f"{wrong}; give at most {MOST} finite numbers, a sample a row")
    with archive.open(entry) as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
    if not np.isfinite(array).all():
        raise SpecError(f"{wrong}, not all finite; give finite numbers, a sample a row")
    return np.ascontiguousarray(array.reshape(len(array), -1), np.float64)

"""Training data from an .npz file with the arrays ``inputs`` and ``targets``, a sample a row.

A spec names the file.  :func:`parse` makes a :class:`Data` of it, the path and the hash of the content: the path may
change, the content may not.  :func:`check` and :func:`load` read the file, when a spec is made and when trajectories
run.  So a stored sweep opens without the file.
"""

import functools
import hashlib
import math
import os
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eos_sweep.contract import Data, Table, is_array
from eos_sweep.errors import SpecError, named, short

TABLE_FORM = 'give a table [data] with file = "....npz", which holds arrays inputs and targets'
MAX_FILE_BYTES = 2**33
MAX_NUMBERS = 2**28  # of an array; a file of a few bytes may unpack to more


def parse(given: Any, folder: Path) -> Data | None:
    """Return the file that the table of a spec names; it is read only if the hash of its content is not given.

    Parameters
    ----------
    given
        The table, with ``file`` and perhaps ``sha256``.  None or an empty table stands for no data.
    folder
        A relative path begins here.

    Raises
    ------
    SpecError
        If it is no such table, or there is no such file.
    """
    if given is None or given == {}:
        return None
    if not isinstance(given, Mapping) or "file" not in given or set(given) - {"file", "sha256"}:
        raise SpecError(f"data: got {short(given)}; {TABLE_FORM}")
    for name, value in given.items():
        if not isinstance(value, str) or "\0" in value:  # no path has a null byte
            raise SpecError(f"data.{name}: got {short(value)}; give a text in quotes")
    file = str((folder / given["file"]).absolute())
    return Data(file, given.get("sha256") or digest(file))


def replaced(model: Any, source: Data | None) -> frozenset[str]:
    """Return the names of the inputs that mean nothing beside the file, such as the number of samples to draw."""
    return frozenset(name for name, quantity in model.PARAMETERS.items() if source and quantity.without_data)


def about(source: Data | None) -> dict[str, str | int]:
    """Return what a dataset says of the file that its networks learnt, as attributes; nothing if there is none."""
    if source is None:
        return {}
    samples = {"data_samples": len(load(source).inputs), "data_bytes": os.path.getsize(source.file)}
    return {"data_file": os.path.basename(source.file), **samples, "data_sha256": source.sha256}


def described(attributes: Mapping[str, Any]) -> str:
    """Return in words what :func:`about` has put into attributes; an empty text if it has put nothing there."""
    if not {"data_file", "data_samples", "data_sha256"} <= set(attributes):
        return ""
    return f"{attributes['data_file']} ({attributes['data_samples']} samples; {str(attributes['data_sha256'])[:8]})"


def check(name: str, model: Any, source: Data | None, given: Iterable[str] = ()) -> None:
    """Raise SpecError unless the model called ``name`` can learn from the file, which is read.

    It takes no input then that the file replaces, and ``given`` are the names of those that the spec gives.
    """
    if source is None:
        return
    most = model.TARGETS if is_array(model) else 0
    if not most:
        raise SpecError(f"data: {name} takes no data; remove the table")
    if useless := sorted(replaced(model, source).intersection(given)):
        file = named(os.path.basename(source.file))
        raise SpecError(f"{useless[0]}: given, but the data file {file} stands for it; remove {useless[0]}")
    _check_hash(source)  # load may have cached the content
    columns = load(source).targets.shape[1]
    if columns > most:
        raise SpecError(f"data.file: targets of {source.file} have {columns} columns; {name} takes at most {most:g}")


def digest(file: str) -> str:
    """Return the hash (SHA-256) of a file's content.

    Raises
    ------
    SpecError
        If there is no such file, or it is empty or too large.
    """
    try:
        found = os.stat(file)
        # Reading from a device such as /dev/zero or from a pipe may never end.
        if not stat.S_ISREG(found.st_mode) or not 0 < found.st_size <= MAX_FILE_BYTES:
            size = f"1 to {MAX_FILE_BYTES} bytes"
            raise SpecError(f"data.file: {named(file, 300)} is no file of {size}; give the path of an .npz file")
        with open(file, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise SpecError(f"data.file: {named(file, 300)}: {error.strerror}; give the path of an .npz file") from None


@functools.lru_cache(maxsize=2)
def load(source: Data) -> Table:
    """Return the training data of a file.

    Raises
    ------
    SpecError
        If the file does not exist, its content has changed, or it is no such data.
    """
    _check_hash(source)
    try:
        with zipfile.ZipFile(source.file) as archive:
            table = Table(*(_matrix(source.file, archive, name) for name in Table._fields))
    except SpecError:
        raise
    except Exception:  # unpacking another or a damaged file raises errors of many types
        raise SpecError(f"data.file: {source.file} is no .npz file of numbers; {TABLE_FORM}") from None
    if len(table.inputs) != len(table.targets):
        counts = f"{len(table.inputs)} inputs and {len(table.targets)} targets"
        raise SpecError(f"data.file: {source.file} has {counts}; give a row to each sample")
    return table


def _check_hash(source: Data) -> None:
    if digest(source.file) != source.sha256:
        raise SpecError(f"data.file: {source.file} has changed since the spec was made; give the data that it had")


def _matrix(file: str, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    try:
        entry = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise SpecError(f"data.file: {file} has no array {name!r}; {TABLE_FORM}") from None
    with archive.open(entry) as member:
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, _, dtype = read[np.lib.format.read_magic(member)](member)
    wrong = f"data.file: {name} of {file} are {named(str(dtype))} of shape {shape}"
    size = math.prod(shape)
    if dtype.hasobject or entry.file_size < size * dtype.itemsize:
        raise ValueError("shorter than its header says")  # before memory is allocated
    if dtype.kind not in "iuf" or len(shape) not in (1, 2) or not 0 < size <= MAX_NUMBERS:
        raise SpecError(f"{wrong}; give at most {MAX_NUMBERS} finite numbers, a sample a row")
    with archive.open(entry) as member:
        array = np.lib.format.read_array(member, allow_pickle=False)
    if not np.isfinite(array).all():
        raise SpecError(f"{wrong}, not all finite; give finite numbers, a sample a row")
    return np.ascontiguousarray(array.reshape(len(array), -1), np.float64)

"""Training data from a file: an .npz with ``inputs`` and ``targets``, a sample a row, known by the hash of its content.

A spec names the file; the path may change, the content may not.  A stored sweep opens without the file: it is read
when a spec is made, and when trajectories run.
"""

import functools
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from eos_sweep.axes import SpecError, short
from eos_sweep.contract import Data, Table, is_array

FORM = 'give a table [data] with file = "....npz", which holds arrays inputs and targets'


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
        if not isinstance(value, str):
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
        return hashlib.sha256(Path(file).read_bytes()).hexdigest()
    except OSError as error:
        raise SpecError(f"data.file: {file}: {error.strerror}; give the path of an .npz file") from None


@functools.lru_cache(maxsize=2)
def load(source: Data) -> Table:
    """Return the data of a file.

    Raises:
        SpecError: the file is not there, has another content, or is no such data.
    """
    _unchanged(source)
    try:
        with np.load(source.file) as archive:
            found = {name: archive[name] for name in Table._fields if name in archive}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile):  # TypeError: a single array, .npy
        raise SpecError(f"data.file: {source.file} is no .npz file of numbers; {FORM}") from None
    table = Table(*(_matrix(source.file, found, name) for name in Table._fields))
    if len(table.inputs) != len(table.targets):
        counts = f"{len(table.inputs)} inputs and {len(table.targets)} targets"
        raise SpecError(f"data.file: {source.file} has {counts}; give a row to each sample")
    return table


def _unchanged(source: Data) -> None:
    if digest(source.file) != source.sha256:
        raise SpecError(f"data.file: {source.file} has changed since the spec was made; give the data that it had")


def _matrix(file: str, found: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    if name not in found:
        raise SpecError(f"data.file: {file} has no array {name!r}; {FORM}")
    array = found[name]
    if array.dtype.kind not in "iuf" or array.ndim not in (1, 2) or array.size == 0 or not np.isfinite(array).all():
        raise SpecError(
            f"data.file: {name} of {file} are {array.dtype} of shape {array.shape}; give finite numbers, a sample a row"
        )
    return np.ascontiguousarray(array.reshape(len(array), -1), np.float64)

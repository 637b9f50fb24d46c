"""Tables of data in a file beside a spec: a CSV file whose first line names the columns, for sums in a formula.

Only the command that reads a spec reads such a file.  The numbers of the columns that the formula uses become a
part of it, so a store needs no file, and opening a store never reads one.
"""

import csv
import io
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eos_sweep.derivation.tables import MAX_TABLE, tables_in
from eos_sweep.errors import SpecError, named, short
from eos_sweep.spec import toml

MAX_FILE_BYTES = 2**22
LABEL = "model.data.file"


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of a TOML file with the columns of the file that ``model.data`` names in its place.

    The path of that file is relative to the folder of the TOML file.

    Raises
    ------
    SpecError
        If there is no such file, or it is no table of numbers; what else may be wrong is left for others to check.
    """
    given, folder = toml.read(path), Path(path).parent
    model = given if "loss" in given else given.get("model")
    data = model.get("data") if isinstance(model, Mapping) else None
    if not isinstance(data, Mapping) or set(data) != {"file"} or not isinstance(data["file"], str):
        return given
    columns = _columns(folder / data["file"])
    used = tables_in(str(model["loss"])) if model and "loss" in model else set()
    if used <= set(columns):  # else an error that lists all columns tells most
        columns = {name: numbers for name, numbers in columns.items() if name in used}
    filled = {**(model or {}), "data": columns}
    return filled if "loss" in given else {**given, "model": filled}


def _columns(path: Path) -> dict[str, list[float]]:
    label = f"{LABEL}: {named(str(path), 200)}"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe or a device may never end
            raise SpecError(f"{label}: no regular file; give the path of a CSV file")
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        text = content.decode("utf-8-sig")
    except SpecError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path, or no UTF-8
        reason = getattr(error, "strerror", None) or "no text in UTF-8"
        raise SpecError(f"{label}: {reason}; give the path of a CSV file") from None
    if len(content) > MAX_FILE_BYTES:
        raise SpecError(f"{label}: more than {MAX_FILE_BYTES} bytes; give at most {MAX_TABLE} rows of numbers")
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise SpecError(f"{label}: {named(str(error))}; give a CSV file") from None
    if not 2 <= len(rows) <= MAX_TABLE + 1:
        raise SpecError(f"{label}: {len(rows)} lines; give a line of names and 1 to {MAX_TABLE} rows of numbers")
    names = [name.strip() for name in rows[0]]
    if len(set(names)) < len(names):
        raise SpecError(f"{label}: names in its first line are not distinct; rename one of them")
    numbers = [_numbers(label, k, row, len(names)) for k, row in enumerate(rows[1:], 2)]
    return {name: list(column) for name, column in zip(names, zip(*numbers, strict=True), strict=True)}


def _numbers(label: str, line: int, row: list[str], width: int) -> list[float]:
    if len(row) != width:
        raise SpecError(f"{label}: line {line} has {len(row)} numbers, the first line {width} names; correct it there")
    try:
        return [float(cell.replace("_", "?")) for cell in row]  # Python would read 1_0 as 10
    except ValueError:
        raise SpecError(f"{label}: line {line}: got {short(','.join(row))}; give numbers") from None

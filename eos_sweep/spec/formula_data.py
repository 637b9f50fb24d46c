"""Tables of data in a file beside a spec: a CSV file whose first line names the columns, for sums in a formula.

Only the command that reads a spec reads such a file.  The numbers of the columns that the formula uses become a
part of it, so a store needs no file, and opening a store never reads one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eos_sweep.derivation.tables import MAX_TABLE, tables_in
from eos_sweep.spec import csv_tables, toml

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
    used = tables_in(str(model["loss"])) if model and "loss" in model else set()

    def choose(names: list[str]) -> list[str]:
        """Return the columns that the formula uses, or all if it lacks one: an error that lists them tells most."""
        return [name for name in names if name in used] if used <= set(names) else names

    file = folder / data["file"]
    content = csv_tables.content_of(LABEL, file, MAX_FILE_BYTES)
    columns = csv_tables.columns(LABEL, file, content, MAX_TABLE, choose)
    filled = {**(model or {}), "data": columns}
    return filled if "loss" in given else {**given, "model": filled}

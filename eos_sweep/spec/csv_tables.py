"""Tables of numbers in a CSV file, whose first line names the columns."""

import csv
import io
import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path

from eos_sweep.errors import SpecError, named, short

Choose = Callable[[list[str]], Collection[str]]  # names of all columns -> those that are read


def content_of(label: str, path: Path, most: int) -> bytes:
    """Return the content of a file of at most ``most`` bytes.

    Parameters
    ----------
    label
        What errors call the entry of a spec that names the file.
    path
        Of the file.
    most
        Number of bytes.

    Raises
    ------
    SpecError
        If there is no such file.
    """
    label = f"{label}: {named(str(path), 200)}"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe or a device may never end
            raise SpecError(f"{label}: no regular file; give the path of a CSV file")
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except SpecError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{label}: {reason}; give the path of a CSV file") from None
    if len(content) > most:
        raise SpecError(f"{label}: more than {most} bytes; give fewer rows of numbers")
    return content


def columns(label: str, path: Path, content: bytes, rows: int, choose: Choose = list) -> dict[str, list[float]]:
    """Return name -> numbers of the columns of a table.

    Parameters
    ----------
    label, path
        As for :func:`content_of`.
    content
        What is in the file.
    rows
        Number of rows that it may have at most.
    choose
        Function that returns the columns to read, of all that there are; the others may hold anything.

    Raises
    ------
    SpecError
        If it is no table of numbers.
    """
    label = f"{label}: {named(str(path), 200)}"
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=None))  # any ends of lines
        found = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError:
        raise SpecError(f"{label}: no text in UTF-8; give the path of a CSV file") from None
    except csv.Error as error:
        raise SpecError(f"{label}: {named(str(error))}; give a CSV file") from None
    if not 2 <= len(found) <= rows + 1:
        raise SpecError(f"{label}: {len(found)} lines; give a line of names and 1 to {rows} rows of numbers")
    names = [name.strip() for name in found[0][1]]
    if len(set(names)) < len(names):
        raise SpecError(f"{label}: names in its first line are not distinct; rename one of them")
    for line, row in found[1:]:
        if len(row) != len(names):
            counts = f"{len(row)} numbers, the first line {len(names)} names"
            raise SpecError(f"{label}: line {line} has {counts}; correct it there")
    wanted = [(names.index(name), name) for name in choose(names)]
    if any(not name for _, name in wanted):
        remedy = "name it, leave it out (index=False in pandas), or name in columns those that count"
        raise SpecError(f"{label}: a column has no name in the first line; {remedy}")
    return {name: [_number(label, line, row, place) for line, row in found[1:]] for place, name in wanted}


def _number(label: str, line: int, row: list[str], place: int) -> float:
    try:
        return float(row[place].replace("_", "?"))  # Python would read 1_0 as 10
    except ValueError:
        got = short(",".join(row))
        raise SpecError(f"{label}: line {line}: got {got}; give numbers in all columns that are read") from None

"""Digests that were made before, which hold as long as each question that they were made of has the same answer.

To make a digest takes a third of a second of Python.  What it asks of the world is few: of some modules, whether they
are ours, what their sources are, and whether they are packages.  All else follows from its arguments and from the code
that makes digests.  So a record has the questions, the answers and the digest, and lies under the arguments and that
code.  Whoever finds a record asks the same questions again, of the files as they are now, and takes the digest if all
answers are the same: then the walk over the sources would be the same, too.  Neither a time nor a size of a file is
trusted.

Records lie in the folder of numba's cache.  Without one, or with a damaged record, a digest is made anew.
"""

import contextlib
import functools
import hashlib
import json
import os
import platform
import uuid
from collections.abc import Iterable
from pathlib import Path

from eos_sweep.engine import digest as walking
from eos_sweep.engine import syntax
from eos_sweep.engine.digest import Answer, Part, answer, made, own_packages


def digest(folder: Path | None, *parts: Part, tables: Iterable[str] = ()) -> str:
    """Return what :func:`eos_sweep.engine.digest.digest` returns, from a record if there is one that holds.

    Parameters
    ----------
    folder
        Folder of records; None if there is none.
    *parts, tables
        What the digest is of.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    tables = sorted(tables)
    if folder is None:
        return walking.digest(*parts, tables=tables)
    path = folder / f"digest_{_key(parts, tables)}.json"
    if recorded := _recorded(path, own_packages(parts)):
        return recorded
    found, answers = made(*parts, tables=tables)
    _keep(path, found, answers)
    return found


def _key(parts: Iterable[Part], tables: list[str]) -> str:
    """Return the hash of the arguments of a digest, and of the code that makes it."""
    named = [part if isinstance(part, str) else [part[0].__name__, *part[1]] for part in parts]
    return _hash(json.dumps([named, tables, _maker()]))


@functools.cache
def _maker() -> list[str]:
    """Return what else a digest depends on: the code that makes it, and the grammar of this Python."""
    sources = [Path(module.__file__ or "").read_text(encoding="utf-8") for module in (walking, syntax)]
    return [platform.python_version(), *map(_hash, sources)]


def _recorded(path: Path, packages: set[str]) -> str:
    """Return the digest of a record that holds, an empty text if there is none."""
    try:
        content, _, check = path.read_text(encoding="utf-8").rpartition("\n")
        if _hash(content) != check:
            return ""
        found, answers = json.loads(content)
        holds = all(_plain(answer(module, packages)) == before for module, before in answers.items())
    except (OSError, ValueError):  # also of a source that cannot be read; to make the digest says so
        return ""
    return str(found) if holds else ""


def _keep(path: Path, found: str, answers: dict[str, Answer]) -> None:
    """Write a record as a whole if possible."""
    content = json.dumps([found, {module: _plain(one) for module, one in answers.items()}])
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(f"{content}\n{_hash(content)}", encoding="utf-8")
        os.replace(partial, path)


def _plain(one: Answer) -> list:
    """Return an answer for a record, with the hash of a source in the place of the source."""
    return [one.ours, None if one.source is None else _hash(one.source), one.package]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

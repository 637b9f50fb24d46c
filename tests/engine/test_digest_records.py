"""A digest from a record is the one that would be made now, whatever has changed since."""

import functools
import importlib
import json
import os
import shutil
import sys
import textwrap

import pytest

from eos_sweep.engine import digest as walking
from eos_sweep.engine import digest_records
from eos_sweep.engine.digest_records import _hash
from helpers.zoo import FILES, write


def add(folder, name, line):
    write(folder, {name: textwrap.dedent(FILES[name]) + f"\n{line}\n"})


def change_at_the_same_time(folder):
    path = folder / "my_zoo/gradient.py"
    before = path.stat()
    path.write_text(path.read_text().replace("2.0 * x", "3.0 * x"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def make_a_package(folder):
    (folder / "my_zoo/registry").mkdir()
    shutil.move(folder / "my_zoo/registry.py", folder / "my_zoo/registry/__init__.py")


def import_an_installed_library(folder):
    write(folder, {"lib/site-packages/far_off.py": "NUMBER = 1\n"})
    add(folder, "my_zoo/model.py", "import far_off\nCOEFFICIENTS = far_off.NUMBER")


CHANGES = {  # one after the other
    **{f"{name} says more": functools.partial(add, name=name, line="MORE = 1") for name in FILES},
    "a constant is another one": lambda folder: write(folder, {"my_zoo/deeper/formula.py": "RATE = 2.5\n"}),
    "a number is written out": lambda folder: add(folder, "my_zoo/gradient.py", "def slope(x):\n    return 2.0 * x"),
    "a file has other bytes, but the same size and time": change_at_the_same_time,
    "a module becomes a package": make_a_package,
    "a submodule gets the name of a function": lambda folder: write(folder, {"my_zoo/registry/register.py": "X = 1"}),
    "a package loses its file": lambda folder: (folder / "my_zoo/deeper/__init__.py").unlink(),
    "an installed library is imported": import_an_installed_library,
    "it changes": lambda folder: write(folder, {"lib/site-packages/far_off.py": "NUMBER = 2\n"}),
    "it moves to where it is ours": lambda folder: shutil.move(folder / "lib/site-packages/far_off.py", folder),
    "it changes there": lambda folder: write(folder, {"far_off.py": "NUMBER = 3\n"}),
}


def imported_anew():
    """Return modules as a new process would import them."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("my_zoo", "far_off")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return importlib.import_module("my_zoo.model"), importlib.import_module("my_zoo.gradient")


@pytest.mark.slow
def test_a_record_holds_for_what_it_was_made_of_and_for_nothing_else(zoo, monkeypatch):
    """The changes follow each other; each digest is asked for twice, so that both a miss and a hit are compared."""
    folder, _ = zoo
    records = folder / "records"
    monkeypatch.syspath_prepend(folder / "lib/site-packages")
    seen = set()
    for change in (lambda folder: None, *CHANGES.values()):
        change(folder)
        model, gradient = imported_anew()
        for parts in [
            ((model, ["step", "lazy"]),),
            ((model, ["lazy"]),),
            ("a text", (model, ["step"])),
            ((gradient, ["slope", "seen"]), (model, ["*"])),
        ]:
            for tables in ([], ["my_zoo.limits"]):
                expected = walking.digest(*parts, tables=tables)
                assert digest_records.digest(records, *parts, tables=tables) == expected
                assert digest_records.digest(records, *parts, tables=tables) == expected
                seen.add(expected)
    assert len(list(records.iterdir())) == 8 and len(seen) > 30


def forged(record, digest="of another"):
    _, answers = json.loads(record.read_text().rpartition("\n")[0])
    content = json.dumps([digest, answers])
    record.write_text(f"{content}\n{_hash(content)}")


@pytest.fixture
def recorded(zoo, tmp_path):
    """A function that takes a digest, and its record."""
    folder, model = zoo
    parts = (model, ["step"])
    digest_records.digest(tmp_path / "records", parts)
    (record,) = (tmp_path / "records").iterdir()
    return lambda: digest_records.digest(tmp_path / "records", parts), record, walking.digest(parts)


def test_a_record_that_holds_is_taken(recorded):
    take, record, expected = recorded
    assert take() == expected
    forged(record)
    assert take() == "of another"


@pytest.mark.parametrize("damage", [
    lambda record: record.write_bytes(b""),
    lambda record: record.write_bytes(record.read_bytes()[:-20]),
    lambda record: record.write_bytes(record.read_bytes().replace(b"true", b"null", 1)),
    lambda record: record.write_bytes(record.read_bytes()[:40] + b"\xff" + record.read_bytes()[41:]),
    lambda record: record.unlink(),
    lambda record: (record.unlink(), record.mkdir()),
], ids=["empty", "cut off", "edited", "no text", "lost", "a folder"])  # fmt: skip
def test_a_damaged_record_is_not(recorded, damage):
    take, record, expected = recorded
    forged(record)
    damage(record)
    assert take() == take() == expected


def test_nothing_is_recorded_where_there_is_no_folder(zoo, tmp_path):
    _, model = zoo
    parts = (model, ["step"])
    (tmp_path / "file").write_text("")
    for folder in (None, tmp_path / "file" / "below"):
        assert digest_records.digest(folder, parts) == walking.digest(parts)


def test_a_record_of_another_code_that_makes_digests_is_not_found(recorded, monkeypatch):
    take, record, expected = recorded
    forged(record)
    assert take() != expected
    monkeypatch.setattr(digest_records, "_maker", lambda: ["3.99"])
    assert take() == expected

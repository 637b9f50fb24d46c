"""What a killed process leaves beside its files is removed by the next one, and nothing else is."""

import subprocess
import sys

import pytest

from eos_sweep.analysis.whole_files import HIDDEN, hidden, whole
from eos_sweep.errors import InputError

KILLED = """
import os, pathlib, sys
from eos_sweep.analysis import whole_files
with whole_files.whole(pathlib.Path(sys.argv[1]), "choose another place") as temporary:
    temporary.write_text("half")
    whole_files.hidden(pathlib.Path(sys.argv[1])).mkdir()
    os._exit(9)
"""


def test_what_a_killed_process_left_is_removed(tmp_path):
    asked = [sys.executable, "-c", KILLED, str(tmp_path / "a.zip")]
    assert subprocess.run(asked, timeout=120).returncode == 9
    assert sorted(path.is_dir() for path in tmp_path.iterdir()) == [False, True]
    kept = [hidden(tmp_path / "b.png"), tmp_path / ".eos_sweep-x", tmp_path / ".eos_sweep.lock", tmp_path / ".hidden"]
    for path in kept:  # the first is of a process that lives
        path.write_text("kept")
    with whole(tmp_path / "c.zip", "choose another place") as temporary:
        assert HIDDEN.fullmatch(temporary.name)
        temporary.write_text("whole")
    assert {path.name for path in tmp_path.iterdir()} == {"c.zip", *(path.name for path in kept)}
    assert (tmp_path / "c.zip").read_text() == "whole"


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.zip").write_text("old")
    with (
        pytest.raises(InputError, match="No space left"),
        whole(tmp_path / "a.zip", "choose another place") as temporary,
    ):
        temporary.write_text("half")
        raise OSError(28, "No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"] and (tmp_path / "a.zip").read_text() == "old"

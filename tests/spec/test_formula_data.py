"""Tables of data in a CSV file beside the spec."""

import os

import pytest

from eos_sweep.errors import SpecError
from eos_sweep.spec.formula_files import read_derived
from eos_sweep.spec.sweeps import Sweep, load_spec

MODEL = {"loss": "mean(i, (w*x[i] - y[i])**2)/2", "state": ["w"]}
SPEC = """
steps = 10
[model]
loss = "mean(i, (w*x[i] - y[i])**2)/2"
state = ["w"]
data = {file = "points.csv"}
[axes]
eta = [0.1, 0.2]
[initial]
w = 0.5
"""


@pytest.fixture
def spec(tmp_path):
    (tmp_path / "points.csv").write_text("x, y\n1, 2\n\n0.5,-1e-3\n")
    (tmp_path / "a.toml").write_text(SPEC)
    return tmp_path / "a.toml"


def test_columns_of_a_file_are_tables_of_the_formula(spec):
    sweep = load_spec(spec)
    assert sweep.model.data == {"x": (1.0, 0.5), "y": (2.0, -1e-3)}
    assert read_derived(spec)[0] == sweep.model
    assert Sweep.from_dict(sweep.to_dict()).hash == sweep.hash  # a store needs no file


def test_columns_that_the_formula_does_not_use_are_left_out(spec):
    (spec.parent / "points.csv").write_text("x, y, id\n1, 2, 7\n")
    assert load_spec(spec).model.data == {"x": (1.0,), "y": (2.0,)}
    (spec.parent / "points.csv").write_text("x, z, id\n1, 2, 7\n")
    with pytest.raises(SpecError, match="no table 'y'.*there are: x, z, id"):
        load_spec(spec)


def test_only_a_spec_reads_a_file(spec):
    given = {"model": MODEL | {"data": {"file": str(spec.parent / "points.csv")}}, "steps": 1, "axes": {"eta": [0.1]}}
    with pytest.raises(SpecError, match=r"model\.data\.file"):
        Sweep.from_dict(given | {"initial": {"w": 1.0}})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 lines"),
        (b"x,y\n", "1 lines"),
        (b"x,y\n1\n", "line 2 has 1 numbers"),
        (b"x,y\n1,2\n1,b\n", "line 3"),
        (b"x,x\n1,2\n", "not distinct"),
        (b"\xff\xfe", "no text"),
        (b"x,y\n" + b"1,2\n" * 5000, "5001 lines"),
        (b"x,y\n1,inf\n", "finite"),
        (b"x" * 2**23, "more than"),
    ],
)
def test_what_is_no_table_is_refused(spec, content, words):
    (spec.parent / "points.csv").write_bytes(content)
    with pytest.raises(SpecError, match=words) as failed:
        load_spec(spec)
    assert len(str(failed.value).splitlines()) == 1


@pytest.mark.parametrize("make", [lambda path: os.mkfifo(path), os.mkdir])
def test_what_is_no_regular_file_is_refused_at_once(spec, make):
    (spec.parent / "points.csv").unlink()
    make(spec.parent / "points.csv")
    with pytest.raises(SpecError, match=r"points\.csv: no regular file; give the path of a CSV file"):
        load_spec(spec)


def test_a_device_is_refused(spec):
    spec.write_text(SPEC.replace("points.csv", os.devnull))
    with pytest.raises(SpecError, match="no regular file"):
        load_spec(spec)


def test_a_file_that_is_not_there_is_named(spec):
    (spec.parent / "points.csv").unlink()
    with pytest.raises(SpecError, match=r"points\.csv: No such file"):
        load_spec(spec)

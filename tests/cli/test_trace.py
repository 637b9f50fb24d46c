"""The command trace: several runs in one table, one picture and one file."""

import json

import pytest
from click.testing import CliRunner
from PIL import Image

import eos_sweep
from eos_sweep.cli.main import main
from helpers.stores import toml


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trace")
    spec = {
        "model": "quartic", "steps": 50, "axes": {"x": [0.3, 0.5], "eta": [0.5, 1.0, 3.0]}, "initial": {"y": 0.1},
    }  # fmt: skip
    eos_sweep.run(toml(folder / "s.toml", spec), folder / "s.zarr")
    return folder


def told(place, *arguments, code=0):
    done = CliRunner().invoke(main, ["trace", str(place / "s.zarr"), *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_a_table_has_a_column_for_each_run_and_words_for_codes(place):
    lines = told(place, "--index", "eta=1,x=1", "--compare", "eta=3", "--compare", "y=0.2,x=0.4").splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line[:1] != " "}
    assert rows["eta"] == ["1.0", "3.0", "1.0"] and rows["y"] == ["0.1", "0.1", "0.2"] and rows["x"][2] == "0.4"
    assert rows["outcome"][1] == "diverged" and rows["outcome"][-2:] == ["=", "stored"]
    assert rows["regime"][1] == "divergence" and rows["settled"][1] == "settled"
    assert not any(line.endswith("DIFFERS from stored") for line in lines)


def test_json_has_the_runs_in_a_list(place):
    runs = json.loads(told(place, "--index", "eta=1,x=1", "--compare", "eta=3", "--json"))["runs"]
    assert [run["point"]["eta"] for run in runs] == [1.0, 3.0]
    assert runs[0]["stored"]["loss_final"] is True and runs[1]["stored"] == {}
    assert "diverged" in runs[1]["words"]["events"]


def test_several_runs_are_drawn_and_written(place, tmp_path):
    told(place, "--index", "eta=1,x=1", "--compare", "eta=3", "-o", str(tmp_path / "runs.png"), "--beside",
         "--data", str(tmp_path / "runs.csv"))  # fmt: skip
    assert (tmp_path / "runs.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "runs.csv").read_text().splitlines()) == 1 + 2 * 51


@pytest.mark.parametrize(("arguments", "words"), [
    (("--index", "eta=1,x=1", "--compare", "zeta=3"), "zeta: no input of quartic"),
    (("--index", "eta=1,x=1", "--compare", "eta"), "--compare eta: not NAME=NUMBER"),
    (("--index", "eta=1,x=1", "--on", "x,y"), "--on: there is no picture; name one with -o, or leave --on out"),
    (("--index", "eta=1,x=1", "--beside", "--json"), "--beside: there is no picture; name one with -o"),
    (("--index", "eta=1,x=1", "--beside", "--on", "x,y", "-o", "run.png"), "--beside: one run alone is drawn"),
    (("--index", "eta=1,x=1", "--beside", "-o", "run.gif"), "--beside: one run alone is drawn"),
    (("--index", "eta=1,x=1", "--on", "x", "-o", "run.png"), "--on x: not two names"),
    (("--index", "eta=1,x=1", "--data", "run.xlsx"), "end the name in .csv, .nc or .zarr"),
])  # fmt: skip
def test_wrong_options_are_told_in_one_line(place, arguments, words):
    output = told(place, *arguments, code=2)
    assert words in output and len(output.splitlines()) == 1


@pytest.mark.slow
def test_a_run_and_a_map_move(place, tmp_path):
    told(place, "--index", "eta=1,x=1", "--steps", "6", "--on", "x,y", "-o", str(tmp_path / "run.gif"),
         "--frames", "3", "--fps", "20")  # fmt: skip
    with Image.open(tmp_path / "run.gif") as animation:
        assert (animation.n_frames, animation.info["duration"]) == (3, 50)
    told(place, "--index", "eta=1,x=1", "--on", "x,y", "-o", str(tmp_path / "run.png"))
    arguments = ["animate", str(place / "s.zarr"), "-o", str(tmp_path / "map.gif"), "--along", "growth", "--values"]
    for values in ("1.1,1.5", "1:3:2"):
        done = CliRunner().invoke(main, [*arguments, values])
        assert done.exit_code == 0, done.output
        assert (tmp_path / "map.gif").read_bytes().startswith(b"GIF89a")
    done = CliRunner().invoke(main, [*arguments, "1;2"])
    assert done.exit_code == 2 and "not numbers; write for example --values 1,1.5,2 or 1:3:21" in done.output
    assert "--fps: there is no animation" in told(place, "--index", "eta=1,x=1", "--fps", "20", "-o", "run.png", code=2)
    assert "one run alone" in told(place, "--index", "eta=1,x=1", "--compare", "eta=3", "-o", "run.gif", code=2)
    assert "--on x: not two names" in told(place, "--index", "eta=1,x=1", "--on", "x", "-o", "run.gif", code=2)

"""The command line: output, exit codes, and refused input."""

import json
import shutil
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from click.testing import CliRunner

from eos_sweep.cli.main import COMMANDS, main
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store
from helpers.runs import INSIDE, WIDE, complete
from helpers.stores import CLI, FEW, SPEC, changed, command, contents, ledger, numbers, strict, toml


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a spec, s.toml, and its store, s.zarr, made by the command."""
    place = tmp_path_factory.mktemp("cli")
    toml(place / "s.toml", SPEC)
    done = command("run", "s.toml", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    told = strict(done.stdout)
    assert (told["done"], told["total"], told["new"], told["failed"]) == (600, 600, 600, 0)
    assert told["store"] == "s.zarr"
    return place


@pytest.mark.slow
def test_status_tells_what_is_done(folder):
    told = strict(command("status", "s.zarr", "--json", cwd=folder).stdout)
    assert (told["trajectories"], told["trajectories_done"]) == (600, 600)
    assert (told["blocks"], told["blocks_done"], told["blocks_left"], told["failed"]) == (16, 16, 0, {})
    assert told["steps"] == ledger(folder / "s.zarr")[2].sum()
    assert told["spec_hash"] == Sweep.from_dict(SPEC).hash
    lines = command("status", "s.zarr", cwd=folder).stdout
    assert "600 of 600" in lines and "16 done, 0 failed, 0 left" in lines


@pytest.mark.slow
def test_plan_creates_nothing(folder, tmp_path):
    toml(tmp_path / "s.toml", SPEC)
    done = command("plan", "s.toml", "--json", "--workers", "2", cwd=tmp_path)
    told = strict(done.stdout)
    assert (told["trajectories"], told["blocks"], told["block_shape"], told["cores"]) == (600, 16, [7, 8], 2)
    widths = {np.dtype(a.dtype).itemsize for a in Store.open(folder / "s.zarr").arrays.values()}
    assert widths == {1, 4, 8}
    assert told["bytes"] == sum(a.nbytes for a in Store.open(folder / "s.zarr").arrays.values())
    steps = ledger(folder / "s.zarr")[2].sum()
    assert 0.8 * steps < told["steps"] < 1.25 * steps
    assert told["seconds"] == pytest.approx(told["steps"] / told["steps_per_second"] / 2, rel=1e-3)
    assert "600" in command("plan", "s.toml", cwd=tmp_path).stdout
    assert [file.name for file in tmp_path.iterdir()] == ["s.toml"]


@pytest.mark.slow
def test_running_again_changes_nothing(folder):
    before = contents(folder)
    done = command("run", "s.toml", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "s.zarr: 600 of 600 trajectories, 0 new\n"
    assert contents(folder) == before


@pytest.mark.slow
def test_another_spec_is_refused_with_the_differences(folder, tmp_path):
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    toml(tmp_path / "s.toml", changed(steps=900, parameters={"lambda2": 0.02}))
    before = contents(tmp_path)
    done = command("run", "s.toml", cwd=tmp_path)
    assert done.returncode == 2 and contents(tmp_path) == before and not done.stdout
    first, *lines = done.stderr.splitlines()
    assert "s.zarr: holds another sweep" in first and "--overwrite" in first
    assert lines == ["  steps: 1000 -> 900", "  parameters.lambda2: 0.01 -> 0.02"]
    assert command("run", "s.toml", "--overwrite", cwd=tmp_path).returncode == 0
    assert Store.open(tmp_path / "s.zarr").sweep.steps == 900


@pytest.mark.slow
def test_a_failing_block_is_told_and_tried_again(tmp_path):
    axes = {name: values.tolist() for name, values in WIDE.items()}
    spec = changed(axes=axes, steps=5, observables=FEW, chunks={"lambda1": 10})
    spec["parameters"] = INSIDE
    toml(tmp_path / "s.toml", spec)
    first = command("run", "s.toml", cwd=tmp_path)
    assert first.returncode == 3, first.stderr
    assert first.stderr.splitlines()[-1].startswith("eos-sweep: 1 block") and "Traceback" not in first.stderr
    assert f"{70 * 60:,} of 4,900 trajectories" in first.stdout
    told = strict(command("status", "s.zarr", "--json", cwd=tmp_path).stdout)
    assert (told["blocks_done"], told["blocks_left"], list(told["failed"])) == (6, 1, ["0,3"])
    failure = told["failed"]["0,3"]
    assert failure["error"].startswith("Traceback") and "parameters.radius" in failure["error"]
    assert failure["attempts"] == 3
    eta, lambda1 = (float(part.split()[2]) for part in failure["point"].split(", "))
    assert abs(lambda1 - 31.5) < 1 and eta in WIDE["eta"]
    shown = command("status", "s.zarr", cwd=tmp_path).stdout
    assert "6 done, 1 failed" in shown and "parameters.radius" in shown.splitlines()[-1]
    before, bits = complete(tmp_path / "s.zarr"), numbers(tmp_path / "s.zarr")
    second = command("run", "s.toml", "--json", cwd=tmp_path)
    assert second.returncode == 3 and strict(second.stdout)["new"] == 0 and strict(second.stdout)["failed"] == 1
    assert (complete(tmp_path / "s.zarr"), numbers(tmp_path / "s.zarr")) == (before, bits)


@pytest.mark.slow
def test_values_that_overflow_float32_make_no_noise(tmp_path):
    toml(tmp_path / "s.toml", changed(dtype="float32", steps=300))
    done = command("run", "s.toml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


BAD_SPECS = {
    "not TOML": "steps = = 3",
    "unknown key": {"stpes": 3},
    "unknown model": {"model": "bivariat"},
    "wrong type": {"steps": 1.5},
    "no steps": {"steps": 0},
    "empty axis": {"axes": {"eta": [], "lambda1": [1]}},
    "twice": {"axes": {"eta": [0.1, 0.1], "lambda1": [1]}},
    "negative": {"axes": {"eta": [0.1], "lambda1": [-1]}},
    "nan": {"axes": {"eta": [float("nan")], "lambda1": [1]}},
    "axis and fixed": {"parameters": {"eta": 0.1}},
    "unknown name": {"parameters": {"radius": "sqrt(lambda3)"}},
    "code": {"parameters": {"radius": "__import__('os').system('touch x')"}},
    "circle": {"parameters": {"radius": "clip", "clip": "radius"}},
    "unknown observable": {"observables": ["sharpnes"]},
    "unknown threshold": {"thresholds": {"grwoth": 2}},
    "chunks": {"chunks": {"clip": 2}},
}
BAD_COMMANDS = [
    ("run", "missing.toml"),
    ("run", "."),
    ("run", "s.toml", "-o", "s.toml"),
    ("run", "s.toml", "-o", "s.toml/below"),
    ("run", "s.toml", "-o", "."),
    ("run", "s.toml", "-o", "s.zarr/crossings"),
    ("run", "s.toml", "-o", "new.zarr", "--plot", "map.jpg"),
    ("plan", "missing.toml"),
    ("status", "missing.zarr"),
    ("status", "s.toml"),
    ("status", "."),
    ("status", "s.zarr/crossings"),
    ("relabel", "missing.zarr"),
    ("relabel", "s.zarr", "--threshold", "grwoth=2"),
    ("relabel", "s.zarr", "--threshold", "growth=two"),
    ("relabel", "s.zarr", "--threshold", "growth=inf"),
    ("relabel", "s.zarr", "--threshold", "growth=-5"),
    ("relabel", "s.zarr", "--threshold", "growth=1.5", "--threshold", "growth=2"),
    ("plot", "missing.zarr", "-o", "map.png"),
    ("plot", "s.zarr", "-o", "map.jpg"),
    ("plot", "s.zarr", "-o", "map.png", "--x", "zeta"),
    ("plot", "s.zarr", "-o", "map.png", "--variable", "zeta"),
    ("plot", "s.zarr", "-o", "map.png", "--at", "eta"),
    ("plot", "s.zarr", "-o", "map.png", "--facet", "zeta"),
    ("trace", "missing.zarr", "--index", "eta=1"),
    ("trace", "s.zarr"),
    ("trace", "s.zarr", "--index", "eta=1"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=x"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=99"),
    ("trace", "s.zarr", "--index", "eta=1,eta=2,lambda1=1"),
    ("trace", "s.zarr", "--at", "eta=0.1", "--at", "eta=0.2", "--index", "lambda1=1"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=inf"),
    ("trace", "s.zarr", "--at", "eta=0.1", "--at", "lambda1=-3"),
    ("trace", "s.zarr", "--at", "zeta=0.1", "--index", "eta=1,lambda1=1"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=1", "-o", "run.jpg"),
    ("trace", "s.zarr", "--index", "eta=1,lambda1=1", "--data", "s.toml"),
]
BAD_USAGE = [
    (),
    ("fly",),
    ("run",),
    ("run", "s.toml", "--workers", "0"),
    ("plan", "s.toml", "--workers", "many"),
    ("plot", "s.zarr"),
    ("trace", "s.zarr", "--steps", "0"),
    ("status", "s.zarr", "--jsn"),
]


@pytest.mark.slow
def test_a_run_over_seeds_draws_the_most_frequent_regime(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spec = {**SPEC, "axes": {"eta": [0.01, 0.1, 1.0], "lambda1": [1, 100], "seed": [0, 1]}}
    spec |= {"initial": {"alpha": 0.5, "beta1": "uniform(0.01, 0.1)", "beta2": 0.5}, "steps": 20}
    toml(tmp_path / "s.toml", {key: value for key, value in spec.items() if key != "chunks"})
    drawn = CliRunner().invoke(main, ["run", "s.toml", "--plot", "s.svg", "-q"], catch_exceptions=False)
    assert drawn.exit_code == 0, drawn.output
    assert "most frequent label over 2 values of seed" in (tmp_path / "s.svg").read_text(encoding="utf-8")
    refused = CliRunner().invoke(main, ["budget", "s.zarr", "--out", "b.png"])
    assert refused.exit_code == 2 and "this sweep has 3; run without it" in refused.stderr


def refused(arguments):
    """Run the command in this process and return what it says on standard error; its exit code must be 2."""
    result = CliRunner().invoke(main, list(arguments))
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    return result.stderr


@pytest.mark.parametrize("arguments", BAD_COMMANDS, ids=" ".join)
def test_bad_input_is_told_in_one_line(folder, monkeypatch, arguments):
    before = contents(folder)
    monkeypatch.chdir(folder)
    try:
        line = refused(arguments)
    finally:
        left = contents(folder)
        for name in set(left) - set(before):
            (folder / name).unlink()
    assert left == before
    assert line.startswith("eos-sweep: ") and line.count("\n") == 1


@pytest.mark.parametrize("kind", BAD_SPECS)
@pytest.mark.parametrize("name", ["run", "plan"])
def test_a_bad_spec_is_told_in_one_line(tmp_path, monkeypatch, name, kind):
    spec = BAD_SPECS[kind]
    toml(tmp_path / "s.toml", changed(**spec if isinstance(spec, dict) else {}))
    if isinstance(spec, str):
        (tmp_path / "s.toml").write_text(spec)
    monkeypatch.chdir(tmp_path)
    line = refused((name, "s.toml"))
    assert line.startswith("eos-sweep: ") and line.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["s.toml"]


@pytest.mark.parametrize("arguments", BAD_USAGE, ids=" ".join)
def test_wrong_usage_is_told(folder, monkeypatch, arguments):
    before = contents(folder)
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 2 and "Usage" in result.stderr and contents(folder) == before


def test_a_process_ends_with_the_code_and_the_line(folder):
    done = command("run", "missing.toml", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "eos-sweep: missing.toml: No such file or directory; give the path of a TOML file\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name):
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0 and f"eos-sweep {name} " in shown.output and "Example" in shown.output


def test_help_names_the_commands_and_the_exit_codes():
    shown = CliRunner().invoke(main, ["--help"]).output
    assert all(f"\n  {name}" in shown for name in COMMANDS)
    assert "Exit codes: 0" in shown and all(f" {code} " in shown for code in (2, 3, 130))
    for words in ([], ["run"]):  # a command without what it needs says so; none at all shows the help
        alone = CliRunner().invoke(main, words).output
        assert "\\n" not in alone and "Usage: " in alone.splitlines()[0]


@pytest.mark.slow
def test_it_can_be_run_as_a_module(folder):
    done = subprocess.run(
        [sys.executable, "-m", "eos_sweep", "status", "s.zarr", "--json"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trajectories"] == 600


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "limit"), [
    ([sys.executable, "-c", "import eos_sweep"], 0.5), ([str(CLI), "--help"], 0.3)
])  # fmt: skip
def test_it_starts_quickly(arguments, limit):
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(arguments, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    assert min(taken) < limit


@pytest.mark.slow
def test_memory_does_not_grow_with_the_grid(tmp_path):
    axes = {"lambda1": {"log": [1, 1e4, 10_000]}, "eta": {"log": [1e-3, 30, 10_000]}}
    toml(tmp_path / "s.toml", changed(axes=axes, steps=50, observables=FEW, chunks={}))
    assert strict(command("plan", "s.toml", "--json", cwd=tmp_path).stdout)["trajectories"] == 10**8
    assert [file.name for file in tmp_path.iterdir()] == ["s.toml"]
    with psutil.Popen([str(CLI), "run", "s.toml"], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.02)
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert 1e8 < peak < 1.5e9
    assert Store.open(tmp_path / "s.zarr").computed() == 10**8

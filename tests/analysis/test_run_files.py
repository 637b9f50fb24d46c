"""Trajectories as data: each kind of file has all numbers, of one run or of several."""

import csv
import json

import numpy as np
import pytest
import xarray as xr

import eos_sweep
from eos_sweep.analysis import run_files
from eos_sweep.errors import InputError


@pytest.fixture(scope="module")
def runs():
    start = {"x": 0.5, "y": 0.1}
    return [eos_sweep.trajectory("quartic", {"eta": eta}, start, steps=30) for eta in (0.1, 1.0, 3.0)]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_table_has_a_row_for_each_step_and_every_digit(runs, tmp_path):
    run_files.write(runs[:1], tmp_path / "run.csv")
    found = rows(tmp_path / "run.csv")
    assert [int(row["step"]) for row in found] == list(range(31))
    for name in ("x", "y", "loss", "sharpness"):
        assert [float(row[name]) for row in found] == runs[0][name].values.tolist()
    assert [float(row["eigenvalue_2"]) for row in found] == runs[0].eigenvalues.values[:, 1].tolist()
    assert {float(row["eta"]) for row in found} == {0.1} and "run" not in found[0]


def test_an_ending_may_have_capitals(runs, tmp_path):
    run_files.write(runs[:1], tmp_path / "RUN.CSV")
    assert len(rows(tmp_path / "RUN.CSV")) == 31


def test_several_runs_are_told_apart_in_a_table(runs, tmp_path):
    run_files.write(runs, tmp_path / "runs.csv")
    found = rows(tmp_path / "runs.csv")
    assert [int(row["run"]) for row in found] == [0] * 31 + [1] * 31 + [2] * 31
    assert {(row["run"], float(row["eta"])) for row in found} == {("0", 0.1), ("1", 1.0), ("2", 3.0)}
    assert found[-1]["loss"] == "" and np.isnan(runs[2].loss[-1])


@pytest.mark.parametrize(("name", "opened"), [
    ("runs.zarr", lambda path: xr.open_zarr(path, consolidated=False)),
    ("runs.nc", lambda path: xr.open_dataset(path, engine="h5netcdf")),
])  # fmt: skip
def test_a_dataset_of_runs_opens_again(runs, tmp_path, name, opened):
    pytest.importorskip("h5netcdf")
    run_files.write(runs, tmp_path / name)
    run_files.write(runs[:1], tmp_path / f"one.{name}")
    with opened(tmp_path / name) as found, opened(tmp_path / f"one.{name}") as one:
        assert found.sizes["run"] == 3 and "run" not in one.dims
        for k, run in enumerate(runs):
            for variable in run.data_vars:
                np.testing.assert_array_equal(found[variable].isel(run=k).values, run[variable].values)
            made = found.run.attrs["arguments"][k]
            xr.testing.assert_equal(eos_sweep.trajectory(**json.loads(made)), run)
        assert found.eta.values.tolist() == [0.1, 1.0, 3.0]
        assert one.title == runs[0].title and found.title.startswith("3 runs: ")
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"one.{name}", name]


@pytest.mark.parametrize(("name", "words"), [
    ("run.xlsx", "end the name in .csv, .nc or .zarr"),
    ("run", "end the name in .csv, .nc or .zarr"),
    ("there.csv", "exists; choose another place"),
    ("there.csv/run.csv", "choose another place"),
    ("there.csv/run.zarr", "choose another place"),
])  # fmt: skip
def test_another_ending_and_a_place_that_is_taken_are_refused(runs, tmp_path, name, words):
    (tmp_path / "there.csv").write_text("a diary")
    with pytest.raises(InputError, match=words):
        run_files.write(runs[:1], tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == ["there.csv"]
    assert (tmp_path / "there.csv").read_text() == "a diary"

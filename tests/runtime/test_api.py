"""Sweeps from Python, and what a run does with what it finds at the path of its store."""

import shutil

import dask.array
import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep import regimes
from eos_sweep.errors import InputError, SpecError
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.location import Location
from eos_sweep.store.lock import locked
from eos_sweep.store.prepare import prepare
from eos_sweep.store.relabelling import relabel
from eos_sweep.store.store import Store
from helpers.runs import INSIDE, WIDE, assert_like, complete, run
from helpers.stores import FEW, REGIMES, SPEC, changed, contents, ledger, numbers

ETA, LAMBDA1 = np.geomspace(1e-3, 30, 25), np.geomspace(1, 1e4, 24)


def sweep(**options):
    arguments = {"axes": {"lambda1": LAMBDA1, "eta": ETA}, "steps": 1000, **options}
    return eos_sweep.sweep(SPEC["model"], parameters=SPEC["parameters"], initial=SPEC["initial"], **arguments)


@pytest.fixture(scope="module")
def in_memory():
    return sweep()


@pytest.mark.slow
def test_in_memory_and_stored_are_one(tmp_path, in_memory):
    assert not any(isinstance(variable.data, dask.array.Array) for variable in in_memory.values())
    stored = sweep(out=tmp_path / "s", threads=1, chunks={"eta": 6})
    assert all(isinstance(variable.data, dask.array.Array) for variable in stored.values())
    of_store = {"created", "history", "core_seconds", "store_id", "eos_sweep_format", "spec"}  # the spec has chunks
    about = {key: value for key, value in in_memory.attrs.items() if key not in of_store}
    assert about == {key: value for key, value in stored.attrs.items() if key not in of_store}
    xr.testing.assert_identical(stored.load().drop_attrs(deep=False), in_memory.drop_attrs(deep=False))
    assert list(stored) == list(in_memory)
    assert stored.attrs["spec_hash"] == in_memory.attrs["spec_hash"] == Store.open(tmp_path / "s").sweep.hash
    assert stored.regime.dims == ("lambda1", "eta")
    assert set(np.unique(stored.regime)) == REGIMES


def test_python_and_toml_say_the_same(in_memory):
    assert in_memory.attrs["spec_hash"] == Sweep.from_dict(SPEC).hash


@pytest.mark.slow
def test_a_stored_sweep_is_taken_up_and_extended(tmp_path):
    first = sweep(axes={"lambda1": LAMBDA1[:20], "eta": ETA}, out=tmp_path / "s").load()
    steps = ledger(tmp_path / "s")[2].sum()
    seen = []
    second = sweep(out=tmp_path / "s", report=seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].new) == (500, 600, 100)
    assert ledger(tmp_path / "s")[2].sum() == steps + seen[-1].steps
    xr.testing.assert_equal(second.isel(lambda1=slice(20)).load(), first)


def test_thresholds_reach_the_labels(tmp_path, in_memory):
    for out in (None, tmp_path / "s"):
        other = sweep(thresholds={"growth": 2.0}, out=out)
        np.testing.assert_array_equal(other.regime, eos_sweep.label(in_memory, growth=2.0))
        assert '"growth": 2.0' in other.attrs["thresholds"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_type_of_floats_is_how_they_are_stored(in_memory, dtype):
    other = sweep(dtype=dtype)
    for name, variable in other.data_vars.items():
        expected = in_memory[name].astype(dtype) if in_memory[name].dtype == float else in_memory[name]
        assert variable.dtype == expected.dtype
        if name != "regime":
            np.testing.assert_array_equal(variable, expected)


@pytest.mark.slow
def test_seeds_draw_starting_points(tmp_path):
    axes = {"seed": range(40), "eta": [0.01, 0.02]}
    parameters = {"lambda1": 100, "lambda2": 0.01}
    initial = {"alpha": "normal(0.5, 0.1)", "beta1": "uniform(0.001, 0.1)", "beta2": 0.5}
    axes["seed"] = list(axes["seed"])
    drawn = eos_sweep.sweep("bivariate", axes, parameters, initial, steps=10, out=tmp_path / "s")
    loss = drawn.loss_initial.values
    assert len(np.unique(loss[:, 0])) == 40, "each seed has its own start"
    np.testing.assert_array_equal(loss[:, 0], loss[:, 1])  # which does not depend on the step size
    start = {name: values.ravel() for name, values in Store.open(tmp_path / "s").sweep.inputs(
        {"seed": np.arange(40.0).reshape(-1, 1), "eta": np.array([[0.01]])})[0].items()}  # fmt: skip
    assert abs(start["alpha"].mean() - 0.5) < 4 * 0.1 / np.sqrt(40) and 0.05 < start["alpha"].std() < 0.2
    assert (start["beta1"] > 0.001).all() and (start["beta1"] < 0.1).all()
    part = eos_sweep.sweep("bivariate", {"eta": [0.02], "seed": [30, 7]}, parameters, initial, steps=10)
    np.testing.assert_array_equal(part.loss_initial.values[0], loss[[30, 7], 1])


@pytest.mark.parametrize(("options", "words"), [
    ({"axes": {}}, "axes: got none"),
    ({"axes": {"eta": [[0.1]]}}, "axis 'eta'"),
    ({"axes": {"lambda1": [1.0], "eta": [-1.0]}}, "axis 'eta': got -1.0"),
    ({"observables": ["regim"]}, "observables: no observable 'regim'"),
    ({"steps": 0}, "steps: got 0"),
    ({"thresholds": {"grwoth": 2}}, "thresholds.grwoth"),
    ({"chunks": {"clip": 2}}, "chunks.clip"),
    ({"dtype": "float16"}, "dtype: got 'float16'"),
])  # fmt: skip
def test_bad_inputs_create_nothing(tmp_path, options, words):
    with pytest.raises(SpecError) as caught:
        sweep(**options, out=tmp_path / "s")
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def foreign(place, kind):
    """Put something at ``place`` that is no sweep."""
    if kind == "file":
        place.write_text("mine")
    elif kind == "folder":
        place.mkdir()
        (place / "thesis.tex").write_text("mine")
    elif kind == "partial":
        place.mkdir()
        (place / "download.partial").write_text("mine")
    else:
        attributes = {"group": {}, "sweep": {"eos_sweep": "nice"}, "spec": {"spec": "ISO 9001"}, "table": {"spec": {}}}
        zarr.create_group(place, attributes=attributes[kind])["data"] = np.arange(3)


@pytest.mark.parametrize("kind", ["file", "folder", "partial", "group", "sweep", "spec", "table"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_sweep_is_left_alone(tmp_path, kind, overwrite):
    place = tmp_path / "s"
    foreign(place, kind)
    before = contents(tmp_path)
    with pytest.raises(SpecError, match="something other than a sweep") as caught:
        run(SPEC, place, overwrite=overwrite)
    assert str(place) in str(caught.value) and "\n" not in str(caught.value)
    assert contents(tmp_path) == before
    with pytest.raises(InputError, match="no sweep"):
        eos_sweep.open_sweep(place)


def test_an_empty_folder_may_be_used(tmp_path):
    (tmp_path / "s").mkdir()
    assert run(changed(observables=FEW), tmp_path / "s").failed == 0


def test_a_store_that_was_being_created_is_made_anew(tmp_path):
    group = zarr.create_group(tmp_path / "s", attributes={"eos_sweep": "being created"})
    group.create_array("crossings", shape=(3,), dtype="int32")
    group["eta"] = np.arange(3)
    run(changed(observables=FEW), tmp_path / "s")
    run(changed(observables=FEW), tmp_path / "fresh")
    assert numbers(tmp_path / "s") == numbers(tmp_path / "fresh")


HALF = f"{'0a' * 16}.partial"  # how the names of incomplete files end


def test_what_killed_writers_left_is_swept(tmp_path):
    run(changed(observables=FEW), tmp_path / "s")
    before = contents(tmp_path / "s")
    for name in ("zarr", "zarr.json", "crossings/zarr", "ledger/zarr.json", "ledger/blocks/zarr"):
        (tmp_path / "s" / f"{name}.{HALF}").write_bytes(b"half")
    run(changed(observables=FEW), tmp_path / "s")
    assert contents(tmp_path / "s") == before
    Store.open(tmp_path / "s").ledger.beat({"state": "running"})  # as a run does that is killed then
    for name in (f"crossings/c/0/0.{HALF}", f"ledger/blocks/c/0/0/0.{HALF}", f"alpha/c.{HALF}"):
        (tmp_path / "s" / name).write_bytes(b"half")
    run(changed(observables=FEW), tmp_path / "s")
    assert set(contents(tmp_path / "s")) == set(before)
    assert Store.open(tmp_path / "s").ledger.heartbeat["state"] == "finished"


def test_relabel_sweeps_what_it_left_when_it_was_killed(tmp_path):
    run(changed(), tmp_path / "s")
    before = set(contents(tmp_path / "s"))
    for name in ("zarr.json", "regime/zarr.json", "regime/c/0/0"):
        (tmp_path / "s" / f"{name}.{HALF}").write_bytes(b"half")
    store = Store.open(tmp_path / "s")
    relabel(store, store.thresholds | {"crossings": 3})
    assert set(contents(tmp_path / "s")) == before


def test_files_of_others_are_not_swept(tmp_path):
    run(changed(observables=FEW), tmp_path / "s")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "c" / "0").mkdir(parents=True)
    for name in (f"zarr.{HALF}", f"c/0/0.{HALF}", "thesis.partial"):
        (elsewhere / name).write_bytes(b"precious")
    (tmp_path / "s" / "crossings" / "linked").symlink_to(elsewhere)
    (tmp_path / "s" / "linked").symlink_to(elsewhere)
    (tmp_path / "s" / f"zarr.{HALF}").symlink_to(elsewhere / "thesis.partial")
    mine = ["crossings/download.partial", f"notes.{HALF}", "zarr.1.partial"]
    for name in mine:
        (tmp_path / "s" / name).write_bytes(b"precious")
    before = contents(elsewhere)
    Store.open(tmp_path / "s").ledger.beat({"state": "running"})
    run(changed(observables=FEW), tmp_path / "s")
    assert contents(elsewhere) == before
    assert all((tmp_path / "s" / name).read_bytes() == b"precious" for name in mine)
    assert (tmp_path / "s" / f"zarr.{HALF}").is_symlink()
    with pytest.raises(InputError, match="is not part of a sweep"):
        run(changed(observables=FEW), tmp_path / "s", overwrite=True)
    assert contents(elsewhere) == before


def test_a_block_that_cannot_be_written_is_tried_again(tmp_path):
    spec = changed(observables=FEW)
    run(spec, tmp_path / "fresh")
    prepare(Location(tmp_path / "s"), Sweep.from_dict(spec), (7, 8), overwrite=False)
    obstacle = tmp_path / "s" / "crossings" / "c" / "1" / "1"
    (obstacle / "in the way").mkdir(parents=True)
    first = run(spec, tmp_path / "s")
    assert (first.done, first.failed) == (600 - 56, 1)
    status = Store.open(tmp_path / "s").status()
    assert list(status["failed"]) == ["1,1"] and "Traceback" in status["failed"]["1,1"]["error"]
    assert (status["blocks_done"], status["blocks_left"]) == (15, 1)
    before = complete(tmp_path / "s")
    shutil.rmtree(obstacle)
    second = run(spec, tmp_path / "s")
    assert (second.done, second.new, second.failed) == (600, 56, 0)
    assert Store.open(tmp_path / "s").status()["failed"] == {}
    assert {block: complete(tmp_path / "s")[block] for block in before} == before
    assert_like(tmp_path / "s", tmp_path / "fresh")


@pytest.mark.parametrize("stored", [True, False])
def test_blocks_that_fail_are_told_with_the_reason(tmp_path, stored):
    out = tmp_path / "s" if stored else None
    with pytest.raises(RuntimeError, match="radius") as caught:
        eos_sweep.sweep(
            "bivariate", WIDE, INSIDE, SPEC["initial"], steps=5, observables=FEW, chunks={"lambda1": 10}, out=out
        )
    assert ("1 block" if stored else "at eta = 0.01 (index 0), lambda1 = 31.0 (index 30): ") in str(caught.value)
    assert stored == (str(out) in str(caught.value))
    if stored:
        failed = Store.open(out).status()["failed"]
        assert list(failed) == ["0,3"]
        assert Store.open(out).computed() == 70 * 60


def test_labels_need_what_the_rules_read(in_memory):
    with pytest.raises(ValueError, match="crossings"):
        eos_sweep.label(in_memory.drop_vars("crossings"))
    assert eos_sweep.label(in_memory).attrs["flag_meanings"].split() == list(regimes.CODES)


@pytest.mark.slow
@pytest.mark.parametrize("change", [{"thresholds": {"growth": 50, "crossings": 100}}, {"chunks": {"eta": 3}}])
def test_another_sweep_at_one_path_in_one_process(tmp_path, change):
    arguments = {key: SPEC[key] for key in ("model", "axes", "parameters", "initial", "steps")}
    eos_sweep.sweep(**arguments, out=tmp_path / "s", chunks={"eta": 5})
    again = eos_sweep.sweep(**arguments, **change, out=tmp_path / "s", overwrite=True).load()
    fresh = eos_sweep.sweep(**arguments, **change).load()
    assert again.drop_attrs().identical(fresh.drop_attrs())
    with xr.open_zarr(tmp_path / "s") as stored:
        np.testing.assert_array_equal(stored.regime, fresh.regime)


def test_one_process_at_a_time(tmp_path):
    run(changed(observables=FEW), tmp_path / "s")
    with locked(tmp_path / "s"), pytest.raises(InputError, match=r"another process \(pid .*\) is at work"):
        run(changed(observables=FEW), tmp_path / "s")
    assert run(changed(observables=FEW), tmp_path / "s").new == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["s"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_lies_in_a_store_and_is_not_its_own_is_kept(tmp_path, overwrite):
    zarr.create_group(tmp_path / "s", attributes={"eos_sweep": "being created"})
    (tmp_path / "s" / "thesis.tex").write_text("mine")
    with pytest.raises(SpecError, match="thesis.tex"):
        run(changed(observables=FEW), tmp_path / "s", overwrite=overwrite)
    assert (tmp_path / "s" / "thesis.tex").read_text() == "mine"


def test_a_deletion_that_was_killed_is_finished(tmp_path):
    run(changed(observables=FEW), tmp_path / "s")
    zarr.open_group(tmp_path / "s", mode="r+").attrs.put({"eos_sweep": "being removed"})
    shutil.rmtree(tmp_path / "s" / "crossings")
    with pytest.raises(InputError, match="no sweep is stored"):
        eos_sweep.open_sweep(tmp_path / "s")
    run(changed(observables=FEW), tmp_path / "s")
    assert Store.open(tmp_path / "s").done().all()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["s"]

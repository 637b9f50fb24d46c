"""Training data from a file: known by its content, checked before any work, not needed to read what is stored."""

import contextlib
import os
import shutil
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis import one_cell, trajectories
from eos_sweep.analysis.pictures import captions
from eos_sweep.errors import SpecError
from eos_sweep.models import tanh_net
from eos_sweep.runtime.worker import compute_block
from eos_sweep.spec.comparison import differences
from eos_sweep.spec.making import make
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.stores import command, contents, numbers, toml

SPEC = {
    "model": "tanh_net",
    "steps": 30,
    "axes": {"eta": [0.1, 0.2]},
    "parameters": {"width": 5},
    "data": {"file": "d.npz"},
}
DRAW = np.random.default_rng(5)
INPUTS, TARGETS = DRAW.standard_normal((9, 4)), DRAW.standard_normal((9, 2))


@pytest.fixture
def spec(tmp_path):
    np.savez(tmp_path / "d.npz", inputs=INPUTS, targets=TARGETS)
    return toml(tmp_path / "s.toml", SPEC)


def test_a_network_learns_what_is_in_the_file(spec):
    run = one_cell.report(spec, {}, {"eta": 1})[1]
    assert float(run.norm[0]) > 0 and run.sizes["step"] == 31
    parameters = {name: q.default for name, q in tanh_net.PARAMETERS.items()} | {"width": 5.0, "eta": 0.2}
    from eos_sweep.contract import Table

    network = tanh_net.start(tuple(parameters.values()), (1.0,), Table(INPUTS, TARGETS))
    np.testing.assert_array_equal(run.loss[1:], network.advance(30))


def test_the_sweep_of_images_runs_on_a_file_of_their_form(tmp_path):
    shutil.copy(Path(eos_sweep.__file__).parents[1] / "sweeps" / "cifar.toml", tmp_path)
    images, labels = DRAW.integers(256, size=(7, 32, 32, 3), dtype=np.uint8), DRAW.integers(10, size=7)
    pixels = images.reshape(7, -1) / 255
    pixels = (pixels - pixels.mean(axis=0)) / pixels.std(axis=0)
    np.savez(tmp_path / "cifar.npz", inputs=pixels.astype(np.float32), targets=np.eye(10)[labels])
    sweep = load_spec(tmp_path / "cifar.toml")
    steps = np.minimum(sweep.steps, np.round(200 / sweep.axes[0].values))
    assert steps.tolist() == [10_000, 6000, 3000]
    found = eos_sweep.run(Sweep.from_dict({**sweep.to_dict(), "steps": 3}), tmp_path / "s.zarr")
    assert (found.done, found.steps, found.failed) == (3, 9, 0)
    with xr.open_zarr(tmp_path / "s.zarr") as dataset:
        assert dataset.attrs["data_samples"] == 7 and np.isfinite(dataset.sharpness_final).all()


def test_one_column_of_targets_may_be_a_vector_of_any_number_type(tmp_path):
    np.savez(tmp_path / "a.npz", inputs=np.arange(6), targets=np.arange(6, dtype=np.float32))
    np.savez(tmp_path / "b.npz", inputs=np.arange(6.0)[:, None], targets=np.arange(6.0)[:, None])
    ends = [
        eos_sweep.sweep("linear_net_full", {"eta": [0.01]}, steps=5, data={"file": str(tmp_path / name)})
        for name in ("a.npz", "b.npz")
    ]
    assert ends[0].loss_final.values == ends[1].loss_final.values


@pytest.mark.slow
def test_the_path_is_seen_from_the_specs_own_folder(spec, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    done = command("run", spec, "-o", "s.zarr", cwd=tmp_path / "elsewhere")
    assert done.returncode == 0, done.stderr
    stored = Store.open(tmp_path / "elsewhere" / "s.zarr").sweep
    assert stored.data == load_spec(spec).data and stored.data.file == str(tmp_path / "d.npz")


def test_the_content_counts_and_not_the_place(spec, tmp_path):
    here = load_spec(spec)
    shutil.copy(tmp_path / "d.npz", tmp_path / "copy.npz")
    there = load_spec(toml(tmp_path / "t.toml", {**SPEC, "data": {"file": "copy.npz"}}))
    assert here.hash == there.hash and differences(here, there) == []
    np.savez(tmp_path / "copy.npz", inputs=INPUTS, targets=2 * TARGETS)
    changed = load_spec(tmp_path / "t.toml")
    assert changed.hash != here.hash
    (line,) = differences(here, changed)
    assert line.startswith("data: ") and "copy.npz" in line
    without = Sweep.from_dict({key: value for key, value in SPEC.items() if key != "data"})
    assert without.hash != here.hash and "data: none -> " in "\n".join(differences(without, here))


def test_what_the_file_replaces_is_nowhere_and_the_file_is_named(spec, tmp_path):
    file = tmp_path / "d.npz"
    sweep = load_spec(spec)
    assert not {"parameters.degree", "parameters.points"} & set(sweep.identity)
    found = eos_sweep.sweep("tanh_net", {"eta": [0.1, 0.2]}, {"width": 5}, steps=30, data={"file": str(file)})
    assert "width" in found.coords and not {"degree", "points"} & set(found.coords)
    about = {"data_file": "d.npz", "data_samples": 9, "data_bytes": file.stat().st_size}
    assert found.attrs.items() >= (about | {"data_sha256": sweep.data.sha256}).items()
    run = one_cell.report(spec, {}, {"eta": 1})[1]
    assert "degree" not in run.coords and run.attrs["data_file"] == "d.npz"
    for title in (plot.trajectory_plot(run).axes[0].get_title(loc="left"), captions.caption(found, found, ["eta"])):
        assert f"data = d.npz (9 samples; {sweep.data.sha256[:8]})" in title and "n = " not in title
    for useless in ({"parameters": {"points": 4}}, {"axes": {"degree": [2, 3], "eta": [0.1]}}):
        with pytest.raises(SpecError, match=": given, but the data file d.npz stands for it; remove (points|degree)$"):
            load_spec(toml(tmp_path / "t.toml", SPEC | useless))


@pytest.mark.slow
def test_a_stored_sweep_opens_without_the_file(spec, tmp_path):
    eos_sweep.run(spec, tmp_path / "s")
    (tmp_path / "d.npz").unlink()
    assert eos_sweep.open_sweep(tmp_path / "s").loss_final.notnull().all()
    assert Sweep.from_dict(load_stored(tmp_path / "s")).data.file == str(tmp_path / "d.npz")
    assert command("plot", "s", "-o", "p.png", "--x", "eta", cwd=tmp_path).returncode in (0, 2)
    before = contents(tmp_path / "s")
    for arguments in (("run", spec, "-o", "s"), ("trace", "s", "--index", "eta=0")):
        done = command(*arguments, cwd=tmp_path)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
        assert "data.file" in done.stderr and "d.npz" in done.stderr
    assert contents(tmp_path / "s") == before


def load_stored(path):
    return Store.open(path).sweep.to_dict()


@pytest.mark.slow
def test_a_file_that_moved_is_found_where_the_spec_now_says(spec, tmp_path):
    eos_sweep.run(spec, tmp_path / "whole")
    partial = tmp_path / "s"
    sweep = load_spec(spec)
    store = Store.create(Location(partial), sweep, (1,))
    store.ledger.record(compute_block(store, (0,), (0,)))
    store.ledger.flush()
    (tmp_path / "d.npz").rename(tmp_path / "moved.npz")
    moved = toml(tmp_path / "t.toml", {**SPEC, "data": {"file": "moved.npz"}})
    assert eos_sweep.run(moved, partial).new == 1
    assert numbers(partial) == numbers(tmp_path / "whole")


def test_a_pinned_hash_must_be_that_of_the_file(spec, tmp_path):
    pinned = {**SPEC, "data": load_spec(spec).data._asdict()}
    path = toml(tmp_path / "p.toml", pinned)
    assert load_spec(path).hash == load_spec(spec).hash
    np.savez(tmp_path / "d.npz", inputs=INPUTS, targets=TARGETS + 1)
    with pytest.raises(SpecError, match="has changed since"):
        load_spec(path)


def arrays(**changes):
    return {
        name: array for name, array in {"inputs": INPUTS, "targets": TARGETS, **changes}.items() if array is not None
    }


BAD = [
    ({"data": 3}, {}, "data: got 3", "give a table [data]"),
    ({"data": {"path": "d.npz"}}, {}, "data: got {'path': 'd.npz'}", "give a table [data]"),
    ({"data": {"file": 3}}, {}, "data.file: got 3", "give a text"),
    ({"data": {"file": "none.npz"}}, {}, "none.npz: No such file", "give the path of an .npz file"),
    ({"data": {"file": "s.toml"}}, {}, "s.toml is no .npz file", "arrays inputs and targets"),
    ({"model": "relu", "parameters": {}}, {}, "data: relu takes no data", "remove the table"),
    ({"model": "bivariate", "parameters": {"lambda1": 1, "lambda2": 1},
      "initial": {"alpha": 1, "beta1": 1, "beta2": 1}}, {}, "data: bivariate takes no data", "remove the table"),
    ({"model": "linear_net_full"}, {}, "have 2 columns", "takes at most 1"),
    ({}, {"targets": None}, "no array 'targets'", "arrays inputs and targets"),
    ({}, {"targets": TARGETS[:5]}, "9 inputs and 5 targets", "give a row to each sample"),
    ({}, {"inputs": INPUTS * np.nan}, "inputs of", "finite numbers"),
    ({}, {"inputs": np.array(["a"] * 9)}, "inputs of", "finite numbers"),
    ({}, {"inputs": np.ones((9, 2, 2))}, "shape (9, 2, 2)", "a sample a row"),
    ({}, {"inputs": np.ones((0, 2))}, "shape (0, 2)", "a sample a row"),
    ({}, {"inputs": np.array([object()] * 9)}, "d.npz is no .npz file of numbers", "arrays inputs and targets"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "held", "what", "remedy"), BAD)
def test_a_mistake_is_one_line_before_anything_is_created(tmp_path, change, held, what, remedy):
    np.savez(tmp_path / "d.npz", **arrays(**held))
    path = toml(tmp_path / "s.toml", {**SPEC, **change})
    with pytest.raises(SpecError) as caught:
        eos_sweep.run(path, tmp_path / "out.zarr")
    said = str(caught.value)
    assert what in said and remedy in said and "\n" not in said
    assert not (tmp_path / "out.zarr").exists()


def test_python_gives_a_file_too(spec, tmp_path):
    sweep = make("tanh_net", SPEC["axes"], SPEC["parameters"], steps=30, data={"file": str(tmp_path / "d.npz")})
    assert sweep.hash == load_spec(spec).hash
    run = trajectories.trajectory(
        "tanh_net", {"width": 5, "eta": 0.2}, {}, steps=30, data={"file": str(tmp_path / "d.npz")}
    )
    assert float(run.loss[-1]) == float(one_cell.report(spec, {}, {"eta": 1})[1].loss[-1])


@pytest.mark.parametrize("file", ["/dev/zero", "/dev/null", "pipe", ".", "empty.npz", "/proc/self/mem", "/proc/kmsg"])
def test_only_regular_files_are_read(tmp_path, file):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.npz").touch()
    path = toml(tmp_path / "s.toml", {**SPEC, "data": {"file": file}})
    with pytest.raises(SpecError, match="is no file of 1 to 8589934592 bytes|No such file"):
        load_spec(path)


def test_a_path_with_a_zero_byte_is_no_text(tmp_path):
    with pytest.raises(SpecError, match="data.file: got 'd\\\\x00.npz'; give a text"):
        make("tanh_net", SPEC["axes"], SPEC["parameters"], steps=30, data={"file": "d\0.npz"})


def test_a_file_too_large_is_not_read(tmp_path):
    with open(tmp_path / "d.npz", "wb") as file:
        file.truncate(2**33 + 1)
    with pytest.raises(SpecError, match="is no file of 1 to 8589934592 bytes"):
        load_spec(toml(tmp_path / "s.toml", SPEC))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 700), content=st.binary(max_size=6), kept=st.integers(0, 6))
def test_a_damaged_file_gives_data_or_a_spec_error(spec, tmp_path, where, content, kept):
    np.savez(tmp_path / "d.npz", inputs=INPUTS, targets=TARGETS)
    held = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(held[:where] + content + held[where + kept :])
    with contextlib.suppress(SpecError):
        assert load_spec(spec).data


def test_no_memory_is_taken_for_missing_data(tmp_path):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
        for name in ("inputs", "targets"):
            archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    tracemalloc.start()
    with pytest.raises(SpecError, match="d.npz is no .npz file of numbers"):
        load_spec(toml(tmp_path / "s.toml", SPEC))
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()

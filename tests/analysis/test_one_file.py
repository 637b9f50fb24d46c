"""A sweep in one file: a zip that is the store itself, or a slice of it, also as NetCDF."""

import json
import shutil
import subprocess
import zipfile

import numpy as np
import pytest
import xarray as xr
import zarr

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.spec.sweeps import Sweep
from helpers.stores import CLI, SPEC, changed, command, contents, toml


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("export")
    eos_sweep.run(Sweep.from_dict(changed(axes=SPEC["axes"] | {"clip": [1, 10, np.inf]}, chunks={})), place / "s.zarr")
    return place


@pytest.mark.slow
def test_a_zip_is_the_store_itself(folder):
    done = command("export", "s.zarr", "s.zarr.zip", cwd=folder)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(folder / "s.zarr.zip") as file:
        assert {name: file.read(name) for name in file.namelist()} == contents(folder / "s.zarr")
    place = zarr.storage.ZipStore(folder / "s.zarr.zip", mode="r")
    with xr.open_zarr(place) as packed, xr.open_zarr(folder / "s.zarr") as stored:
        xr.testing.assert_identical(packed, stored)
    xr.testing.assert_identical(
        eos_sweep.open_sweep(folder / "s.zarr.zip").compute(), eos_sweep.open_sweep(folder / "s.zarr").compute()
    )
    told = json.loads(command("status", "s.zarr.zip", "--check", "--json", cwd=folder).stdout)
    assert told["blocks_left"] == 0 and told["damaged"] == {}
    assert command("plot", "s.zarr.zip", "-o", "s.png", "--at", "clip=10", cwd=folder).returncode == 0


@pytest.mark.slow
def test_a_zip_is_not_changed(folder):
    eos_sweep.export(folder / "s.zarr", folder / "fixed.zarr.zip")
    before = (folder / "fixed.zarr.zip").read_bytes()
    toml(folder / "s.toml", SPEC)
    for arguments in (
        ["relabel", "fixed.zarr.zip", "--threshold", "growth=2"],
        ["run", "s.toml", "-o", "fixed.zarr.zip"],
    ):
        done = command(*arguments, cwd=folder)
        assert done.returncode == 2 and "a zip file is read-only" in done.stderr
    assert (folder / "fixed.zarr.zip").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["slice.nc", "slice.zarr.zip"])
def test_a_slice_has_the_values_at_its_place(folder, name):
    picked = ["--at", "clip=10", "--at", "eta=0.0102", "--variable", "regime", "--variable", "sharpness_max"]
    done = command("export", "s.zarr", name, *picked, cwd=folder)
    assert done.returncode == 0, done.stderr
    place = folder / name
    if place.suffix == ".nc":
        found = xr.load_dataset(place)  # closed before zarr is at work
    else:
        found = xr.open_zarr(zarr.storage.ZipStore(place, mode="r")).load()
    with xr.open_zarr(folder / "s.zarr") as whole:
        wanted = whole[["regime", "sharpness_max"]].sel(clip=10).sel(eta=0.0102, method="nearest")
        xr.testing.assert_equal(found, wanted.load())
        assert (
            found.regime.dtype == np.int8
            and found.regime.attrs["flag_meanings"] == wanted.regime.attrs["flag_meanings"]
        )
        assert found.attrs["spec_hash"] == whole.attrs["spec_hash"] and "exported regime" in found.attrs["history"]
        assert "radius" in found.coords
    with pytest.raises(InputError, match="no sweep is stored"):
        eos_sweep.open_sweep(place)


def test_what_cannot_be_exported_leaves_no_file(folder):
    before = {path.name for path in folder.iterdir()}
    (folder / "there.nc").write_text("mine")
    for out, options, words in (
        ("s.csv", {}, "end the name"),
        ("there.nc", {}, "exists"),
        ("x.nc", {"at": {"alfa": 1}}, "no 'alfa'"),
        ("x.nc", {"at": {"clip": 3}}, "the nearest values are"),
        ("x.zarr.zip", {"variables": ["regimes"]}, "no 'regimes'"),
    ):
        with pytest.raises(InputError, match=words):
            eos_sweep.export(folder / "s.zarr", folder / out, **options)
    assert (folder / "there.nc").read_text() == "mine"
    (folder / "there.nc").unlink()
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.slow
@pytest.mark.parametrize("name", ["s.nc", "s.zarr.zip"])
def test_a_disk_that_is_full_is_told_in_a_line_and_leaves_nothing(tmp_path, name):
    """A limit on the size of a file is met like the end of a disk, at which HDF5 alone would crash."""
    shape = {"lambda1": {"log": [1, 1e4, 100]}, "eta": {"log": [1e-3, 30, 100]}}
    eos_sweep.run(Sweep.from_dict(changed(axes=shape, chunks={})), tmp_path / "s")
    for blocks in (20, 60, 100):  # of 1024 bytes
        line = f"ulimit -f {blocks}; exec {CLI} export s {name} --variable sharpness_max --variable loss_max"
        done = subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2
        assert done.stderr == f"eos-sweep: {name}: File too large; choose another place\n"
        assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_a_damaged_chunk_is_not_exported(folder, tmp_path):
    shutil.copytree(folder / "s.zarr", tmp_path / "s")
    chunk = next((tmp_path / "s" / "regime" / "c").rglob("0"))
    chunk = next(path for path in [chunk, *chunk.rglob("*")] if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match="regime/c/.* is damaged: .*run --check"):
        eos_sweep.export(tmp_path / "s", tmp_path / "s.zarr.zip")
    assert not list(tmp_path.glob("*.zip"))


def test_attributes_that_hdf5_does_not_know_become_texts(folder, tmp_path):
    shutil.copytree(folder / "s.zarr", tmp_path / "s.zarr")
    odd = {"large": 10**30, "table": {"a": [1]}, "mixed": [1, "a", None], "few": [1, 2], "text": "x"}
    zarr.open_group(tmp_path / "s.zarr", mode="r+").update_attributes(odd)
    eos_sweep.export(tmp_path / "s.zarr", tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc") as found:
        assert found.attrs["large"] == str(10**30) and "'a'" in found.attrs["table"] and found.attrs["text"] == "x"
        assert list(found.attrs["few"]) == [1, 2]


def test_a_zip_is_not_made_without_a_variable_whose_folder_is_a_link(folder, tmp_path):
    shutil.copytree(folder / "s.zarr", tmp_path / "s.zarr")
    (tmp_path / "s.zarr/outcome").rename(tmp_path / "elsewhere")
    (tmp_path / "s.zarr/outcome").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(InputError, match="outcome is a link"):
        eos_sweep.export(tmp_path / "s.zarr", tmp_path / "x.zarr.zip")
    assert not (tmp_path / "x.zarr.zip").exists()
    with eos_sweep.open_sweep(folder / "s.zarr") as whole, eos_sweep.open_sweep(tmp_path / "s.zarr") as linked:
        np.testing.assert_array_equal(linked.outcome, whole.outcome)

"""A sweep in one file: a zip that is the store itself, or a slice of it, also as NetCDF."""

import json
import zipfile

import numpy as np
import pytest
import xarray as xr
import zarr
from test_store import SPEC, changed, command, contents, toml

import eos_sweep
from eos_sweep.errors import InputError
from eos_sweep.spec import Sweep


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


def test_a_zip_is_not_changed(folder):
    eos_sweep.export(folder / "s.zarr", folder / "fixed.zarr.zip")
    before = (folder / "fixed.zarr.zip").read_bytes()
    toml(folder / "s.toml", SPEC)
    for arguments in (
        ["relabel", "fixed.zarr.zip", "--threshold", "growth=2"],
        ["run", "s.toml", "-o", "fixed.zarr.zip"],
    ):
        done = command(*arguments, cwd=folder)
        assert done.returncode == 2 and "a zip file is only read" in done.stderr
    assert (folder / "fixed.zarr.zip").read_bytes() == before


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

"""A stored sweep, or a slice of it, in one file to hand on: a zip of the same zarr store, or NetCDF."""

import importlib
import os
import tempfile
import uuid
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import xarray as xr

from eos_sweep.api import open_sweep
from eos_sweep.errors import InputError
from eos_sweep.location import Location
from eos_sweep.provenance import stamp
from eos_sweep.slices import nearest
from eos_sweep.store import Store


def export(
    store: str | Path,
    out: str | Path,
    *,
    at: Mapping[str, float] | None = None,
    variables: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write a stored sweep into one file.

    Parameters
    ----------
    store
        Path or URL of the store.
    out
        ``name.zarr.zip``, a zip of the store, which plain zarr and xarray read and eos_sweep opens like the store
        itself; or ``name.nc``, NetCDF, which needs the extra ``netcdf``.
    at
        Name -> value of axes of which only one value is exported: the nearest on an evenly spaced axis.
    variables
        Those to export; all by default.
    overwrite
        Replace a file that is there.

    Returns
    -------
    Path
        Of the file, which is there as a whole or not at all.

    Raises
    ------
    InputError
        If there is no such store, axis, value or variable, or the file is there already.

    Examples
    --------
    >>> eos_sweep.export("flagship.zarr", "slice.nc", at={"lambda2": 0.01, "clip": 10}, variables=["regime"])
    """
    out = Path(out)
    kinds = {".zip": _zip, ".nc": _netcdf}
    if out.suffix not in kinds:
        raise InputError(f"{out}: not a kind of file that can be exported; end the name in .zarr.zip or .nc")
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists; choose another name, or --overwrite")
    opened = Store.open(store)
    with _whole(out) as temporary:
        if out.suffix == ".zip" and not at and not variables:
            _pack(opened.location, temporary)
        else:
            kinds[out.suffix](_slice(open_sweep(store), at or {}, variables), temporary)
    return out


def _slice(dataset: xr.Dataset, at: Mapping[str, float], variables: Sequence[str]) -> xr.Dataset:
    for kind, names, known in (("axis", at, dataset.dims), ("variable", variables, dataset.data_vars)):
        if unknown := [name for name in names if name not in known]:
            raise InputError(f"{kind}: no {unknown[0]!r} in this sweep; there are: {', '.join(map(str, known))}")
    places = {name: nearest(name, dataset[name].values, value) for name, value in at.items()}
    chosen = (dataset[list(variables)] if variables else dataset).isel(places).drop_encoding()
    points = ", ".join(f"{name} = {float(chosen[name])!r}" for name in at)
    chosen.attrs["history"] += f"\n{stamp()} exported {', '.join(filter(None, [', '.join(variables), points]))}"
    return chosen.drop_attrs(deep=False).assign_attrs(
        {name: value for name, value in chosen.attrs.items() if name not in ("eos_sweep", "store_id")}
    )  # it is no store any more


def _pack(location: Location, out: Path) -> None:
    """Put a zarr store's files into a zip as they are: chunks are compressed already."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for key in location.keys():
            if not key.endswith(".partial"):
                file.writestr(key, location.read(key) or b"")


def _zip(dataset: xr.Dataset, out: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".", dir=out.parent) as folder:  # a zip keeps what is written twice
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part")
            dataset.to_zarr(folder, zarr_format=3, mode="w", consolidated=True)
        _pack(Location(folder), out)


def _netcdf(dataset: xr.Dataset, out: Path) -> None:
    try:
        importlib.import_module("h5netcdf")
        importlib.import_module("h5py")
    except ImportError:
        raise InputError(f"{out}: NetCDF needs h5netcdf and h5py; pip install 'eos-sweep[netcdf]'") from None
    # A variable at a time, read before HDF5 is open: its lock and zarr's event loop wait for each other if the garbage
    # collector finds an object of HDF5 in that loop's thread.
    mode: Literal["w", "a"] = "w"
    for name in dataset.data_vars:
        compressed = {name: {"zlib": True, "complevel": 4}}
        dataset[[name]].load().to_netcdf(out, mode=mode, engine="h5netcdf", encoding=compressed)
        mode = "a"


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """Yield another name for a file, which gets its own when it is whole."""
    temporary = out.with_name(f".{uuid.uuid4().hex}{out.suffix}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, out)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}; choose another place") from None
    finally:
        temporary.unlink(missing_ok=True)

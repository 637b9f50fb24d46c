"""A dataset as a NetCDF file."""

import importlib
import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr

from eos_sweep.errors import InputError


class _Disk(io.FileIO):
    """A file whose ``error`` says that the disk is full: HDF5 crashes the process after a write that fails."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of the data, or drop them."""
        rest = memoryview(data)
        try:
            while rest and not self.error:
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Change the size of the file if possible."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


def write(dataset: xr.Dataset, path: Path) -> None:
    """Write a dataset as NetCDF.

    Raises
    ------
    InputError
        If the libraries for it are not installed.
    OSError
        If it cannot be written; the file is of no use then.
    """
    try:
        h5netcdf = importlib.import_module("h5netcdf")
        importlib.import_module("h5py")
    except ImportError:
        raise InputError(f"{path}: NetCDF needs h5netcdf and h5py; pip install 'eos-sweep[netcdf]'") from None
    mode: Literal["w", "a"] = "w"
    with _Disk(path, "w+b") as disk:
        for name in dataset.data_vars:
            # One variable at a time is read, before HDF5 is open: its lock and zarr's event loop wait for each other if
            # the garbage collector finds an object of HDF5 in that loop's thread.
            loaded = _with_plain_attributes(dataset[[name]].load())
            with h5netcdf.File(disk, mode) as file:
                compressed = {name: {"zlib": True, "complevel": 4}}
                loaded.dump_to_store(xr.backends.H5NetCDFStore(file), encoding=compressed)
            if disk.error:
                raise disk.error
            mode = "a"


def _with_plain_attributes(dataset: xr.Dataset) -> xr.Dataset:
    """Return a dataset in which attributes that HDF5 does not know, such as a table or 10^30, are texts."""
    for about in (dataset.attrs, *(variable.attrs for variable in dataset.variables.values())):
        about |= {name: str(value) for name, value in about.items() if np.asarray(value).dtype.kind == "O"}
    return dataset

"""A dataset as a file of data: NetCDF, a zarr store, or a table as CSV; it is there as a whole or not at all."""

import os
from collections.abc import Collection
from pathlib import Path

import xarray as xr

from eos_sweep.analysis import netcdf
from eos_sweep.analysis.whole_files import hidden, remove, whole
from eos_sweep.errors import InputError


def check(path: str | Path, endings: Collection[str], remedy: str) -> None:
    """Raise InputError unless a path ends in one of ``endings`` and does not exist yet."""
    if ending(path) not in endings:
        *others, last = endings
        names = f"{', '.join(others)} or {last}"
        raise InputError(f"{path}: not a kind of data that can be written; end the name in {names}")
    if os.path.lexists(path):
        raise InputError(f"{path}: exists; {remedy}")


def ending(path: str | Path) -> str:
    """Return the ending of a name in small letters."""
    return Path(path).suffix.lower()


def write_csv(table: xr.Dataset, path: Path, remedy: str) -> None:
    """Write a dataset as CSV, a row for each point of its axes."""
    with whole(path, remedy) as temporary:
        table.to_dataframe().to_csv(temporary)


def write_netcdf(dataset: xr.Dataset, path: Path, remedy: str) -> None:
    """Write a dataset as NetCDF, which needs the extra ``netcdf``."""
    with whole(path, remedy) as temporary:
        netcdf.write(dataset, temporary)


def write_zarr(dataset: xr.Dataset, path: Path, remedy: str) -> None:
    """Write a dataset as a zarr store."""
    temporary = hidden(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.to_zarr(temporary, mode="w-", consolidated=False)
        os.rename(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; {remedy}") from None
    finally:
        remove(temporary)

"""Trajectories as a file of data: CSV, NetCDF or a zarr store, by the ending of its name."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from eos_sweep.analysis import netcdf
from eos_sweep.analysis.specs import ARGUMENTS
from eos_sweep.analysis.whole_files import hidden, remove, whole
from eos_sweep.errors import InputError

REMEDY = "choose another place for the trajectory"
RUN = "run"  # the dimension of several trajectories


def check(path: str | Path) -> None:
    """Raise InputError unless a path names a file of a known kind that does not exist yet."""
    if _ending(path) not in _KINDS:
        raise InputError(f"{path}: not a kind of data that can be written; end the name in .csv, .nc or .zarr")
    if os.path.lexists(path):
        raise InputError(f"{path}: exists; {REMEDY}")


def write(runs: Sequence[xr.Dataset], path: str | Path) -> None:
    """Write trajectories into one file, which is there as a whole or not at all.

    Parameters
    ----------
    runs
        At least one trajectory; several have the same variables and the same number of steps.
    path
        ``name.csv``: a row for each step, a column for each variable and each parameter, and one for the number of the
        run if there are several.  ``name.nc``: NetCDF, which needs the extra ``netcdf``.  ``name.zarr``: a zarr store.
        Several runs lie along a dimension ``run`` there.

    Raises
    ------
    InputError
        If the ending is another one, the file exists, or it cannot be written.
    """
    check(path)
    _KINDS[_ending(path)](joined(runs), Path(path))


def _ending(path: str | Path) -> str:
    """Return the ending of a name in small letters."""
    return Path(path).suffix.lower()


def joined(runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return trajectories as one dataset, along ``run`` if there are several."""
    if len(runs) == 1:
        return runs[0]
    scalars = [name for name, values in runs[0].coords.items() if not values.dims]
    differ: Any = [name for name in scalars if any(not run[name].equals(runs[0][name]) for run in runs)]
    found = xr.concat(
        runs, RUN, data_vars="all", coords=differ, compat="override", join="outer", combine_attrs="drop_conflicts"
    )
    about = {"long_name": "number of the run", ARGUMENTS: [run.attrs[ARGUMENTS] for run in runs]}
    title = f"{len(runs)} runs: {str(runs[0].attrs['title']).partition(chr(10))[0]}"
    return found.assign_coords({RUN: (RUN, range(len(runs)), about)}).assign_attrs(title=title)


def _csv(run: xr.Dataset, path: Path) -> None:
    columns = run.drop_vars("eigenvalues", errors="ignore")
    for k in range(run.sizes.get("eigenvalue", 0)):
        columns[f"eigenvalue_{k + 1}"] = run["eigenvalues"].isel(eigenvalue=k)
    with whole(path, REMEDY) as temporary:
        columns.to_dataframe().to_csv(temporary)


def _netcdf(run: xr.Dataset, path: Path) -> None:
    with whole(path, REMEDY) as temporary:
        netcdf.write(run, temporary)


def _zarr(run: xr.Dataset, path: Path) -> None:
    temporary = hidden(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        run.to_zarr(temporary, mode="w-", consolidated=False)
        os.rename(temporary, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; {REMEDY}") from None
    finally:
        remove(temporary)


_KINDS = {".csv": _csv, ".nc": _netcdf, ".zarr": _zarr}

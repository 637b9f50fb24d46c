"""Trajectories as a file of data: CSV, NetCDF or a zarr store, by the ending of its name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from eos_sweep.analysis import data_files
from eos_sweep.analysis.specs import ARGUMENTS

REMEDY = "choose another place for the trajectory"
RUN = "run"  # the dimension of several trajectories


def check(path: str | Path) -> None:
    """Raise InputError unless a path names a file of a known kind that does not exist yet."""
    data_files.check(path, _KINDS, REMEDY)


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
    _KINDS[data_files.ending(path)](joined(runs), Path(path), REMEDY)


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


def _csv(run: xr.Dataset, path: Path, remedy: str) -> None:
    columns = run.drop_vars("eigenvalues", errors="ignore")
    for k in range(run.sizes.get("eigenvalue", 0)):
        columns[f"eigenvalue_{k + 1}"] = run["eigenvalues"].isel(eigenvalue=k)
    data_files.write_csv(columns, path, remedy)


_KINDS = {".csv": _csv, ".nc": data_files.write_netcdf, ".zarr": data_files.write_zarr}

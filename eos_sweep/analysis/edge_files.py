"""Curves of edges as a file: GeoJSON, NetCDF, a zarr store, or a table of the points as CSV, by the ending."""

import json
from pathlib import Path

import xarray as xr

from eos_sweep.analysis import data_files
from eos_sweep.analysis.flags import codes_of
from eos_sweep.analysis.geojson import edges_geojson
from eos_sweep.analysis.whole_files import whole

REMEDY = "choose another place for the edges"


def check(path: str | Path) -> None:
    """Raise InputError unless a path names a file of a known kind that does not exist yet."""
    data_files.check(path, KINDS, REMEDY)


def write(found: xr.Dataset, path: str | Path) -> None:
    """Write what :func:`eos_sweep.edges` returned into a file, which is there as a whole or not at all.

    Parameters
    ----------
    found
        The curves.
    path
        ``name.geojson``, see :func:`eos_sweep.edges_geojson`; ``name.csv``: a row for each point, with regimes by their
        names; ``name.nc``: NetCDF, which needs the extra ``netcdf``; ``name.zarr``: a zarr store.

    Raises
    ------
    InputError
        If the ending is another one, the file exists, or it cannot be written.
    """
    check(path)
    KINDS[data_files.ending(path)](found, Path(path), REMEDY)


def _geojson(found: xr.Dataset, path: Path, remedy: str) -> None:
    text = json.dumps(edges_geojson(found), ensure_ascii=False, allow_nan=False)
    with whole(path, remedy) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _csv(found: xr.Dataset, path: Path, remedy: str) -> None:
    points = found.drop_dims(["curve", "branch"])
    for name, data in points.data_vars.items():
        if words := {code: word for word, code in codes_of(data).items()}:
            points[name] = data.dims, [words[code] for code in data.values.tolist()]
    data_files.write_csv(points, path, remedy)


KINDS = {
    ".geojson": _geojson,
    ".csv": _csv,
    ".nc": data_files.write_netcdf,
    ".zarr": data_files.write_zarr,
}

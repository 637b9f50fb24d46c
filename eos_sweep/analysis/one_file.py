"""A stored sweep, or a slice of it, in one file: a zip of the zarr store, or NetCDF."""

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import xarray as xr

from eos_sweep.analysis import netcdf
from eos_sweep.analysis.opened import open_sweep
from eos_sweep.analysis.slices import nearest
from eos_sweep.analysis.whole_files import hidden, remove, whole
from eos_sweep.errors import InputError
from eos_sweep.store import root
from eos_sweep.store.location import Location
from eos_sweep.store.provenance import stamp
from eos_sweep.store.store import Store


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
        Name -> value of axes that are reduced to this value: the nearest one on an evenly spaced axis.
    variables
        Variables to export; all by default.
    overwrite
        Whether to replace an existing file.

    Returns
    -------
    Path
        Path of the file, which exists as a whole or not at all.

    Raises
    ------
    InputError
        If there is no such store, axis, value or variable, or the file exists already.

    Examples
    --------
    >>> import eos_sweep
    >>> given = {"parameters": {}, "initial": {"theta1": 1}, "steps": 50, "out": "map.zarr"}
    >>> stored = eos_sweep.sweep("quadratic", {"a1": [1, 2], "eta": [0.5, 1.5, 2.5]}, **given)
    >>> path = eos_sweep.export("map.zarr", "slice.zarr.zip", at={"a1": 2}, variables=["regime"])
    >>> eos_sweep.open_sweep("map.zarr").sizes["a1"], path.name
    (2, 'slice.zarr.zip')
    """
    out = Path(out)
    kinds = {".zip": _zip, ".nc": netcdf.write}
    if out.suffix not in kinds:
        raise InputError(f"{out}: not a kind of file that can be exported; end the name in .zarr.zip or .nc")
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists; choose another name, or --overwrite")
    opened = Store.open(store)
    with whole(out, "choose another place") as temporary:
        if out.suffix == ".zip" and not at and not variables:
            _pack(opened.location, temporary, opened.problem, opened.arrays)
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
        {
            name: value
            for name, value in chosen.attrs.items()
            if name not in ("eos_sweep", "eos_sweep_format", "store_id")
        }
    )  # the slice is no store


def _pack(
    location: Location,
    out: Path,
    problem: Callable[[str, bytes], str] = lambda key, content: "",
    arrays: Iterable[str] = (),
) -> None:
    """Put a zarr store's files into a zip as they are: chunks are compressed already.

    ``problem`` says what is wrong with a file, if anything is; InputError then, or if one of ``arrays`` is not there.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for key in location.keys():
            content = None if key.endswith(".partial") else location.read(key)
            if content is not None and (reason := problem(key, content)):
                raise InputError(f"{location}: {key} is damaged: {reason}; eos-sweep run --check mends it")
            if content is not None:
                file.writestr(key, content)
        missing = [name for name in arrays if f"{name}/zarr.json" not in file.NameToInfo]
    if missing:
        raise InputError(
            f"{location}: {missing[0]} is a link, which is not followed; put its folder in place, or export a slice"
        )


def _zip(dataset: xr.Dataset, out: Path) -> None:
    folder = hidden(out)  # not straight into a zip, which would keep all that is written twice
    try:
        dataset.to_zarr(folder, zarr_format=3, mode="w", consolidated=False)
        root.consolidate(Location(folder), {})
        _pack(Location(folder), out)
    finally:
        remove(folder)

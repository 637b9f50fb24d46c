"""What is in a store or an exported file, as digests by name: as zarr holds it, and as plain xarray reads it."""

import hashlib
import json
import os
import sys
import zipfile

# Free text, and what tells how a store was made, not what is in it.
FREE = {"title", "history", "created", "source", "references", "long_name", "cpu", "core_seconds", "platform"}
FREE |= {"git_commit", "git_dirty", "store_id", "total_steps"}


def tell(place, kind="store"):
    """Print the content of a store or of a NetCDF file as JSON."""
    json.dump(netcdf(place) if kind == "netcdf" else store(place), sys.stdout)


def store(path):
    """Return name -> digest of all arrays, attributes and ledger entries of a store, and of what xarray reads."""
    import zarr

    zipped = path.endswith(".zip")
    place = zarr.storage.ZipStore(path, mode="r") if zipped else path
    names, odd = _zip_names(path) if zipped else _folder_names(path)
    group = zarr.open_group(place, mode="r", use_consolidated=False)
    found = {"attributes": _attributes(group.attrs), **dict.fromkeys(odd, "no file")}
    for name in names:
        try:
            member = group[name]
        except Exception as error:  # the many kinds of what is damaged
            found[name] = f"unreadable: {type(error).__name__}"
            continue
        if isinstance(member, zarr.Array):
            found[name] = _array(name, member)
        if not name.startswith("ledger"):
            found[f"{name}: attributes"] = _attributes(member.attrs)
    if all(name.startswith(("pyramid/", "ledger/")) for name in odd):
        found |= _plain(place)
    return found


def _zip_names(path):
    with zipfile.ZipFile(path) as held:
        return sorted(name.removesuffix("/zarr.json") for name in held.namelist() if name.endswith("/zarr.json")), []


def _folder_names(path):
    """Return arrays and groups in a folder, and what in them is no file, so that nothing can be read there."""
    names, odd = [], []
    for folder, folders, files in os.walk(path, followlinks=True):  # as programs read them
        below = os.path.relpath(folder, path)
        if "zarr.json" in (*folders, *files) and below != ".":
            names.append(below)
        odd += [os.path.join(below, name) for name in files if not os.path.isfile(os.path.join(folder, name))]
    return [name for name in sorted(names) if not any(one.startswith(f"{name}/") for one in odd)], odd


def _array(name, array):
    try:
        values = array[...]
    except Exception as error:  # the many kinds of what is damaged
        return f"unreadable: {type(error).__name__}"
    if name == "ledger/blocks":
        values = values[..., : values.ndim]  # extent and steps; then follow times and seals
    return _digest(values, array.metadata.dimension_names or ())


def _plain(place):
    import xarray as xr

    with xr.open_zarr(place) as dataset:
        return _dataset(dataset, "plain ")


def netcdf(path):
    """Return name -> digest of the variables of a NetCDF file."""
    import xarray as xr

    with xr.open_dataset(path, engine="h5netcdf") as dataset:
        return _dataset(dataset, "")


def _dataset(dataset, prefix):
    found = {f"{prefix}attributes": _attributes(dataset.attrs)}
    for name, variable in dataset.variables.items():
        try:
            found[f"{prefix}{name}"] = _digest(variable.values, variable.dims) + _attributes(variable.attrs)
        except Exception as error:
            found[f"{prefix}{name}"] = f"unreadable: {type(error).__name__}"
    return found


def _digest(values, dims):
    import numpy as np

    values = np.ascontiguousarray(values)
    return hashlib.sha256(f"{values.dtype} {values.shape} {dims}".encode() + values.tobytes()).hexdigest()[:16]


def _attributes(attributes):
    kept = {name: value for name, value in attributes.items() if name not in FREE and not name.endswith("_version")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=repr).encode()).hexdigest()[:16]


def differences(found, expected):
    """Return the names that differ, the ones that are missing or are too many included."""
    return sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))

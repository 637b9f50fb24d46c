"""What a new store is made of, byte for byte what zarr makes of the same arrays and groups."""

import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from zarr.codecs import Crc32cCodec, ZstdCodec

from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store import chunk_bytes, root
from eos_sweep.store.blocks import block_shape
from eos_sweep.store.location import Location
from eos_sweep.store.store import Store
from helpers.stores import SPEC, changed

NETWORK = {
    "model": "relu",
    "steps": 3,
    "axes": {"seed": [0, 1], "eta": [0.1, 0.2]},
    "parameters": {"dimension": 3, "points": 4},
}
SWEEPS = {
    "of all variables": changed(observables=["all", "doubled"]),
    "in float32 and chunks": changed(dtype="float32", chunks={"eta": 5}),
    "along one axis, with an expression and infinity": {
        "model": "bivariate",
        "steps": 5,
        "axes": {"lambda1": [1.0, 2.0, 3.0]},
        "parameters": {"lambda2": 0.01, "eta": 0.1, "clip": "inf", "radius": "1 / lambda1"},
        "initial": {"alpha": 0.5, "beta1": -0.0, "beta2": 0.5},
    },
    "of a network": NETWORK,
}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def made_by_zarr(store: Store, folder: Path) -> None:
    """Create the arrays and groups of ``store`` again, one by one, by what zarr reads of them."""
    made = zarr.create_group(zarr.storage.LocalStore(folder), zarr_format=3, attributes=store.group.attrs.asdict())
    for name, old in sorted(store.group.members()):
        if name == "ledger":
            group, names = made.create_group(name, attributes=old.attrs.asdict()), [("blocks", old["blocks"])]
        else:
            group, names = made, [(name, old)]
        for inner, array in names:
            codecs = [ZstdCodec(), Crc32cCodec()] if inner == "blocks" else chunk_bytes.codecs()
            new = group.create_array(
                inner,
                shape=array.shape,
                dtype=array.dtype,
                chunks=array.chunks,
                fill_value=array.fill_value,
                dimension_names=array.metadata.dimension_names,
                compressors=codecs,
                attributes=array.attrs.asdict(),
                config={"write_empty_chunks": True},
            )
            if name not in (*store.arrays, "ledger"):
                new[...] = array[...]
    zarr.consolidate_metadata(made.store)


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
@pytest.mark.parametrize("case", SWEEPS)
def test_each_file_has_the_bytes_that_zarr_would_write(tmp_path, case):
    sweep = Sweep.from_dict(SWEEPS[case])
    store = Store.create(Location(tmp_path / "ours"), sweep, block_shape(sweep))
    made_by_zarr(store, tmp_path / "zarrs")
    ours, zarrs = files(tmp_path / "ours"), files(tmp_path / "zarrs")
    assert ours.keys() == zarrs.keys()
    assert [name for name in ours if ours[name] != zarrs[name] and name != "zarr.json"] == []
    # Zarr gathers in its own order, and leaves out what groups below the root have gathered.
    root_of_ours, root_of_zarrs = json.loads(ours["zarr.json"]), json.loads(zarrs["zarr.json"])
    assert root_of_ours == root_of_zarrs


def test_it_is_consolidated_as_the_end_of_a_run_does_it(tmp_path):
    sweep = Sweep.from_dict(SPEC)
    store = Store.create(Location(tmp_path / "s"), sweep, block_shape(sweep))
    before = (tmp_path / "s" / "zarr.json").read_bytes()
    root.consolidate(store.location, {})
    assert (tmp_path / "s" / "zarr.json").read_bytes() == before


def test_coordinates_have_the_bits_of_the_spec(tmp_path):
    sweep = Sweep.from_dict(SWEEPS["along one axis, with an expression and infinity"])
    store = Store.create(Location(tmp_path / "s"), sweep, block_shape(sweep))
    found = {name: store.group[name][...] for name in ("lambda1", "radius", "clip", "beta1")}
    assert found["lambda1"].tolist() == [1.0, 2.0, 3.0] and found["clip"] == np.inf
    assert found["radius"].tobytes() == (1.0 / found["lambda1"]).tobytes()
    assert np.signbit(found["beta1"])

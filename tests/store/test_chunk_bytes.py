"""Chunks encoded here are those that zarr writes and reads; a store with other codecs keeps them."""

import asyncio

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from zarr.codecs import BloscCodec
from zarr.core.buffer import default_buffer_prototype

from eos_sweep import regimes
from eos_sweep.store import audit, chunk_bytes
from eos_sweep.store.relabelling import relabel
from eos_sweep.store.store import Store
from helpers.runs import assert_like, run
from helpers.stores import SPEC, contents

KINDS = (np.float64, np.nan), (np.float32, np.nan), (np.int64, -1), (np.int32, -1), (np.int8, 0)


@given(st.data())
def test_a_chunk_has_the_bytes_that_zarr_writes(data):
    dtype, fill = data.draw(st.sampled_from(KINDS))
    shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=4, max_side=6))
    values = data.draw(arrays.arrays(dtype, data.draw(st.tuples(*(st.integers(1, size) for size in shape)))))
    place, settings = zarr.storage.MemoryStore(), {"array.write_empty_chunks": True}
    with zarr.config.set(settings):
        array = zarr.create_array(place, shape=values.shape, chunks=shape, dtype=dtype, fill_value=fill,
                                  compressors=chunk_bytes.codecs())  # fmt: skip
        array[...] = values
    key = array.metadata.encode_chunk_key((0,) * len(shape))
    written = asyncio.run(place.get(key, default_buffer_prototype())).to_bytes()
    assert (
        chunk_bytes.has_own_codecs(array)
        and chunk_bytes.encode(values, shape, fill) == written
        and chunk_bytes.intact(written)
    )


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_chunk_with_another_bit_is_not_intact(words, data):
    chunk = bytearray(chunk_bytes.encode(np.frombuffer(words, np.int8), (len(words),), 0))
    place = data.draw(st.integers(0, 8 * len(chunk) - 1))
    chunk[place // 8] ^= 1 << place % 8
    assert (
        not chunk_bytes.intact(bytes(chunk))
        and not chunk_bytes.intact(bytes(chunk[:-1]))
        and not chunk_bytes.intact(None)
    )


@pytest.fixture
def other_codecs(tmp_path):
    """The store of SPEC with chunks compressed by zstd, without checksums."""
    run(SPEC, tmp_path / "s")
    store = Store.open(tmp_path / "s")
    for name, array in store.arrays.items():
        about = {"attributes": dict(array.attrs), "dimension_names": array.metadata.dimension_names}
        values = array[...]
        store.group.create_array(name, data=values, chunks=array.chunks, fill_value=array.fill_value,
                                 compressors=[BloscCodec(cname="zstd")], overwrite=True, **about)  # fmt: skip
    store.consolidate()
    return tmp_path / "s"


@pytest.mark.slow
def test_a_store_with_other_codecs_keeps_them(tmp_path, other_codecs):
    run(SPEC, tmp_path / "whole")
    store = Store.open(other_codecs)
    assert_like(other_codecs, tmp_path / "whole")
    for strict in (regimes.thresholds({"growth": 1.5}), store.thresholds):
        relabel(Store.open(other_codecs), strict)
        relabel(Store.open(tmp_path / "whole"), strict)
        assert_like(other_codecs, tmp_path / "whole")
    before = contents(other_codecs)
    store.write((1, 1), {name: store.read((1, 1), name) for name in store.arrays})
    assert contents(other_codecs) == before
    assert audit.check(Store.open(other_codecs)).blocks == {}
    chunk = other_codecs / "sharpness_max" / "c" / "1" / "1"
    chunk.write_bytes(chunk.read_bytes()[:20] + b"\xff" * (len(chunk.read_bytes()) - 20))
    (other_codecs / "regime" / "c" / "0" / "0").write_bytes(
        (other_codecs / "steps_taken" / "c" / "0" / "0").read_bytes()
    )
    assert audit.check(Store.open(other_codecs)).blocks == {(0, 0): ["regime"], (1, 1): ["sharpness_max"]}

"""Chunks made here are those that zarr makes, and reads; stores whose chunks are of another kind go on as they are."""

import asyncio

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_runner import assert_like, run
from test_store import SPEC, contents
from zarr.codecs import BloscCodec
from zarr.core.buffer import default_buffer_prototype

from eos_sweep import chunks, regimes
from eos_sweep.store import Store

KINDS = (np.float64, np.nan), (np.float32, np.nan), (np.int64, -1), (np.int32, -1), (np.int8, 0)


@given(st.data())
def test_a_chunk_is_what_zarr_makes_of_it(data):
    dtype, fill = data.draw(st.sampled_from(KINDS))
    shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=4, max_side=6))
    values = data.draw(arrays.arrays(dtype, data.draw(st.tuples(*(st.integers(1, size) for size in shape)))))
    place, settings = zarr.storage.MemoryStore(), {"array.write_empty_chunks": True}
    with zarr.config.set(settings):
        array = zarr.create_array(place, shape=values.shape, chunks=shape, dtype=dtype, fill_value=fill,
                                  compressors=chunks.codecs())  # fmt: skip
        array[...] = values
    key = array.metadata.encode_chunk_key((0,) * len(shape))
    written = asyncio.run(place.get(key, default_buffer_prototype())).to_bytes()
    assert chunks.made_here(array) and chunks.encoded(values, shape, fill) == written and chunks.intact(written)


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_chunk_with_another_bit_is_not_intact(words, data):
    chunk = bytearray(chunks.encoded(np.frombuffer(words, np.int8), (len(words),), 0))
    place = data.draw(st.integers(0, 8 * len(chunk) - 1))
    chunk[place // 8] ^= 1 << place % 8
    assert not chunks.intact(bytes(chunk)) and not chunks.intact(bytes(chunk[:-1])) and not chunks.intact(None)


@pytest.fixture
def of_another_kind(tmp_path):
    """The store of SPEC with chunks by zstd, without checksums."""
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
def test_a_store_of_another_kind_is_written_in_its_own(tmp_path, of_another_kind):
    run(SPEC, tmp_path / "whole")
    store = Store.open(of_another_kind)
    assert_like(of_another_kind, tmp_path / "whole")
    for strict in (regimes.thresholds({"growth": 1.5}), store.thresholds):
        Store.open(of_another_kind).relabel(strict)
        Store.open(tmp_path / "whole").relabel(strict)
        assert_like(of_another_kind, tmp_path / "whole")
    before = contents(of_another_kind)
    store.write((1, 1), {name: store.read((1, 1), name) for name in store.arrays})
    assert contents(of_another_kind) == before

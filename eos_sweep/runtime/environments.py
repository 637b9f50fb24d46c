"""The environment of a run, in a worker process that was forked from a server with another one.

The libraries that the server has imported have read its environment; those of them that count are told.
"""

import gc
import os
from collections.abc import Mapping

import fsspec
import numba.core.config
from numba.core.dispatcher import Dispatcher

from eos_sweep import kernel_cache
from eos_sweep.engine.networks import blas


def adopt(environment: Mapping[str, str]) -> None:
    """Have an environment, as if this process had been started in it."""
    os.environ.clear()
    os.environ.update(environment)
    fsspec.config.set_conf_env(fsspec.config.conf)
    cached_in = numba.core.config.CACHE_DIR
    numba.core.config.reload_config()
    if numba.core.config.CACHE_DIR != cached_in:
        _move_caches()
    threads = environment.get("OPENBLAS_NUM_THREADS", "")
    if threads.isdigit() and int(threads) and (found := blas.switch()):
        _, put = found
        put(int(threads))


def _move_caches() -> None:
    """Have functions that were made before cached where new ones are."""
    kernel_cache.folder_of.cache_clear()
    for one in gc.get_objects():
        if isinstance(one, Dispatcher) and one.py_func.__module__.startswith("eos_sweep."):
            one.enable_caching()

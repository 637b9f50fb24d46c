"""Imports what worker processes need, in the server from which they are forked; it is imported there alone."""

import contextlib

from eos_sweep.runtime.interrupt import ignore_ctrl_c

ignore_ctrl_c()  # before what takes a second to import
with contextlib.suppress(Exception):  # what fails here fails in a worker, too, and is told then
    from eos_sweep.runtime import worker_process  # noqa: F401

"""C, compiled with -O3 -march=native: a scalar loop, and lanes that the compiler vectorises."""

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from eos_sweep.checks.bench.peers import plain

NAME = "C"
OPTIONS = {
    "scalar loop, closed form": ("-DLANES=1",),
    "lanes, -ffast-math, closed form": ("-DLANES=32", "-fopenmp-simd", "-ffast-math"),
}
TRAJECTORIES = dict.fromkeys(OPTIONS, 512)  # a multiple of the lanes


def missing(variant):
    """Return why the variant cannot run here; empty if it can."""
    return "" if compiler() else "no C compiler called cc, gcc or clang"


def compiler():
    """Return the path of a C compiler, None if there is none."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def library(*options):
    """Compile loop.c with -O3 -march=native and load it; RuntimeError with the compiler's message if that fails."""
    with tempfile.TemporaryDirectory(prefix="eos_sweep_") as folder:
        source, built = Path(__file__).with_name("loop.c"), Path(folder) / "loop.so"
        command = [compiler(), "-O3", "-march=native", *options, "-shared", "-fPIC", "-o", built, source, "-lm"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{compiler()}: {(done.stderr.strip() or 'failed').splitlines()[-1]}")
        return ctypes.CDLL(str(built))


def prepare(variant):
    """Return ``run(points, steps)``."""
    run_all = library(*OPTIONS[variant]).run_all
    table = np.ctypeslib.ndpointer(np.float64, 2, flags="C_CONTIGUOUS")
    run_all.argtypes = ctypes.c_long, ctypes.c_long, table, table
    run_all.restype = None

    def run(points, steps):
        records = np.empty((len(points[0]), len(plain.Record._fields)))
        run_all(len(records), steps, np.ascontiguousarray(np.transpose(points)), records)
        return plain.Record(*records.T)

    return run


def peak():
    """Return the floating point operations per second of one core in fused multiply-adds of doubles."""
    function = library("-DLANES=1").peak
    function.restype = ctypes.c_double
    return max(function() for _ in range(5))

"""Runs command lines one after the other and reports suspicious events: an audit hook cannot be removed again.

The program reads [[folder, [argument, ...]], ...] as JSON from standard input, and writes a list of the results.  The
command "open" is eos_sweep.open_sweep.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

MARK = "pwned"  # in the name of everything that must not be run, imported or created
SECONDS, ROOM = 60, 2**31
EVENTS = {
    *("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "pty.spawn", "subprocess.Popen"),
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request", "webbrowser.open"),
    "shutil.unpack_archive",
}
# Dask copies its own graphs, and numba keeps kernels, as pickles; a store has none.
OWN = {"cloudpickle", "dask", "eos_sweep", "llvmlite", "numba", "numpy", "pandas", "xarray", "zarr", "_operator"}
PLAIN = {
    *(("copyreg", "_reconstructor"), ("builtins", "object"), ("builtins", "slice"), (Path.__module__, "PosixPath")),
    *(("numcodecs.zstd", "Zstd"), ("numcodecs.blosc", "Blosc")),
}
seen: list[str] = []


def watch(event: str, arguments: tuple) -> None:
    if event == "pickle.find_class":
        if arguments[0].partition(".")[0] not in OWN and arguments not in PLAIN:
            seen.append(f"{event} {arguments!r}"[:500])
    elif event in EVENTS:
        seen.append(f"{event} {arguments!r}"[:500])
    elif event == "exec" and (code := arguments[0]):
        names = " ".join(map(str, (code.co_filename, *code.co_names, *code.co_consts)))
        if MARK in names or (not os.path.isabs(code.co_filename) and not code.co_filename.startswith("<")):
            seen.append(f"exec {code!r}"[:500])
    elif event in ("import", "ctypes.dlopen") and MARK in str(arguments[:2]):
        seen.append(f"{event} {arguments[:2]!r}"[:500])


def opened(path: str) -> None:
    import eos_sweep

    repr(eos_sweep.open_sweep(path))


def one(folder: str, arguments: list[str]) -> dict:
    from click.testing import CliRunner

    from eos_sweep.cli.main import main
    from eos_sweep.errors import InputError

    os.chdir(folder)
    seen.clear()
    found = {"code": 0, "out": "", "err": "", "trace": ""}
    signal.alarm(SECONDS)
    began = time.perf_counter()
    try:
        if arguments[0] == "open":
            opened(arguments[1])
        else:
            result = CliRunner().invoke(main, arguments)
            found |= {"code": result.exit_code, "out": result.stdout, "err": result.stderr}
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
    except InputError as error:
        found |= {"code": 2, "err": f"eos-sweep: {error}\n"}
    except Exception:
        found["trace"] = traceback.format_exc()
    signal.alarm(0)
    return found | {
        "seconds": time.perf_counter() - began,
        "events": list(seen),
        "foreign": [name for name in sys.modules if MARK in name],
    }


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (4 * ROOM, 4 * ROOM))
    import matplotlib.font_manager  # noqa: F401  # which may look for fonts by a program, the first time

    import eos_sweep.kernel_cache  # noqa: F401

    sys.addaudithook(watch)
    json.dump([one(*line) for line in json.load(sys.stdin)], sys.stdout)

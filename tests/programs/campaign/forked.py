"""A process that runs command lines of eos-sweep in forked copies of itself, which have loaded the package already.

It reads one request a line from standard input, and answers each with a line, both of them JSON.  A copy calls the
same entry point as ``python -m eos_sweep``, leaves by the interpreter's ordinary end, and may be told to die: after
some seconds by a signal, or as it is about to change the n-th file.  The command "content" prints what is in a store.
"""

import faulthandler
import gc
import importlib
import json
import os
import pkgutil
import resource
import runpy
import signal
import sys
import time
import traceback

import content

# Names of audit events of what changes files; "open" does so in some modes only.
CHANGES = {"os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"}
MEMORY = 7 * 2**29  # bytes that a command may address, 3.5 GiB; an ordinary one takes less than 2
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def load():
    """Import everything that commands import, and start no thread."""
    import matplotlib

    matplotlib.use("Agg")
    import eos_sweep.cli

    modules = [f"eos_sweep.cli.{module.name}" for module in pkgutil.iter_modules(eos_sweep.cli.__path__)]
    lazy = ("analysis.one_file", "analysis.pyramid", "analysis.boundaries", "checks.labels.verification", "plot")
    for name in (*modules, *(f"eos_sweep.{name}" for name in lazy), "eos_sweep.runtime.runner", "h5netcdf", "h5py"):
        importlib.import_module(name)
    import matplotlib.pyplot
    import scipy.linalg  # noqa: F401  # numba imports it at the first kernel


def change_files(limit, end):
    """Call ``end`` as the process is about to change its ``limit``-th file; return the counter."""
    count = [0]

    def watch(event, arguments):
        if event == "open":
            if not isinstance(arguments[2], int) or not arguments[2] & WRITING or "/dev/" in str(arguments[0]):
                return
        elif event not in CHANGES:
            return
        count[0] += 1
        if count[0] == limit:
            end()

    sys.addaudithook(watch)
    return count


def enter(request):
    """Become the command of ``request``, in a copy of this process."""
    os.setsid()
    os.chdir(request["cwd"])
    os.environ.update(request["environment"])
    for number, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        file = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0)  # not the one of the requests
    faulthandler.register(signal.SIGUSR1, file=sys.__stderr__, all_threads=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))  # what reads a file without end must not take the machine
    if request["file_bytes"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_bytes"],) * 2)
    count = change_files(request["die_at"], lambda: os.kill(os.getpid(), signal.SIGKILL))
    sys.argv = ["eos-sweep", *request["arguments"]]
    try:
        if request["arguments"][0] == "content":
            content.tell(*request["arguments"][1:])
        else:
            runpy.run_module("eos_sweep", run_name="__main__")
    except SystemExit:
        raise
    except BaseException:
        traceback.print_exc()
        raise SystemExit(1) from None
    finally:
        with open(request["count"], "w") as file:
            file.write(str(count[0]))


def attend(pid, request):
    """Wait for the copy ``pid``, send it its signals, and return how it ended."""
    began, signals, hung = time.monotonic(), sorted(request["signals"]), False
    while True:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        seconds = time.monotonic() - began
        if found:
            break
        while signals and seconds >= signals[0][0]:
            os.kill(pid, signals.pop(0)[1])
        if seconds > request["timeout"]:
            hung = True
            os.kill(pid, signal.SIGUSR1)  # say where
            time.sleep(1)
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.002 if seconds < 0.5 else 0.01)
    try:
        os.killpg(pid, signal.SIGKILL)  # workers that it has left behind
    except ProcessLookupError:
        pass
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": seconds, "hung": hung, "kilobytes": usage.ru_maxrss}


def serve():
    """Answer requests until there are no more; in a copy, return after the command."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := sys.stdin.readline():
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            return enter(request)
        sys.stdout.write(json.dumps(attend(pid, request)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    load()
    gc.freeze()  # what is loaded is not looked through at the end of each copy
    serve()

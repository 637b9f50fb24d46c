"""Standard output and standard error of a command: neither ends it, and it waits for no reader of standard error."""

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import Any

from eos_sweep.errors import one_line

PIPE_BYTES = 512  # that POSIX lets a pipe take at once if it can take anything
PATIENCE = 0.1  # seconds to wait for a reader of standard error, before what it does not read is dropped


class _Output(io.FileIO):
    """A file descriptor that takes all that is written; ``error`` says why some of it was lost."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write the data, or drop them."""
        try:
            while (written := super().write(data)) is None:  # somebody else has made it non-blocking
                select.select([], [self], [])
            return written
        except OSError as error:
            if error.errno != errno.EPIPE:  # a reader that has seen enough is no fault
                self.error = error
            return len(data)


class _Messages(_Output):
    """Standard error: what nobody reads is dropped, too."""

    def write(self, data: Any) -> int:
        """Write the data, or drop them."""
        if os.name != "posix":  # select knows sockets only
            return super().write(data)
        if not select.select([], [self], [], PATIENCE)[1]:
            return len(data)
        return super().write(bytes(data)[:PIPE_BYTES])


@contextlib.contextmanager
def safe_streams() -> Iterator[None]:
    """Make standard output and error safe to write to for the rest of the process, unless a caller has replaced them.

    Output that is lost although somebody wants it, such as on a full disk, is told on standard error, with exit code 4.
    """
    if sys.stdout is not sys.__stdout__ or sys.stderr is not sys.__stderr__:
        yield
        return
    _open_closed()
    output = _Output(1, "wb", closefd=False)
    sys.stdout, sys.stderr = _text(output, sys.stdout), _text(_Messages(2, "wb", closefd=False), sys.stderr)
    code: Any = 0
    try:
        yield
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    if output.error and not code:
        print(f"eos-sweep: standard output: {output.error.strerror or one_line(output.error)}", file=sys.stderr)
        code = 4
    sys.exit(code)


def _open_closed() -> None:
    """Open the descriptors 0, 1 and 2 that are closed: a file that is opened later would get the output."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _text(raw: io.FileIO, like: Any) -> io.TextIOWrapper:
    """Return a text stream; a character that its encoding lacks is escaped."""
    encoding = like.encoding if like else "utf-8"
    lines = raw.isatty() or isinstance(raw, _Messages)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=lines)

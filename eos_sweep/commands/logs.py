"""Where the package's log goes when it is run from the command line."""

import logging
import sys

from eos_sweep.errors import visible


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


class _Stderr(logging.StreamHandler):
    """Writes to what standard error is at the moment: a live bar puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to_stderr(quiet: bool, verbose: bool) -> None:
    """Show warnings on standard error, also what happens if ``verbose``, nothing but errors if ``quiet``."""
    handler = _Stderr()
    handler.setFormatter(_Line("%(asctime)s %(message)s" if verbose else "%(message)s"))
    log = logging.getLogger("eos_sweep")
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING)

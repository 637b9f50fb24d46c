"""The log of the package on standard error."""

import logging
import sys

from eos_sweep.errors import visible


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


class _Stderr(logging.StreamHandler):
    """Writes to the present standard error, which a live progress bar replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to_stderr(quiet: bool, verbose: bool) -> None:
    """Show warnings on standard error; only errors if ``quiet``, and also information if ``verbose``."""
    handler = _Stderr()
    handler.setFormatter(_Line("%(asctime)s %(message)s" if verbose else "%(message)s"))
    log = logging.getLogger("eos_sweep")
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING)

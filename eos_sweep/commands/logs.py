"""Where the package's log goes when it is run from the command line."""

import logging
import sys


class _Stderr(logging.StreamHandler):
    """Writes to what standard error is at the moment: a live bar puts itself in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def log_to_stderr(quiet: bool, verbose: bool) -> None:
    """Show warnings on standard error, also what happens if ``verbose``, nothing but errors if ``quiet``."""
    handler = _Stderr()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s" if verbose else "%(message)s"))
    log = logging.getLogger("eos_sweep")
    log.handlers = [handler]
    log.propagate = False
    log.setLevel(logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING)

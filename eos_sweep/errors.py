"""The errors that are no defects; every other exception keeps its traceback."""


class InputError(ValueError):
    """An input is wrong.  The message is for the user: it names the thing, its value, and the remedy.

    The command line prints it and exits with 2.
    """


class Stopped(RuntimeError):
    """A run could not go on: the disk is full, the store is gone, the cluster is lost.  The message says what to do.

    What was recorded is kept, and the same command goes on.  The command line prints it and exits with 4.
    """


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop by a signal, finished what was in flight, and recorded it."""

    def __init__(self, signal: int):
        super().__init__(signal)
        self.signal = signal

"""Errors that are not defects of the program, and how they read; every other exception keeps its traceback."""

import difflib
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np


def visible(text: str) -> str:
    """Return ``text`` on one line: newlines, escapes and other invisible characters are written as in ``repr``."""
    if text.isprintable():
        return text
    return "".join(c if _is_visible(c) else c.encode("unicode_escape").decode() for c in text)


def _is_visible(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # spaces of any width


def named(name: str, most: int = 60) -> str:
    """Return a name, or the beginning of a long one."""
    return name if len(name) <= most else name[: most - 3] + "..."


def short(value: Any) -> str:
    """Return ``value`` as a line of text for an error, cut where it is long."""
    try:
        line = " ".join((str(value) if isinstance(value, np.generic) else repr(value)).split())
    except (ValueError, RecursionError):  # an integer of more digits, or lists of more levels, than Python prints
        line = f"a huge {type(value).__name__}"
    return named(line)


def closest(name: str, options: Iterable[str]) -> str:
    """Return the remedy for a ``name`` that is not among ``options``: the closest of them, or all."""
    options = list(options)
    match = difflib.get_close_matches(named(name), options, 1)
    return f"did you mean {match[0]!r}?" if match else f"there are: {named(', '.join(options), 240)}"


def one_line(error: BaseException) -> str:
    """Return an error on one line, even an error that cannot describe itself."""
    try:
        text = " ".join(str(error).split())
    except BaseException:  # a model of the user's own may raise anything, also from its error's __str__
        text = ""
    return text or type(error).__name__


def is_thread_shortage(error: BaseException) -> bool:
    """Return whether an error says that the system lets this process start no further thread."""
    return isinstance(error, RuntimeError) and "can't start new thread" in one_line(error)


class ReportedError(Exception):
    """An error whose message is printed without a traceback: a line for each argument.

    Text from the user that is repeated in it can neither break a line nor control a terminal.
    """

    def __str__(self) -> str:
        """Return the message, a line for each argument."""
        return "\n  ".join(visible(str(line)) for line in self.args)


class InputError(ReportedError, ValueError):
    """An input is wrong.  The message is for the user: it names the thing, its value, and the remedy.

    The command line prints it and exits with 2.

    Examples
    --------
    >>> import eos_sweep
    >>> eos_sweep.open_sweep("nowhere.zarr")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    eos_sweep.errors.InputError: nowhere.zarr: no sweep is stored here; ...
    """


class SpecError(InputError):
    """A specification that cannot be run.  The message is one line for its author.

    Examples
    --------
    >>> import eos_sweep
    >>> eos_sweep.Sweep.from_dict({"model": "quadratic", "stpes": 100})
    Traceback (most recent call last):
    eos_sweep.errors.SpecError: stpes: unknown key, got 100; did you mean 'steps'?
    """


class Stopped(ReportedError, RuntimeError):
    """A run cannot continue: the disk is full, the store is gone, the cluster is lost.  The message says what to do.

    Finished blocks are kept, and the same command continues the run.  The command line prints the message and exits
    with 4.

    Examples
    --------
    >>> import tempfile
    >>> import eos_sweep
    >>> given = {"axes": {"eta": [0.1, 0.2]}, "parameters": {"a1": 1}, "initial": {"theta1": 1}, "steps": 5}
    >>> def fill(progress):  # what a full disk raises
    ...     raise OSError("No space left on device")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         eos_sweep.sweep("quadratic", **given, out=f"{folder}/s.zarr", report=fill)
    ...     except eos_sweep.Stopped as stopped:
    ...         print(str(stopped).partition(": ")[2])
    No space left on device; fix that, then run the same command again
    """


class Interrupted(KeyboardInterrupt):
    """A signal stopped a run, after the blocks in flight were finished and recorded.

    Parameters
    ----------
    signal : int
        Number of the signal.
    kept : str
        What is kept of trajectories that have begun, in words.
    """

    def __init__(self, signal: int, kept: str = ""):
        super().__init__(signal)
        self.signal, self.kept = signal, kept

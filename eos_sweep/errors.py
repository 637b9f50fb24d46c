"""The errors that are no defects; every other exception keeps its traceback."""

import unicodedata


def visible(text: str) -> str:
    """Return ``text`` on one line: a newline, an escape and whatever else does not show, as ``repr`` has it."""
    if text.isprintable():
        return text
    return "".join(c if _shows(c) else c.encode("unicode_escape").decode() for c in text)


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # spaces of any width


def named(name: str, most: int = 60) -> str:
    """Return a name, or the beginning of a long one."""
    return name if len(name) <= most else name[: most - 3] + "..."


class Told(Exception):
    """An error that is told in a line, and in further ones below it if it has more arguments than one.

    What a user gave and is repeated in it can neither break the line nor steer a terminal.
    """

    def __str__(self) -> str:
        return "\n  ".join(visible(str(line)) for line in self.args)


class InputError(Told, ValueError):
    """An input is wrong.  The message is for the user: it names the thing, its value, and the remedy.

    The command line prints it and exits with 2.
    """


class Stopped(Told, RuntimeError):
    """A run could not go on: the disk is full, the store is gone, the cluster is lost.  The message says what to do.

    What was recorded is kept, and the same command goes on.  The command line prints it and exits with 4.
    """


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop by a signal, finished what was in flight, and recorded it."""

    def __init__(self, signal: int):
        super().__init__(signal)
        self.signal = signal

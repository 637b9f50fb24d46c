"""The error for what a user gave."""

import unicodedata


def visible(text: str) -> str:
    """Return ``text`` on one line: a newline, an escape and whatever else does not show, as ``repr`` has it."""
    if text.isprintable():
        return text
    return "".join(c if _shows(c) else c.encode("unicode_escape").decode() for c in text)


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"  # spaces of any width


class InputError(ValueError):
    """An input is wrong.  The message is for the user: it names the thing, its value, and the remedy.

    It is a line, and further lines below it if there are more arguments; what a user gave and is repeated in it can
    neither break it nor steer a terminal.

    The command line prints it and exits with 2; every other exception is a defect and keeps its traceback.
    """

    def __str__(self) -> str:
        return "\n  ".join(visible(str(line)) for line in self.args)

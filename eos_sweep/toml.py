"""A TOML file -> plain data, or one line; whatever is in the file, that takes seconds and megabytes."""

import re
import tomllib
from pathlib import Path
from typing import Any

from eos_sweep.axes import SpecError
from eos_sweep.errors import named

LARGEST = 2**23  # bytes; some 400 000 numbers
# tomllib takes memory and time as the square of the parts of a dotted key: 4 GB for one of 32 000.  No spec has three.
PARTS = 16
# Strings and comments, up to the end of the line or the file if they do not end before; no text takes more than a pass.
QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}|\Z)|'
    r"'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z)|"
    r'"(?:[^"\\\n]|\\[^\n])*+"?|'
    r"'[^'\n]*+'?|"
    r"#[^\n]*+",
    re.DOTALL,
)
DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{PARTS}}}")


def read(path: str | Path) -> dict[str, Any]:
    """Return what the TOML file at ``path`` holds.

    Raises:
        SpecError: it cannot be read, is too large, or is not TOML.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: {reason}; give the path of a TOML file") from None
    if len(content) > LARGEST:
        raise SpecError(f"{path}: more than {LARGEST} bytes; give a TOML file, with long axes as log or linear ones")
    try:
        text = content.decode("utf-8")
        if DOTTED.search(QUOTED.sub("_", text)):
            raise ValueError(f"a key of more than {PARTS} parts")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path}: not TOML: {named(str(error), 200)}; mend it there") from None

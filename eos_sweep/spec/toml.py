"""Read a TOML file as plain data, or fail with one line.

Any file, even a hostile one, takes at most seconds and megabytes.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from eos_sweep.errors import SpecError, named

MAX_FILE_BYTES = 2**23  # some 400 000 numbers
# The memory and time of tomllib grow as the square of the parts of a dotted key: 4 GB for a key of 32 000 parts.  No
# spec has keys of three parts.
MAX_KEY_PARTS = 16
# Strings and comments.  An unterminated one ends with its line or with the file.  Matching takes a single pass.
QUOTED_OR_COMMENT = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"{3,5}|\Z)|'
    r"'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z)|"
    r'"(?:[^"\\\n]|\\[^\n])*+"?|'
    r"'[^'\n]*+'?|"
    r"#[^\n]*+",
    re.DOTALL,
)
LONG_DOTTED_KEY = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_KEY_PARTS}}}")


def read(path: str | Path) -> dict[str, Any]:
    """Return the content of the TOML file at ``path``.

    Raises
    ------
    SpecError
        If it cannot be read, is too large, or is not TOML.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: the path has a null byte
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: {reason}; give the path of a TOML file") from None
    if len(content) > MAX_FILE_BYTES:
        raise SpecError(
            f"{path}: more than {MAX_FILE_BYTES} bytes; give a TOML file, with long axes given as log or linear"
        )
    try:
        text = content.decode("utf-8")
        if LONG_DOTTED_KEY.search(QUOTED_OR_COMMENT.sub("_", text)):
            raise ValueError(f"a key of more than {MAX_KEY_PARTS} parts")
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"{path}: not TOML: {named(str(error), 200)}; correct it there") from None

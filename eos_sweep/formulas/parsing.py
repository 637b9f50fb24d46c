"""Python's parser, for one thread at a time."""

import ast
import threading
from typing import Any

_ONE = threading.Lock()  # Python 3.11 raises SystemError where two threads parse at once


def parse(source: str, mode: str = "exec") -> Any:
    """Return the tree of a source, as :func:`ast.parse` does."""
    with _ONE:
        return ast.parse(source, mode=mode)

"""Whether processes that are started would run the user's script again from its top.

A process of a local cluster imports the script that has started it.  Without ``if __name__ == "__main__":`` it comes to
the same call, and fails with many pages of tracebacks.
"""

import ast
import sys
from pathlib import Path
from types import FrameType

from eos_sweep.errors import InputError, visible

NEVER_IMPORTED = "__main__", "ipython"  # files of these names, see multiprocessing.spawn


class UnguardedScript(InputError, SystemExit):
    """An error that ends a script with its line alone, since a traceback would say nothing more."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = message  # which Python prints, and then exits with 1


def check_main_guard() -> None:
    """Raise UnguardedScript if the script that runs now is no file, or has called this outside of a guard."""
    main = sys.modules["__main__"]
    path = Path(getattr(main, "__file__", None) or "__main__")
    if path.stem in NEVER_IMPORTED:
        return
    if not path.exists():
        raise UnguardedScript(
            f"workers: each process imports {visible(path.name)}, which is no file; run a file, or threads"
        )
    line = _line_in(main.__dict__)
    if line and not _is_guarded(path, line):
        raise UnguardedScript(
            f"workers: each process runs {visible(path.name)} again from its top; move what it does at line {line} "
            'below if __name__ == "__main__":, or use threads, which need no such line'
        )


def _line_in(names: dict) -> int:
    """Return the line of the module with these names that has led here; 0 if none has."""
    frame: FrameType | None = sys._getframe()
    while frame and not (frame.f_globals is names and frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return frame.f_lineno if frame else 0


def _is_guarded(path: Path, line: int) -> bool:
    """Return whether a line is in the body of an ``if`` that asks for ``__name__``, or cannot be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return True
    return any(
        isinstance(node, ast.If)
        and node.lineno <= line <= (node.end_lineno or line)
        and any(isinstance(name, ast.Name) and name.id == "__name__" for name in ast.walk(node.test))
        for node in ast.walk(tree)
    )

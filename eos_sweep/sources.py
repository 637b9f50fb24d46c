"""A hash of the sources that a result is computed from."""

import ast
import functools
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def digest(*modules: Any) -> str:
    """Return a hash of the sources of ``modules`` and of all that they import, from wherever they import it.

    The standard library and packages installed from elsewhere than ``modules`` are left out: they change by version,
    not by hand.
    """
    ours = {module.__name__.partition(".")[0] for module in modules}
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        name, path = module.__name__, getattr(module, "__file__", None) or ""
        if name in found or not path.endswith(".py"):
            continue
        if name.partition(".")[0] in ours or not path.startswith(INSTALLED):
            found[name] = Path(path).read_text(encoding="utf-8")
            waiting += _imports(module, found[name])
    return hashlib.sha256("\0".join(found[name] for name in sorted(found)).encode()).hexdigest()[:16]


def _imports(module: Any, source: str) -> Iterator[Any]:
    """Yield the modules that the import statements of ``source`` name, as far as they are loaded."""
    for base, level, name in _statements(source):
        if level:
            base = importlib.util.resolve_name("." * level + base, module.__package__)
        # `from a import b`: b is a module of its own, or something in a.
        found = sys.modules.get(f"{base}.{name}" if name else base) or sys.modules.get(base)
        if found:
            yield found


@functools.lru_cache
def _statements(source: str) -> tuple[tuple[str, int, str], ...]:
    """Return (a, level, b) for each `from a import b`, with its leading dots, and (a, 0, "") for `import a`."""
    found: list[tuple[str, int, str]] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, 0, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(node.module or "", node.level, alias.name) for alias in node.names]
    return tuple(found)

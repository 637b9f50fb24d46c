"""The modules of the package, and what each imports."""

import ast
import functools
from pathlib import Path

import eos_sweep

PACKAGE = Path(eos_sweep.__file__).parent
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}


@functools.cache
def imported(path):
    """Names of all modules that a file imports, anywhere in it; `from a import b` counts as a.b if that is a module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full.removeprefix("eos_sweep.") in FILES else node.module)
    return found


def within(module, packages):
    return any(module == package or module.startswith(package + ".") for package in packages)


def importers(*packages):
    return {name for name, path in FILES.items() if any(within(module, packages) for module in imported(path))}

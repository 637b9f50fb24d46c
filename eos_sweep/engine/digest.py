"""A digest of what a program means: it changes with any edit that can change a number, and with few others.

The digest of a definition covers its syntax (:mod:`eos_sweep.engine.syntax`) and, in place of each name in it, what
that name stands for, in whatever module it is defined.  So a file may be moved, a module or a helper renamed, a
docstring, a comment or the text of an error reworded: stored sweeps go on, with the kernels that are cached on disk.

A bare name of a module stands for all of it.  These edits are not seen:

- of a name that is looked up at run time, such as ``getattr(module, text)``, which stands for nothing but itself;
- of a module that changes another one when it is imported, such as by a registration of its own types there;
- of a docstring, or of the arguments of an error, that other code reads;
- of a function that calls a method of a table of its module, if only an assignment calls it (``_ = fill()``);
- of the place of a statement between two imports of one name, if nothing else binds that name.
"""

import hashlib
import importlib.util
import os
import sys
import sysconfig
from collections import deque
from collections.abc import Iterable, Sequence
from importlib.abc import InspectLoader
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

from eos_sweep.engine.syntax import STAR, Imported, Reference, Syntax, parsed

STANDARD_LIBRARY = os.path.join(sysconfig.get_path("stdlib"), "")
# Folders of installed packages: those of this environment, of the user, and of the system that an environment may see.
INSTALLED = {"site-packages", "dist-packages"}
WHOLE = "*"  # in place of a definition's name: all of a module

Definition = tuple[str, str]  # module, name
Part = str | tuple[Any, Iterable[str]]


class Answer(NamedTuple):
    """All that a digest asks about a module."""

    ours: bool  # whether it counts by its source, not by its name
    source: str | None  # of one of ours, if it has any
    package: bool


def digest(*parts: Part, tables: Iterable[str] = ()) -> str:
    """Return the digest of what ``parts`` mean.

    Parameters
    ----------
    *parts
        Texts, and definitions: a module, and the names of those in it that count.
    tables
        Names of modules that are not looked into.  They list others, such as the table of observables: what is looked
        up there has to be among ``parts``, and a new row changes nothing.  The modules of a package are looked into,
        if they are imported from it by name.

    Returns
    -------
    str
        16 hexadecimal digits.  The standard library and installed packages, except this one and those to which
        ``parts`` belong, count by name: they change by version, not by hand.
    """
    return made(*parts, tables=tables)[0]


def made(*parts: Part, tables: Iterable[str] = ()) -> tuple[str, dict[str, Answer]]:
    """Return a digest, and the answer about each module on which it depends beside its arguments."""
    walk = _Walk(own_packages(parts), set(tables))
    return walk.over(parts), walk.answers


def own_packages(parts: Iterable[Part]) -> set[str]:
    """Return the top-level packages to which this one and ``parts`` belong."""
    modules = [__name__, *(part[0].__name__ for part in parts if not isinstance(part, str))]
    return {name.partition(".")[0] for name in modules}


def answer(module: str, packages: set[str]) -> Answer:
    """Return what a digest asks about a module, where ``packages`` are ours."""
    ours = module.partition(".")[0] in packages or not _is_installed(_path(module))
    return Answer(ours, _source(module) if ours else None, _is_package(module))


class _Walk:
    """Visits definitions in the order in which they are first referred to, which numbers them."""

    def __init__(self, packages: set[str], tables: set[str]) -> None:
        self.answers: dict[str, Answer] = {}
        self._packages = packages
        self._tables = tables
        self._numbers: dict[Definition, int] = {}
        self._waiting: deque[Definition] = deque()
        self._resolving: set[Definition] = set()

    def over(self, parts: Iterable[Part]) -> str:
        """Return the digest of ``parts`` and of all that they refer to."""
        words: list[str] = []
        for part in parts:
            if isinstance(part, str):
                words.append(repr(part))
            else:
                module, names = part
                words += [f"{name}={self._meaning(module.__name__, (name,))}" for name in names]
        while self._waiting:
            words += self._defined(*self._waiting.popleft())
        return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]

    def _defined(self, module: str, name: str) -> list[str]:
        """Return the words of a definition, or of all definitions of a module."""
        syntax = self._syntax(module) or parsed("")
        if name == WHOLE:
            return [f"{each}={self._meaning(module, (each,))}" for each in sorted(syntax.names)]
        starred = any(self._offers(self._absolute(module, star), name, {module}) for star in syntax.stars)
        tokens = syntax.tokens(name, starred)
        words = [token if isinstance(token, str) else f"@{self._meaning(module, token)}" for token in tokens]
        return words + self._imports(module, name)  # a name may be imported and then defined from that

    def _meaning(self, module: str, reference: Reference) -> str:
        """Return what ``reference`` stands for in ``module``: the number of a definition, or a name if it is not ours.

        An empty reference stands for the module.
        """
        syntax = self._syntax(module)
        if not reference:
            return self._number(module, WHOLE) if syntax else module
        name, *attributes = reference
        if module in self._tables and self._answer(f"{module}.{name}").source is None:
            return ".".join(reference)
        if syntax and name in syntax.names:
            return ".".join((self._number(module, name), *attributes))
        if imported := self._imports(module, name, attributes):
            return "|".join(imported)
        if self._answer(module).ours and self._syntax(f"{module}.{name}"):
            return self._meaning(f"{module}.{name}", tuple(attributes))
        return ".".join(reference if syntax else (module, *reference))

    def _imports(self, module: str, name: str, attributes: Sequence[str] = ()) -> list[str]:
        """Return what each import of ``name`` into ``module`` stands for; there may be several, in different places."""
        syntax = self._syntax(module)
        if not syntax or (module, name) in self._resolving:  # a package may import a module of its own from itself
            return []
        sources = []
        for imported in syntax.imports.get(name, syntax.stars):
            source = self._absolute(module, imported)
            if imported.name != STAR:
                sources.append((source, imported.name))
            elif self._offers(source, name, {module}):
                sources.append((source, name))
        self._resolving.add((module, name))
        found = [self._meaning(source, (*filter(None, [known]), *attributes)) for source, known in sources]
        self._resolving.remove((module, name))
        return found

    def _offers(self, module: str, name: str, seen: set[str]) -> bool:
        """Tell whether ``from module import *`` brings a name; ``seen`` are modules that are under way."""
        if module in seen:
            return False
        syntax = self._syntax(module)
        if not syntax:  # it cannot be looked into, so it may bring anything
            return True
        if name in syntax.names or name in syntax.imports:
            return True
        return any(self._offers(self._absolute(module, star), name, seen | {module}) for star in syntax.stars)

    def _number(self, module: str, name: str) -> str:
        if (module, name) not in self._numbers:
            self._numbers[module, name] = len(self._numbers)
            self._waiting.append((module, name))
        return f"#{self._numbers[module, name]}"

    def _absolute(self, module: str, imported: Imported) -> str:
        if not imported.level:
            return imported.module
        package = module if self._answer(module).package else module.rpartition(".")[0]
        return importlib.util.resolve_name("." * imported.level + imported.module, package)

    def _syntax(self, module: str) -> Syntax | None:
        """Return the syntax of a module of ours; None if it is another's, or there is none."""
        source = None if module in self._tables else self._answer(module).source
        return None if source is None else parsed(source)

    def _answer(self, module: str) -> Answer:
        if module not in self.answers:
            self.answers[module] = answer(module, self._packages)
        return self.answers[module]


def _spec(module: str) -> Any:
    """Return where a module is found; None if it is nowhere.  No package is imported to look into it."""
    loaded = sys.modules.get(module)
    if loaded is not None:
        return loaded.__spec__
    package = module.rpartition(".")[0]
    try:
        if not package:
            return importlib.util.find_spec(module)
        folders = getattr(_spec(package), "submodule_search_locations", None)
        return None if folders is None else PathFinder.find_spec(module, folders)
    except (ImportError, ValueError, AttributeError):
        return None


def _path(module: str) -> str:
    """Return the file of a module, empty if it has none."""
    loaded = sys.modules.get(module)
    return getattr(loaded, "__file__", None) or getattr(_spec(module), "origin", None) or ""


def _source(module: str) -> str | None:
    """Return the source of a module, from its file or, where it has none, from memory; None if it has no source."""
    path = _path(module)
    if path.endswith(".py"):
        return Path(path).read_text(encoding="utf-8")
    loader = getattr(_spec(module), "loader", None)
    return (loader.get_source(module) or None) if isinstance(loader, InspectLoader) else None


def _is_installed(path: str) -> bool:
    return path.startswith(STANDARD_LIBRARY) or not INSTALLED.isdisjoint(Path(path).parts)


def _is_package(module: str) -> bool:
    return getattr(_spec(module), "submodule_search_locations", None) is not None

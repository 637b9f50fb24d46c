"""The syntax of a module, definition by definition, without what cannot change a number.

Docstrings, comments, layout, annotations and the texts of errors are left out.  Every name that is defined or imported
in the module becomes a reference: neither its spelling nor its import path counts, only what it stands for.  Where a
name could stand for several things, it stands for all of them.
"""

import ast
import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from eos_sweep.formulas.parsing import parse

# Fields that differ between versions of Python, or say nothing about what a program does.
IGNORED = {"annotation", "returns", "ctx", "kind", "type_comment", "type_ignores", "type_params"}
FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda
DEFINITIONS = ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef
COMPREHENSIONS = ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp
IMPORTS = ast.Import, ast.ImportFrom
READING_METHODS = {"items", "keys", "values"}  # of a table; other methods may change what they belong to
STAR = "*"

Reference = tuple[str, ...]  # a name of the module and the attributes that are looked up behind it


class Imported(NamedTuple):
    """What an import statement binds: the attribute ``name`` of a module, or, without one, the module."""

    module: str
    level: int  # leading dots
    name: str = ""


class Inside(NamedTuple):
    """Names of a module to which a definition reaches: declared global, imported, or with an item or attribute set."""

    declared: set[str]
    imported: set[str]
    set: set[str]


class Syntax:
    """A module, taken apart.

    A statement belongs to the names that it changes, see :func:`_affected`.  Where a name is changed more than once,
    the statements that read it belong to it, too, because their order counts.

    Attributes
    ----------
    names : set of str
        The names that the module defines.
    imports : dict
        Name -> list of :class:`Imported`, in the order of the source, with those of ``stars`` that precede or follow.
        An import inside a function counts as one of the module.
    stars : list of Imported
        Modules of which everything is imported; their ``name`` is ``*``.
    """

    def __init__(self, source: str) -> None:
        body = parse(source).body
        self.imports: dict[str, list[Imported]] = {}
        self.stars: list[Imported] = []
        imported: dict[ast.stmt, set[str]] = {}  # by a statement at the top level
        for top, node in _import_statements(body, source):
            self._import(node)
            if not isinstance(top, DEFINITIONS):
                imported.setdefault(top, set()).update(map(_bound_by_import, node.names))
        nodes = [node for node in body if not _is_constant(node)]
        bound = [set(_bound(node)) for node in nodes]
        self.names: set[str] = set().union(*bound)
        self._changes = [
            (
                node,
                own | imported.get(node, set()) | (set() if isinstance(node, IMPORTS) else _affected(node, self.names)),
            )
            for node, own in zip(nodes, bound, strict=True)
        ]
        self._tokens: dict[tuple[str, bool], list[str | Reference]] = {}

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            bound = _bound_by_import(alias)
            if isinstance(node, ast.Import):
                imported = Imported(alias.name if alias.asname else bound, 0)
            else:
                imported = Imported(node.module or "", node.level, alias.name)
            if bound == STAR:
                self.stars.append(imported)
                for found in self.imports.values():
                    found.append(imported)
            else:
                found = self.imports.setdefault(bound, list(self.stars))
                if found[-1:] != [imported]:  # an earlier one that is repeated after another one counts again
                    found.append(imported)

    def tokens(self, name: str, starred: bool = False) -> list[str | Reference]:
        """Return the syntax of all statements that make ``name`` what it is, in their order.

        ``starred`` tells whether an import of everything brings the name, too.
        """
        if (name, starred) not in self._tokens:
            changing = {name, STAR} if starred else {name}
            chosen = [not changing.isdisjoint(changed) for _, changed in self._changes]
            if sum(chosen) > 1:  # B = A before or after a change of A
                chosen = [
                    yes or _reads(node, name, self.names) for yes, (node, _) in zip(chosen, self._changes, strict=True)
                ]
            tokens: list[str | Reference] = []
            for (node, _), yes in zip(self._changes, chosen, strict=True):
                if yes:  # of an import only the place counts: what it stands for is found by following it
                    tokens += ["import"] if isinstance(node, IMPORTS) else self._written(node, top=True)
            self._tokens[name, starred] = tokens
        return self._tokens[name, starred]

    def _written(
        self, node: ast.AST, local: frozenset[str] = frozenset(), top: bool = False
    ) -> Iterator[str | Reference]:
        """Yield ``node`` in words; a name of the module that no ``local`` one hides is a reference.

        The name of a definition at the ``top`` level is left out, so that it may be renamed.
        """
        if reference := self._reference(node, local):
            yield reference
            return
        if isinstance(node, IMPORTS):  # its place counts where another statement binds the same name
            yield f"import {sorted(map(_bound_by_import, node.names))}"
            return
        yield type(node).__name__
        if isinstance(node, ast.Raise):
            if node.exc:  # its type may be caught; its text is no number
                yield from self._written(node.exc.func if isinstance(node.exc, ast.Call) else node.exc, local)
            return
        inner = _hidden(node, local) if isinstance(node, FUNCTIONS) else local
        for field in node._fields:
            value = getattr(node, field, None)
            if field in IGNORED or (top and field == "name"):
                continue
            yield field
            for item in value if isinstance(value, list) else [value]:
                if not isinstance(item, ast.AST):
                    yield repr(item)
                elif not _is_constant(item):
                    yield from self._written(item, inner if field == "body" else local)
        yield ";"

    def _reference(self, node: ast.AST, local: frozenset[str]) -> Reference:
        """Return the name that ``node`` is and the attributes behind it; nothing if it is something else."""
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in local:
            return ()
        known = node.id in self.names or node.id in self.imports or self.stars
        return (node.id, *reversed(attributes)) if known else ()


@functools.cache
def parsed(source: str) -> Syntax:
    """Take the source of a module apart."""
    return Syntax(source)


def _import_statements(body: list[ast.stmt], source: str) -> Iterator[tuple[ast.stmt, Any]]:
    """Yield all import statements of a module, wherever they stand, each with the top-level statement it is part of."""
    # Looking into every node would take as long as all the rest.
    lines = [number for number, line in enumerate(source.split("\n"), 1) if "import" in line]
    for node in body:
        if isinstance(node, IMPORTS):
            yield node, node
        elif any(node.lineno <= number <= (node.end_lineno or number) for number in lines):
            yield from ((node, child) for child in ast.walk(node) if isinstance(child, IMPORTS))


def _bound_by_import(alias: ast.alias) -> str:
    """Return the name that an import binds, ``*`` if it binds all of a module."""
    return alias.asname or alias.name.partition(".")[0]


def _is_constant(node: ast.AST) -> bool:
    """Tell whether a statement is a docstring, or another constant that does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds in the scope in which it stands."""
    if isinstance(node, DEFINITIONS):
        yield node.name
        return
    if isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def _affected(node: ast.stmt, names: set[str]) -> set[str]:
    """Return those of ``names``, all of a module, that a statement may change beside those that it binds.

    A definition changes what it declares global or sets an item or attribute of, and what its decorators name: a
    decorator may register a function (``@overload(select)``, ``@shift.register``).  If the module defines none of the
    arguments of a decorator, anything may be changed.  An assignment that calls a method of a name, or sets an item,
    may change anything, because a name may be another's alias.  So may each other statement, such as a call.  A plain
    call in an assignment, ``TITLE = Quantity(...)``, changes nothing else.
    """
    registering: Iterable[ast.AST] = ()
    found: set[str] = set()
    if isinstance(node, DEFINITIONS):
        registering = node.decorator_list
        inside = _inside(node)
        found = (
            inside.declared
            | inside.set
            | {_root(each.func if isinstance(each, ast.Call) else each) for each in registering}
        )
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(_sets_part(child) for target in targets for child in ast.walk(target)):
            return names
        if node.value and any(_is_method_call(child, names) for child in ast.walk(node.value)):
            return names
        registering = [node.value.func] if isinstance(node.value, ast.Call) else ()  # overload(select)(function)
    else:
        return names
    named = {child.id for part in _arguments(registering) for child in ast.walk(part) if isinstance(child, ast.Name)}
    return names if named and named.isdisjoint(names) else (found | named) & names


def _arguments(nodes: Iterable[ast.AST]) -> list[ast.AST]:
    """Return the arguments of those ``nodes`` that are calls."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [part for call in calls for part in (*call.args, *(keyword.value for keyword in call.keywords))]


def _is_method_call(node: ast.AST, names: set[str]) -> bool:
    """Tell whether ``node`` calls a method of one of ``names`` that may change it."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr not in READING_METHODS and _root(node.func) in names


def _sets_part(node: ast.AST) -> bool:
    """Tell whether ``node`` is an item or an attribute that is set or deleted."""
    return isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load)


def _root(node: ast.AST) -> str:
    """Return the name at the root of attributes and items, empty if there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _reads(node: ast.stmt, name: str, names: set[str]) -> bool:
    """Tell whether a statement at the top level may read ``name`` when it runs: a body waits until it is called."""
    parts: Iterable[ast.AST] = [node]
    called: set[str] = set()  # any function of the module may read the name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parts = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        called = set(map(_root, node.decorator_list))
    for child in (child for part in parts for child in ast.walk(part)):
        if isinstance(child, ast.Name) and child.id == name:
            return True
        if isinstance(child, ast.Call):
            called.add(_root(child.func))
    return not called.isdisjoint(names)


def _hidden(node: Any, local: frozenset[str]) -> frozenset[str]:
    """Return the names that are local inside a function or a lambda that stands where ``local`` ones are.

    A name that it declares global is one of the module, and so is one that it imports, even if it assigns it, too.
    """
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    body = node.body if isinstance(node.body, list) else [node.body]
    found = {argument.arg for argument in every if argument} | {name for child in body for name in _bound(child)}
    inside = _inside(node)
    return (local | found) - inside.declared - inside.imported


@functools.cache
def _inside(node: ast.AST) -> Inside:
    """Return to which names of the module a definition reaches; one walk, because it takes most of the time."""
    found = Inside(set(), set(), set())
    for child in ast.walk(node):
        if isinstance(child, ast.Global):
            found.declared.update(child.names)
        elif isinstance(child, IMPORTS):
            found.imported.update(map(_bound_by_import, child.names))
        elif _sets_part(child):
            found.set.add(_root(child))
    return found

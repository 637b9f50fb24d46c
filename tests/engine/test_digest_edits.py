"""A digest changes with an edit of anything that is reached, however it is reached."""

import ast
import importlib
import random
import textwrap
from pathlib import Path

import pytest

from eos_sweep.engine import sharpness_passes, steps
from eos_sweep.engine.digest import digest
from eos_sweep.models import bivariate, quartic
from eos_sweep.observables import loss_rises
from helpers.zoo import write

# Files, and an edit of the second one that changes what `step` of the first one gives.
CHANGED_ELSEWHERE = {
    "a name that functions import from different modules": (
        {"a.py": """
            from my_zoo.b import RATE
            def step(x):
                return RATE * x
            def other(x):
                from my_zoo.limits import LIMIT as RATE
                return RATE * x
            """, "b.py": "RATE = 2.0\n"}, "2.0", "2.5"),
    "a name that is imported, then wrapped": (
        {"a.py": """
            from my_zoo.b import slope
            slope = abs(slope)
            def step(x):
                return slope
            """, "b.py": "slope = 2.0\n"}, "2.0", "2.5"),
    "a name that one of two modules has": (
        {"a.py": """
            try:
                from my_zoo.limits import LIMIT as rate
            except ImportError:
                from my_zoo.b import RATE as rate
            def step(x):
                return rate
            """, "b.py": "RATE = 2.0\n"}, "2.0", "2.5"),
    "the last of several modules of which everything is imported": (
        {"a.py": """
            from my_zoo.limits import *
            from my_zoo.b import *
            def step(x):
                return LIMIT
            """, "b.py": "LIMIT = 2.0\n"}, "2.0", "2.5"),
    "everything of a module that imports everything": (
        {"a.py": """
            from my_zoo.c import *
            def step(x):
                return RATE
            """, "b.py": "RATE = 2.0\n", "c.py": "from my_zoo.b import *\n"}, "2.0", "2.5"),
    "an import that follows on one line": (
        {"a.py": """
            if True: from my_zoo.b import RATE
            def step(x):
                return RATE
            """, "b.py": "RATE = 2.0\n"}, "2.0", "2.5"),
    "a module of a folder that is no package": (
        {"a.py": """
            from my_zoo.folder import b
            import my_zoo.folder.b
            def step(x):
                return my_zoo.folder.b.RATE * b.RATE
            """, "folder/b.py": "RATE = 2.0\n"}, "2.0", "2.5"),
    "a package that imports a module of its own": (
        {"a.py": """
            from my_zoo.package import b
            def step(x):
                return b.RATE
            """, "package/b.py": "RATE = 2.0\n", "package/__init__.py": "from . import b\n"}, "2.0", "2.5"),
    "a registration without a decorator": (
        {"a.py": """
            from my_zoo.b import slope as step
            """, "b.py": """
            def register(known):
                return lambda function: function
            def slope(x):
                return x
            def fast(x):
                return 2.0 * x
            done = register(slope)(fast)
            """}, "2.0", "2.5"),
    "a number that a function sets": (
        {"a.py": """
            from my_zoo.b import RATE
            def step(x):
                return RATE
            """, "b.py": """
            RATE = 1.0
            def change():
                global RATE
                RATE = 2.0
            change()
            """}, "2.0", "2.5"),
    "the type of an error, which may be caught": (
        {"a.py": """
            from my_zoo.b import slope
            def step(x):
                try:
                    return slope(x)
                except KeyError:
                    return 0.0
            """, "b.py": """
            def slope(x):
                if x < 0.0:
                    raise KeyError("negative")
                return x
            """}, "KeyError", "IndexError"),
    "a field of an object that is bound with a name": (
        {"a.py": """
            from my_zoo.b import LIMITS
            def step(x):
                return LIMITS.rate
            """, "b.py": """
            import types
            LIMITS = types.SimpleNamespace()
            LIMITS.rate, other = 2.0, 3.0
            """}, "2.0", "2.5"),
    "a name that a function imports or else assigns": (
        {"a.py": """
            def step(x):
                try:
                    from my_zoo.b import rate
                except ImportError:
                    rate = abs
                return rate(x)
            """, "b.py": """
            def rate(x):
                return 2.0 * x
            """}, "2.0", "2.5"),
    "a name that an inner function imports and the outer one assigns": (
        {"a.py": """
            def step(x):
                rate = abs
                def inner():
                    from my_zoo.b import rate
                    return rate(x)
                return inner()
            """, "b.py": """
            def rate(x):
                return 2.0 * x
            """}, "2.0", "2.5"),
    **{f"a table that is changed {how}": (
        {"a.py": """
            from my_zoo.b import T
            def step(x):
                return T["a"]
            """, "b.py": change}, "2.0", "2.5")
       for how, change in {
           "by a call": 'T = {}\ndef fill():\n    T["a"] = 2.0\nfill()\n',
           "by a call in an assignment": 'T = {}\ndef fill():\n    T["a"] = 2.0\n_ = fill()\n',
           "by a method in an assignment": "T = {}\n_ = T.update(a=2.0)\n",
           "by a method in a comprehension": 'T = {}\n_ = [T.__setitem__(k, 2.0) for k in "a"]\n',
           "by another name": 'T = {}\nU = T\nU["a"] = 2.0\n',
       }.items()},
    "a registration by a bare attribute": (
        {"a.py": """
            from my_zoo.b import slope as step
            """, "b.py": """
            import functools
            @functools.singledispatch
            def slope(x):
                return x
            @slope.register
            def _(x: float):
                return 2.0 * x
            """}, "2.0", "2.5"),
    "the order in which a name is changed and read": (
        {"a.py": """
            from my_zoo.b import B
            def step(x):
                return B * x
            """, "b.py": """
            A = 1.0
            B = A
            A = 2.0
            """}, "B = A\nA = 2.0\n", "A = 2.0\nB = A\n"),
    "the order in which a name is changed and read by a function": (
        {"a.py": """
            from my_zoo.b import B
            def step(x):
                return B * x
            """, "b.py": """
            def read():
                return A
            A = 1.0
            B = read()
            A = 2.0
            """}, "B = read()\nA = 2.0\n", "A = 2.0\nB = read()\n"),
    "the order of an import of a name and one of everything": (
        {"a.py": """
            from my_zoo.b import rate
            def step(x):
                return rate * x
            """, "b.py": "from my_zoo.c import rate\nfrom my_zoo.d import *\n",
            "c.py": "rate = 1.0\n", "d.py": "rate = 2.0\n"},
        "from my_zoo.c import rate\nfrom my_zoo.d import *\n", "from my_zoo.d import *\nfrom my_zoo.c import rate\n"),
    "the order of imports of everything that cannot be looked into": (
        {"a.py": """
            from my_zoo.b import sqrt
            def step(x):
                return sqrt(x)
            """, "b.py": "from math import *\nfrom cmath import *\n"},
        "from math import *\nfrom cmath import *\n", "from cmath import *\nfrom math import *\n"),
    **{f"the order of a definition and {line}": (
        {"a.py": """
            from my_zoo.b import rate as step
            """, "b.py": f"{line}\ndef rate(x):\n    return x\n",
            "c.py": "def rate(x):\n    return 2.0 * x\n"},
        f"{line}\ndef rate(x):\n    return x\n", f"def rate(x):\n    return x\n{line}\n")
       for line in ("from my_zoo.c import rate", "from my_zoo.c import *", "if True: from my_zoo.c import rate")},
    "the order of an import and an assignment in a function": (
        {"a.py": """
            from my_zoo.b import step
            """, "b.py": """
            def step(x):
                rate = 1.0
                from my_zoo.limits import LIMIT as rate
                return rate
            """},
        "    rate = 1.0\n    from my_zoo.limits import LIMIT as rate\n",
        "    from my_zoo.limits import LIMIT as rate\n    rate = 1.0\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED_ELSEWHERE)
def test_an_edit_of_what_is_reached_in_an_odd_way_changes_it(zoo, case):
    folder, _ = zoo
    files, old, new = CHANGED_ELSEWHERE[case]
    files = {f"my_zoo/{name}": text for name, text in files.items()}
    write(folder, files)
    importlib.invalidate_caches()
    module = importlib.import_module("my_zoo.a")
    before = digest((module, ["step"]))
    name = list(files)[1]
    text = textwrap.dedent(files[name])
    assert text.count(old) == 1
    write(folder, {name: text.replace(old, new)})
    assert digest((module, ["step"])) != before


OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr}
OPERATORS |= {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.USub: ast.UAdd}


def mutants(source, names):
    """Yield source with one constant or operator changed, for each in the definitions ``names``, or in all (True)."""
    tree = ast.parse(source)
    defined = {getattr(node, "name", None) or node.targets[0].id: node for node in tree.body if is_definition(node)}
    for node in (node for name in defined if names is True or name in names for node in ast.walk(defined[name])):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            field, after = "value", 2 * node.value + 1
        elif isinstance(node, ast.BinOp | ast.UnaryOp) and type(node.op) in OPERATORS:
            field, after = "op", OPERATORS[type(node.op)]()
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
            field, after = "ops", [OPERATORS[type(node.ops[0])](), *node.ops[1:]]
        else:
            continue
        before = getattr(node, field)
        setattr(node, field, after)
        yield ast.unparse(tree)
        setattr(node, field, before)


def is_definition(node):
    return isinstance(node, ast.FunctionDef) or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name))


MUTATED = {  # a module, the names whose digest is taken, whether they reach all of it, and how many edits there are
    "bivariate": (bivariate, ["step", "loss", "stable", "rescale", "settled", "clipped", "LIMIT"], False, 15),
    "quartic": (quartic, ["step", "tangent", "curvature", "stable", "settled"], False, 10),
    "loss_rises": (loss_rises, ["watch", "fold", "start", "finish", "KEPT", "COUNTS", "FLAGS"], False, 8),
    "steps": (steps, ["step_passes"], True, 20),
    "sharpness_passes": (sharpness_passes, ["sharpness_passes"], True, 30),
}


@pytest.mark.parametrize("case", MUTATED)
def test_any_other_constant_or_operator_in_a_real_module_changes_it(zoo, case):
    """The edits are drawn at random, of the definitions whose digest is taken, or of all, where these reach all."""
    folder, _ = zoo
    module, names, all_of_it, least = MUTATED[case]
    source = Path(module.__file__).read_text()
    write(folder, {"my_zoo/copied.py": source})
    importlib.invalidate_caches()
    copied = importlib.import_module("my_zoo.copied")
    before = digest((copied, names))
    found = list(mutants(source, all_of_it or names))
    assert len(found) >= least
    for text in random.Random(0).sample(found, min(20, len(found))):
        (folder / "my_zoo/copied.py").write_text(text)
        assert digest((copied, names)) != before, text

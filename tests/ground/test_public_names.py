"""The public names of the package: one table, which nothing that is imported may change."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import eos_sweep

EVERYTHING_FIRST = """
import importlib, pkgutil
import eos_sweep
for module in pkgutil.walk_packages(eos_sweep.__path__, "eos_sweep."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert dir(eos_sweep) == sorted([*eos_sweep.__all__, "plot"]), dir(eos_sweep)
print(*(name for name in eos_sweep.__all__ if not callable(getattr(eos_sweep, name))))
"""


def test_type_checkers_see_the_names_of_the_table():
    tree = ast.parse(Path(eos_sweep.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.asname: line.module for line in block.body for alias in line.names if alias.asname == alias.name}
    assert seen == {name: f"eos_sweep.{home}" for name, home in eos_sweep._HOMES.items()}


@pytest.mark.parametrize("name", eos_sweep.__all__)
def test_a_name_comes_from_the_module_that_defines_it(name):
    assert getattr(eos_sweep, name).__module__ == f"eos_sweep.{eos_sweep._HOMES[name]}"
    assert getattr(eos_sweep, name).__name__ == name


def test_dir_and_star_give_the_public_names_and_nothing_else():
    assert dir(eos_sweep) == sorted([*eos_sweep.__all__, "plot"])
    namespace = {}
    exec("from eos_sweep import *", namespace)
    assert namespace.keys() - {"__builtins__"} == set(eos_sweep.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        eos_sweep.sweeep  # noqa: B018


def test_every_name_stays_callable_after_all_modules_have_been_imported():
    done = subprocess.run([sys.executable, "-c", EVERYTHING_FIRST], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr + done.stdout

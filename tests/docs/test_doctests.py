"""Every public function has an example, and examples in docstrings and sessions on pages run."""

import doctest
import re
from inspect import getmembers, isfunction
from pathlib import Path

import pytest

import eos_sweep
from eos_sweep import plot
from eos_sweep.analysis.accessor import SweepAccessor

ROOT = Path(eos_sweep.__file__).parents[1]
PUBLIC = {f"eos_sweep.{name}": getattr(eos_sweep, name) for name in eos_sweep.__all__} | {
    f"eos_sweep.plot.{name}": function
    for name, function in getmembers(plot, isfunction)
    if not name.startswith("_") and function.__module__.startswith("eos_sweep.analysis.pictures")
}
PUBLIC["eos_sweep.analysis.accessor.SweepAccessor"] = SweepAccessor


def examples(name):
    """Return the examples of a function, or of a class and its methods."""
    found = doctest.DocTestFinder(exclude_empty=True).find(PUBLIC[name], name)
    return [test for test in found if test.examples]


def test_every_public_name_has_an_example():
    assert not {name for name in PUBLIC if not examples(name)}


@pytest.mark.slow  # some compile kernels of their own
@pytest.mark.parametrize("name", PUBLIC)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweeps").symlink_to(ROOT / "sweeps")
    runner, told = doctest.DocTestRunner(), []
    for test in examples(name):
        runner.run(test, out=told.append, clear_globs=False)
    assert not runner.summarize(verbose=False).failed, "".join(told)


def sessions(page):
    """Return the interactive sessions on a page, as one text."""
    return "".join(re.findall(r"^```pycon\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.S | re.M))


@pytest.mark.parametrize(
    "page", [page for page in sorted((ROOT / "docs").glob("*.md")) if sessions(page)], ids=lambda page: page.stem
)
def test_sessions_on_pages_run(page):
    runner, told = doctest.DocTestRunner(), []
    runner.run(doctest.DocTestParser().get_doctest(sessions(page), {}, page.name, str(page), 0), out=told.append)
    assert runner.tries > 0 and not runner.failures, "".join(told)

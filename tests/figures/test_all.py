"""Every figure is one script with ``main(folder)`` and one row of the table in figures/all.py."""

import importlib
import inspect
import re
from pathlib import Path

import all as table
import pytest

import eos_sweep

FIGURES = Path(table.__file__).parent
NAMES = [name for names in table.SCRIPTS.values() for name in names]
BY_COMMANDS = {"bench.png"}  # drawn by a command of eos-sweep


@pytest.mark.parametrize("name", NAMES)
def test_a_script_draws_from_a_folder_alone(name):
    assert str(inspect.signature(importlib.import_module(name).main)) == "(folder: str = '.') -> None"


def test_every_script_with_a_figure_is_in_the_table():
    drawing = {path.stem for path in FIGURES.glob("*.py") if re.search(r"\b(save|redraw)\(", path.read_text())}
    assert drawing - {"stored_sweeps", "liu2025"} == set(NAMES) and len(NAMES) == len(set(NAMES))


def test_every_picture_is_drawn_by_a_script():
    scripts = "\n".join(path.read_text() for path in FIGURES.glob("*.py"))
    for picture in FIGURES.glob("*.png"):
        assert picture.name in BY_COMMANDS or f'"{picture.stem}"' in scripts, picture.name


SWEEPS = sorted((FIGURES.parent / "sweeps").glob("*.toml"))


@pytest.mark.parametrize("path", [path for path in SWEEPS if "[data]" not in path.read_text()], ids=lambda p: p.stem)
def test_every_sweep_stores_labels_whatever_the_rules_read(path):
    """A list of observables by name lacks what a later rule reads; the maps of claims have no labels."""
    stored = eos_sweep.load_spec(path).stored
    assert {"regime", "settled"} <= stored.keys() or path.stem in ("claims_map", "claims_starts")

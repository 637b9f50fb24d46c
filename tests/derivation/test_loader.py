"""Modules from text in memory: one for each text, known to tracebacks, to the digest and to numba's cache on disk."""

import importlib
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import eos_sweep
from eos_sweep import models
from eos_sweep.derivation import loader
from eos_sweep.derivation.definition import Formula
from eos_sweep.derivation.models import source
from eos_sweep.engine.digest import digest

TEXT = '"""A module."""\n\nfrom eos_sweep.scalar import select\n\n\ndef f(x):\n    return select(x > 0.0, x, 1 / x)\n'
WELL = {"loss": "(x**2 - 1)**2/4 + a*x*y**2/2", "state": ["x", "y"]}

SCRIPT = """
import json, sys
import numpy as np
from eos_sweep import models
from eos_sweep.derivation.definition import Formula
from eos_sweep.engine import batch, kernel, kernels
model = models.get(Formula.from_dict(json.loads(sys.argv[1])))
built = []
build = kernel.build
kernels.build = lambda *arguments: built.append(build(*arguments)) or built[-1]
one = lambda values: {name: np.array([value]) for name, value in values.items()}
job = batch.Job(model, ("sharpness_max", "x_final"), 500, 0.0)
found = batch.run(job, one({"x": 0.5, "y": 1.0}), one({"a": 0.5, "eta": 0.1}))
counts = [[sum(c.values()) for c in (k.stats.cache_hits, k.stats.cache_misses)] for k in built]
print(json.dumps([counts, {name: values.item() for name, values in found.items()}]))
"""


def test_the_same_text_is_the_same_module():
    module = loader.load("one", TEXT)
    assert loader.load("another", TEXT) is module is sys.modules[module.__name__]
    assert importlib.import_module(module.__name__) is module
    assert loader.load("one", TEXT + "\n") is not module


def test_a_traceback_shows_the_source():
    with pytest.raises(ZeroDivisionError) as caught:
        loader.load("one", TEXT).f(0)
    assert "return select(x > 0.0, x, 1 / x)" in "".join(traceback.format_exception(caught.value))


def test_text_that_fails_leaves_no_module():
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        loader.load("bad", "1 / 0\n")
    assert set(sys.modules) == before


def test_the_digest_reads_a_module_in_memory_as_it_reads_a_file(tmp_path, monkeypatch):
    (tmp_path / "in_a_file.py").write_text(TEXT)
    monkeypatch.syspath_prepend(tmp_path)
    file = importlib.import_module("in_a_file")
    assert digest((loader.load("one", TEXT), ["f"])) == digest((file, ["f"]))
    reworded, edited = TEXT.replace("A module", "Another one"), TEXT.replace("1 / x", "2 / x")
    assert digest((loader.load("one", reworded), ["f"])) == digest((file, ["f"]))
    assert digest((loader.load("one", edited), ["f"])) != digest((file, ["f"]))


def test_a_model_knows_its_formula_and_needs_no_permission():
    formula = Formula.from_dict(WELL)
    module = models.get(formula)
    assert module is models.get(Formula.from_dict(WELL))
    assert models.given_as(module) == formula and models.name_of(module) == "formula" and models.own(module) == ()
    assert models.given_as(models.get("product")) == "product"


HOSTILE = ['"""', "'''", "\\", '\\"', '"+exit()+"', "{0}", "%s", "\\N{BELL}", '"""\\', "#", "$\\frac$"]


@pytest.mark.parametrize("text", HOSTILE)
def test_words_are_never_code(text):
    """With any words, the module has the same syntax but for these texts, which come back as they are."""
    told = {"symbol": text, "long_name": text}
    inputs = {"state": {"x": told, "y": told}, "parameters": {"a": told | {"default": text}}}
    formula = Formula.from_dict(
        WELL
        | inputs
        | {"title": text, "reference": text}
        | {"lines": {"l": {"ratio": "eta", "label": text, "meaning": text}}}
        | {"presets": {"a": {"p": text}}, "trial": {"a": text}}
    )  # fmt: skip
    module = models.get(formula)
    assert module.TITLE == module.REFERENCE == text and module.LINES[0].meaning == text
    assert module.PARAMETERS["a"][:3] == (text, text, text) and module.STATE["x"].symbol == text
    assert module.PRESETS == {"a": {"p": text}} and module.TRIAL["a"] == text
    assert module.LINES[0].label.replace(r"\$", "$") == text
    plain = loader.load("plain", source(Formula.from_dict(WELL | {"lines": {"l": "eta"}})))
    parts = ["step", "loss", "curvature", "hessian", "line_l"]
    assert digest((module, parts)) == digest((plain, parts))


@pytest.mark.slow
def test_the_second_process_loads_the_kernel_of_a_formula_from_disk(tmp_path):
    root = str(Path(eos_sweep.__file__).parents[1])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": root}
    outcomes = []
    for _ in range(2):
        command = [sys.executable, "-c", SCRIPT, json.dumps(WELL)]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        outcomes.append(json.loads(done.stdout))
    assert [counts for counts, _ in outcomes] == [[[0, 1]], [[1, 0]]]
    assert outcomes[0][1] == outcomes[1][1]

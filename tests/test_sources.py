"""The hash of sources sees an edit in whatever a model imports, and nothing else."""

import importlib
import sys

import pytest

from eos_sweep import kernel
from eos_sweep.models import bivariate
from eos_sweep.sources import digest

FILES = {
    "my_zoo/__init__.py": "",
    "my_zoo/model.py": "import numpy as np\nfrom my_zoo.gradient import slope\nfrom . import limits\n",
    "my_zoo/gradient.py": "from .deeper.formula import RATE\ndef slope(x):\n    return RATE * x\n",
    "my_zoo/limits.py": "LIMIT = 1e30\n",
    "my_zoo/stranger.py": "",
    "my_zoo/deeper/__init__.py": "",
    "my_zoo/deeper/formula.py": "RATE = 2.0\n",
}


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)
    importlib.import_module("my_zoo.stranger")
    yield tmp_path, importlib.import_module("my_zoo.model")
    for name in [name for name in sys.modules if name.split(".")[0] == "my_zoo"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["model", "gradient", "limits", "deeper/formula"])
def test_an_edit_in_anything_that_is_imported_changes_it(zoo, name):
    folder, model = zoo
    before = digest(model)
    assert digest(model) == before
    with open(folder / f"my_zoo/{name}.py", "a") as file:
        file.write("# edited\n")
    assert digest(model) != before


def test_an_edit_elsewhere_does_not(zoo):
    folder, model = zoo
    before = digest(model)
    (folder / "my_zoo/stranger.py").write_text("# edited\n")
    assert digest(model) == before


def test_it_depends_on_each_module_and_not_on_their_order(zoo):
    _, model = zoo
    assert digest(model, bivariate, kernel) == digest(kernel, model, bivariate)
    assert len({digest(model), digest(bivariate), digest(kernel), digest(model, bivariate)}) == 4

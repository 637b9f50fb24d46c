"""A package of a few files, imported."""

import importlib
import sys

import pytest

from helpers.zoo import FILES, write


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    write(tmp_path, FILES)
    importlib.import_module("my_zoo.stranger")
    yield tmp_path, importlib.import_module("my_zoo.model")
    for name in [name for name in sys.modules if name.split(".")[0] == "my_zoo"]:
        del sys.modules[name]

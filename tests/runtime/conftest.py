"""Stores of undisturbed runs, to be copied and compared with."""

import pytest

from helpers.runs import LONG, run
from helpers.stores import SPEC


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The store of SPEC."""
    path = tmp_path_factory.mktemp("whole") / "s"
    run(SPEC, path)
    return path


@pytest.fixture(scope="session")
def uninterrupted(tmp_path_factory):
    """The store of LONG."""
    path = tmp_path_factory.mktemp("uninterrupted") / "s"
    run(LONG, path)
    return path

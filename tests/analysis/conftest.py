"""Sweeps that the tests of several files look at."""

import numpy as np
import pytest

import eos_sweep
from helpers.pyramids import SPEC, THIN
from helpers.runs import run

START = {"alpha": 0.6, "beta1": 0.05, "beta2": 0.4}
AXES = {"lambda1": {"log": [1, 1e4, 24]}, "eta": {"log": [1e-3, 10, 25]}}


def sweep(axes, steps):
    return eos_sweep.sweep("bivariate", axes, {"lambda2": 0.01}, START, steps=steps, title="A map").load()


free = pytest.fixture(lambda: sweep(AXES, 500), scope="session", name="free")
clipped = pytest.fixture(lambda: sweep({"clip": [10, 1, np.inf], **AXES}, 300), scope="session", name="clipped")


@pytest.fixture(scope="session")
def with_pyramid(tmp_path_factory):
    path = tmp_path_factory.mktemp("pyramid") / "s.zarr"
    assert run(SPEC, path).failed == 0
    return path


@pytest.fixture(scope="session")
def thin(tmp_path_factory):
    path = tmp_path_factory.mktemp("pyramid") / "thin.zarr"
    run(THIN, path)
    return path

"""Fixtures of all tests, and how hypothesis draws."""

import logging

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("helpers", "programs")
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")


@pytest.fixture(autouse=True)
def _log_of_its_own():
    """Leave no handler and no level behind: a command sets them for its process, which here is every test's."""
    log = logging.getLogger("eos_sweep")
    yield
    log.handlers, log.propagate = [], True
    log.setLevel(logging.NOTSET)

"""The program that tries labels under update rules, on a few points."""

import pytest

from programs import labels_under_rules


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "words"),
    [("budgets", "converged 31, changed []"), ("neutral", "differ 0, silently []")],
)
def test_the_program_finds_nothing(check, words):
    assert labels_under_rules.CHECKS[check]("quartic", "heavy_ball", 40, 200) == words

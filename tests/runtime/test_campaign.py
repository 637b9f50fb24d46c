"""A short form of the campaign of tests/programs/campaign: nothing is lost, hangs, or differs silently."""

import pytest

from programs.campaign.rounds import campaign


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "number"), [("kills", 3), ("cluster", 1), ("mutations", 3), ("exhaustion", 1), ("frozen", 1)]
)
def test_a_short_campaign_finds_no_fault(tmp_path, part, number):
    said = []
    faults = campaign({part: number}, folder=tmp_path, say=said.append)
    assert not sum(faults.values()), "\n".join(said)

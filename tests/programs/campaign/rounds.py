"""The parts of the campaign, in their order."""

from programs.campaign.bases import Bases
from programs.campaign.cluster import ClusterKills
from programs.campaign.commands import Commands
from programs.campaign.exhaustion import Exhaustion
from programs.campaign.frozen import Frozen
from programs.campaign.judge import Judge
from programs.campaign.kills import Kills
from programs.campaign.tally import Tally

NUMBERS = {"kills": 160, "cluster": 40, "mutations": 300, "exhaustion": 40, "frozen": 7}  # rounds of each part


def campaign(numbers, seed=0, first=1, folder=None, say=print):
    """Run so many rounds of each part; return the count of each kind of fault."""
    tally, commands = Tally(seed, folder, say), Commands()
    try:
        home = tally.folder / "bases"
        home.mkdir()
        bases = Bases(home, commands)
        for part, make in PARTS.items():
            if numbers.get(part):
                _rounds(tally, part, make(tally, bases), range(first, first + numbers[part]))
    finally:
        commands.close()
        for line in tally.table():
            say(line)
        tally.close()
    return tally.faults


def _rounds(tally, part, one, numbers):
    try:
        for number in numbers:
            with tally.round(part, number) as now:
                one.round(now)
    finally:
        one.close()


PARTS = {
    "kills": lambda tally, bases: Kills(bases),
    "cluster": lambda tally, bases: ClusterKills(bases),
    "mutations": lambda tally, bases: Judge(bases),
    "exhaustion": lambda tally, bases: Exhaustion(Kills(bases), tally.say),
    "frozen": lambda tally, bases: Frozen(bases),
}

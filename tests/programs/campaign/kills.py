"""Kill a command at a random moment, repeat it undisturbed, and compare the store with that of an undisturbed run."""

import shutil
from typing import NamedTuple

from programs.campaign.bases import MANY, RELABEL, files, finished
from programs.campaign.commands import KILL
from programs.campaign.content import differences


class Target(NamedTuple):
    """What is killed."""

    command: tuple[str, ...]
    begin: str  # method of the bases that gives the store to begin with; nothing without
    begin_of: str
    end: str  # method that gives the store of an undisturbed command
    end_of: tuple[str, ...]
    rewritten: frozenset[str] = frozenset()  # variables that the command writes again


RUN, LABELS = ("run", "full.toml", "-o", "s", "--threads", "2"), frozenset({"regime", "settled"})
TARGETS = {
    "run on threads": Target(RUN, "", "", "whole", ("full",)),
    "extension": Target(RUN, "whole", "part", "extended", ()),
    "relabel": Target(("relabel", "s", *RELABEL), "whole", "full", "relabelled", ("full",), LABELS),
    "pyramid": Target(("run", "wide.toml", "-o", "s"), "without_pyramid", "wide", "whole", ("wide",)),
    "check after a kill": Target(RUN, "half", "full", "whole", ("full",)),
    "overwrite": Target(("run", "small.toml", "-o", "s", "--overwrite"), "whole", "other", "whole", ("small",), None),
    "export zip": Target(("export", "s", "x.zarr.zip", "--overwrite"), "whole", "small", "whole", ("small",)),
    "export netcdf": Target(("export", "s", "x.nc", "--overwrite"), "whole", "small", "whole", ("small",)),
    "plot": Target(("plot", "s", "-o", "p.png"), "whole", "small", "whole", ("small",)),
}
SIGNALS = {"killed": KILL, "interrupted": 2, "terminated": 15, "hung up": 1}  # as by a terminal that is closed


class Kills:
    """Rounds that kill forked commands."""

    def __init__(self, bases):
        self.bases, self.commands = bases, bases.commands
        self._undisturbed = {}

    def close(self):
        """Leave nothing behind."""

    def round(self, now):
        """Kill the command of a target, and repeat it."""
        name = list(TARGETS)[now.number % len(TARGETS)]
        target = TARGETS[name]
        whole = getattr(self.bases, target.end)(*target.end_of)
        self.furnish(now.folder, target)
        harmed = self._harm(now) if name == "check after a kill" else None
        earlier = finished(now.folder / "s") if target.begin else {}
        word, signals, die_at = self._death(now.draw, name, target)
        now.called(name, f"{word} {f'at file {die_at}' if die_at else f'after {signals[0][0]:.2f} s'}")
        first = self.commands(*target.command, cwd=now.folder, signals=signals, die_at=die_at)
        if first.code not in (-9, -2, -15, -1):  # it was done before, or the signal was answered
            now.ended(first, 0, 129, 130, 143)
        if first.code == 0:
            now.outcome("it was done before")
        self.repeat(now, target, whole, earlier, harmed)

    def furnish(self, folder, target):
        """Lay out what a target begins with."""
        for spec in self.bases.folder.glob("*.toml"):
            shutil.copy(spec, folder)
        if target.begin:
            shutil.copytree(getattr(self.bases, target.begin)(target.begin_of), folder / "s")

    def _harm(self, now):
        """Damage a chunk of a finished block of a run that was killed; return the block."""
        block = now.draw.choice(sorted(finished(now.folder / "s")))
        chunk = now.folder / "s" / "tail_mean" / "c" / "/".join(map(str, block))
        chunk.write_bytes(chunk.read_bytes()[: now.draw.randrange(40)])
        return block

    def _death(self, draw, name, target):
        """Return the word for a death, and its signals or its file."""
        word = draw.choice(["killed", "killed", "killed", "interrupted", "terminated", "hung up"])
        seconds, changes = self.measured(name, target)
        if word == "killed" and draw.random() < 0.6:
            return word, [], draw.randint(1, changes)
        return word, [(draw.uniform(0, seconds), SIGNALS[word])], 0

    def measured(self, name, target):
        """Return the seconds that an undisturbed command takes, and the number of files that it changes."""
        if name not in self._undisturbed:
            folder = self.bases.folder / f"measured {name}"
            folder.mkdir()
            self.furnish(folder, target)
            done = self.commands(*target.command, cwd=folder, die_at=MANY)
            assert done.code == 0, done
            self._undisturbed[name] = done.seconds, done.changes, self._written(folder, target)
            shutil.rmtree(folder)
        return self._undisturbed[name][:2]

    def _written(self, folder, target):
        """Return what a command has written beside its store."""
        place = folder / target.command[2]
        if target.command[0] == "plot":
            return (folder / "p.png").read_bytes()
        return self.bases.content(place, "netcdf" if place.suffix == ".nc" else "store") if place.is_file() else None

    def repeat(self, now, target, whole, earlier, harmed=None):
        """Repeat the command of a target; its store has to be ``whole``, and nothing done is done again."""
        before = earlier | finished(now.folder / "s")
        before.pop(harmed, None)
        last = self.commands(*target.command, cwd=now.folder)
        if not now.ended(last, 0):
            return
        after = finished(now.folder / "s")
        if target.rewritten is not None and (lost := again(before, after, target.rewritten)):
            now.fault("lost", f"{len(lost)} finished blocks were computed again, such as {lost[0]}")
        if different := self.bases.compare(now.folder / "s", whole):
            now.fault("silent", f"after the repetition the store differs in {', '.join(different[:9])}")
        self._tidy(now, target, whole)
        checked = self.commands("status", "s", "--check", cwd=now.folder)
        if now.ended(checked) and checked.code:
            now.fault("wrong", f"{checked}")
        if not now.faults:
            now.outcome("the same bits")

    def _tidy(self, now, target, whole):
        """Look for leftovers, and at what was written beside the store."""
        made = {now.folder / target.command[2]} if target.command[0] == "export" else {now.folder / "p.png"}
        known = {"s", *(path.name for path in self.bases.folder.glob("*.toml")), *(path.name for path in made)}
        left = {path.name for path in now.folder.iterdir()} - known
        left |= {f"s/{name}" for name in files(now.folder / "s") ^ files(whole)}
        if left:
            now.fault("wrong", f"leftovers, or files that are missing: {', '.join(sorted(left)[:9])}")
        if target.command[0] in ("export", "plot"):
            found, expected = self._written(now.folder, target), self._undisturbed[now.name][2]
            if found != expected:
                names = differences(found, expected) if isinstance(found, dict) else [str(found)[:100]]
                now.fault("silent", f"what was written differs in {', '.join(names[:9])}")


def again(before, after, rewritten=frozenset()):
    """Return the blocks whose chunks or ledger entries are other ones than before, though no cell was added."""
    found = []
    for block, (row, marks) in before.items():
        now = after.get(block)
        dims = len(row) - 2
        if now is not None and now[0][:dims] != row[:dims]:
            continue  # it grew
        kept = {name: mark for name, mark in marks.items() if name not in rewritten}
        if now is None or now[0] != row or {name: now[1].get(name) for name in kept} != kept:
            found.append(block)
    return found

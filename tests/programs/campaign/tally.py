"""Counts of rounds and of what went wrong in them; the folder of a failing round is kept."""

import random
import shutil
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

FAULTS = {
    "lost": "lost cells",
    "traceback": "tracebacks",
    "hang": "hangs",
    "silent": "silent differences",
    "wrong": "other wrong ends",
}
MOST_KEPT = 20  # folders of failing rounds


class Round:
    """One round: its folder, its draws, and what is found in it."""

    def __init__(self, part, number, seed, folder):
        self.part, self.number, self.seed, self.folder = part, number, seed, folder
        self.draw = random.Random(f"{seed} {part} {number}")
        self.name, self.did = "", ""
        self.outcomes, self.faults = Counter(), []

    def called(self, name, did):
        """Say what kind of round it is, and what is done in it."""
        self.name, self.did = name, did

    def outcome(self, outcome):
        self.outcomes[outcome] += 1

    def fault(self, kind, text):
        self.faults.append((kind if kind in FAULTS else "wrong", f"{kind}: {text}"))

    def ended(self, command, *codes):
        """Record how a command ended; return whether it ended well, with one of the codes if any are given."""
        if kind := command.fault():
            self.fault(kind, f"{command}\n{command.err[-500:]}" if kind in ("traceback", "hang") else str(command))
        elif codes and command.code not in codes:
            self.fault("wrong", str(command))
        else:
            return True
        return False


class Tally:
    """The counts of a campaign."""

    def __init__(self, seed, folder=None, say=print):
        self.seed, self.say = seed, say
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="campaign_", dir=folder))
        self.counts, self.faults, self.rounds = Counter(), Counter(), Counter()
        self.kept = []

    @contextmanager
    def round(self, part, number):
        """Yield a round, and enter what was found in it."""
        folder = self.folder / f"{part}_{number}"
        folder.mkdir()
        now, began = Round(part, number, self.seed, folder), time.monotonic()
        try:
            yield now
        except Exception as error:  # of this program, or of what it reads
            now.fault("wrong", f"{type(error).__name__}: {error}")
            self._enter(now, began)
            if not isinstance(error, OSError | ValueError | AssertionError | KeyError):
                raise
        else:
            self._enter(now, began)

    def _enter(self, now, began):
        self.rounds[now.part] += 1
        for outcome, count in now.outcomes.items():
            self.counts[now.part, now.name, outcome] += count
        words = ", ".join(f"{count} {outcome}" if count > 1 else outcome for outcome, count in now.outcomes.items())
        seconds = f"{time.monotonic() - began:.1f} s"
        self.say(f"{now.part} {now.number}: {now.name}, {now.did}: {words or 'nothing'} ({seconds})")
        for kind, text in now.faults:
            self.faults[kind] += 1
            self.counts[now.part, now.name, f"FAULT {kind}"] += 1
            self.say(f"    FAULT {text}".replace("\n", "\n      "))
        if now.faults:
            self.say(f"    repeat it: python tests/programs/campaign --{now.part} 1 --first {now.number} "
                     f"--seed {now.seed} --only {now.part}")  # fmt: skip
        if now.faults and len(self.kept) < MOST_KEPT:
            self.kept.append(now.folder)
            self.say(f"    its folder: {now.folder}")
        else:
            shutil.rmtree(now.folder, ignore_errors=True)

    def table(self):
        """Return the lines of the table of counts."""
        lines, parts = [], sorted(self.rounds)
        for part in parts:
            lines.append(f"{part}: {self.rounds[part]} rounds")
            for (of, name, outcome), count in sorted(self.counts.items()):
                if of == part:
                    lines.append(f"  {name:34} {outcome:44} {count:5d}")
        lines.append(", ".join(f"{self.faults[kind]} {words}" for kind, words in FAULTS.items()))
        return lines

    def close(self):
        """Remove the folder, but not those of failing rounds; return how many faults there were."""
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)
        return sum(self.faults.values())

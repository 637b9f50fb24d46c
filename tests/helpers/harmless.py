"""Commands that are run in a process which reports its system events, and what a harmless one may do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from eos_sweep.errors import visible
from programs.audited import MARK

AUDITED = Path(__file__).parents[1] / "programs" / "audited.py"
GIT = re.compile(r"subprocess\.Popen \('[^']*\bgit', ")  # a run asks git for the commit


def audited(lines):
    """Run command lines in one process that reports its system events; return the outcome of each."""
    lines = [(str(folder), [str(part) for part in arguments]) for folder, arguments in lines]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", AUDITED], input=json.dumps(lines), capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def furnished(place):
    """Put a module into a folder that must not be imported, and a pipe that must not be read."""
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{MARK}.py").write_text(f"open({str(place / MARK)!r}, 'w').close()\n")
    os.mkfifo(place / "pipe")
    return place


def harmless(found, about):
    """Assert that a command ran nothing, and succeeded or failed with one line."""
    assert not found["trace"], f"{about}\n{found['trace']}"
    events = [event for event in found["events"] if not GIT.match(event)]
    assert not events and not found["foreign"], f"{about}: {events}, {found['foreign']}"
    output, lines = found["out"].splitlines(), found["err"].splitlines()
    # 1: a label, or a checksum, is wrong; 4: relabel has met damage
    assert found["code"] in (0, 1, 2, 4), f"{about}: {found}"
    if found["code"] in (2, 4):
        assert len(lines) == 1 and lines[0].startswith("eos-sweep: ") and not output, f"{about}: {found}"
    for line in (*lines, *output):
        assert visible(line) == line and (len(line) < 2000 or line.startswith("{")), f"{about}: {line[:3000]}"

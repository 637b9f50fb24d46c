"""Let a disk or its inodes run out during a command, make room, and repeat the command.

A round has a small file system of its own, in memory, where this user may mount one.  Elsewhere a limit on the size of
each file takes its place.
"""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

from programs.campaign.kills import TARGETS

ROOMY = "size=2g,nr_inodes=1000000"
NAMES = [name for name in TARGETS if name != "overwrite"]


class Exhaustion:
    """Rounds in which there is too little room."""

    def __init__(self, killing, say):
        self.killing, self.commands = killing, killing.commands
        self.mounts = self._can_mount()
        self._needed = {}
        if not self.mounts:
            say("exhaustion: no file system can be mounted here; the size of files is limited instead")

    def _can_mount(self):
        folder = self.killing.bases.folder / "mounted"
        folder.mkdir()
        with disk(folder) as mounted:
            return mounted

    def close(self):
        """Leave nothing behind."""

    def round(self, now):
        """Run a command with too little room, make room, and repeat it."""
        name = NAMES[now.number % len(NAMES)]
        target = TARGETS[name]
        whole = getattr(self.killing.bases, target.end)(*target.end_of)
        needed = self._need(name, target)
        with disk(now.folder) if self.mounts else _nothing():
            self.killing.furnish(now.folder, target)
            limits, options = self._limits(now, name, needed)
            if options:
                mount(now.folder, "remount", options)
            first = self.commands(*target.command, cwd=now.folder, **limits)
            now.ended(first, 0, 2, 4)
            now.outcome({0: "there was room", 2: "refused in a line", 4: "ended in a line"}.get(first.code, "?"))
            self._state(now, target, first)
            if options:
                mount(now.folder, "remount", ROOMY)
            self.killing.repeat(now, target, whole, {})
            if now.faults and self.mounts:
                shutil.copytree(now.folder, now.folder.with_name(f"{now.folder.name}_disk"), symlinks=True)

    def _limits(self, now, name, needed):
        """Draw how much room there is; return options of the command and of the mount."""
        what = now.draw.choice(["bytes", "inodes"])
        share = now.draw.uniform(0, 1)
        if not self.mounts:
            limit = int(needed["largest"] * share) + 1
            now.called(name, f"files of at most {limit} bytes")
            return {"file_bytes": limit}, ""
        now.called(name, f"{100 * share:.0f} % of the {what} that it needs")
        used = _used(now.folder)
        room = {key: used[key] + int(share * needed[key]) if key == what else 2**30 for key in used}
        return {}, f"size={max(room['bytes'], 4096)},nr_inodes={min(room['inodes'] + 1, 10**6)}"

    def _need(self, name, target):
        """Return the room that a command needs beside what is there."""
        if name not in self._needed:
            folder = self.killing.bases.folder / f"needed {name}"
            folder.mkdir()
            with disk(folder) if self.mounts else _nothing():
                self.killing.furnish(folder, target)
                before = _used(folder)
                done = self.commands(*target.command, cwd=folder)
                assert done.code == 0, done
                sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
                needed = {key: max(value - before[key], 1) for key, value in _used(folder).items()}
                self._needed[name] = needed | {"largest": max(sizes)}
            self.killing.measured(name, target)
        return self._needed[name]

    def _state(self, now, target, first):
        """Look at what a command has left that found no room."""
        store = now.folder / "s"
        if first.code == 2 and not target.begin and store.exists():
            now.fault("wrong", f"it is refused, and a folder is left with {sorted(os.listdir(store))[:5]}: {first}")
        if first.code and (store / "zarr.json").exists():
            told = self.commands("status", "s", "--json", cwd=now.folder)
            if now.ended(told) and told.code == 0 and json.loads(told.out)["run"] == "running" and not target.begin:
                now.fault("wrong", f"status says that it is running: {first}")


@contextmanager
def disk(folder):
    """Have a file system in memory at ``folder``; yield whether there is one."""
    mounted = mount(folder, ROOMY)
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


@contextmanager
def _nothing():
    yield


def mount(folder, *options):
    """Mount a file system, or change its size; return whether that works here."""
    arguments = ["mount", "-t", "tmpfs", "-o", ",".join(options), "campaign", str(folder)]
    return subprocess.run(arguments, capture_output=True).returncode == 0


def _used(folder):
    found = os.statvfs(folder)
    return {
        "bytes": (found.f_blocks - found.f_bfree) * found.f_frsize,
        "inodes": found.f_files - found.f_ffree,
    }

"""A process whose files are copied as they would be after a loss of power, at random moments of its work.

    python -m helpers.power_loss SPEC... STORE IMAGES COUNT SEED

runs the specifications one after the other into STORE.  At COUNT random flushes it makes a folder in IMAGES: what a
disk holds that keeps what was flushed, and of everything else an arbitrary part.
"""

import os
import random
import resource
import stat
import sys
import threading
from pathlib import Path

FLUSHES = 400  # moments are drawn among so many


class Disk:
    """What of a folder has been flushed."""

    def __init__(self, base):
        self.base = os.path.realpath(base)
        self.files = {}  # inode -> content
        self.folders = {}  # inode -> name -> (whether it is a folder, inode)
        self.held = {}  # inode -> a descriptor, so that no later file gets the inode of one that was removed
        self._note_folder(self.base)

    def note(self, descriptor):
        """Note that an open file or folder has been flushed."""
        about, path = os.fstat(descriptor), os.readlink(f"/proc/self/fd/{descriptor}")
        if about.st_ino not in self.held:
            self.held[about.st_ino] = os.dup(descriptor)
        if stat.S_ISDIR(about.st_mode):
            if path.startswith(self.base):
                self._note_folder(path)
        else:
            self.files[about.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def _note_folder(self, path):
        self.folders[os.stat(path).st_ino] = _entries(path)

    def copy(self, image, draw):
        """Write to ``image`` what is on the disk."""
        self._copy(self.base, os.stat(self.base).st_ino, Path(image), draw)

    def _copy(self, path, inode, image, draw):
        image.mkdir()
        flushed, now = self.folders.get(inode, {}), _entries(path) if os.path.isdir(path) else {}
        for name in sorted(flushed | now):
            entry = flushed.get(name) if draw.random() < 0.5 else now.get(name)
            if entry is None:
                continue
            folder, number = entry
            if folder:
                self._copy(f"{path}/{name}", number, image / name, draw)
            else:
                (image / name).write_bytes(self.files.get(number, b""))


def _entries(path):
    with os.scandir(path) as entries:
        return {entry.name: (entry.is_dir(), entry.inode()) for entry in entries}


def main(*arguments):
    import eos_sweep

    *specs, store, images, count, seed = arguments
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    draw, lock, real = random.Random(int(seed)), threading.Lock(), os.fsync
    disk, moments = Disk(Path(store).parent), sorted(draw.sample(range(FLUSHES), int(count)))
    done = 0

    def flush(descriptor):
        nonlocal done
        real(descriptor)
        with lock:
            if moments and done == moments[0]:
                disk.copy(Path(images) / f"{moments.pop(0):03}", draw)
            disk.note(descriptor)
            done += 1

    os.fsync = flush
    for spec in specs:
        eos_sweep.run(spec, store)
    print(done)


if __name__ == "__main__":
    main(*sys.argv[1:])

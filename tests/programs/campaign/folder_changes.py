"""What can be done to folders of a store, and beside them."""

import os
import shutil

LOCKS = (".eos_sweep.lock", "../s.lock")


def _folder(place):
    return place.draw.choice(sorted(path for path in place.store.iterdir() if path.is_dir()))


def _linked_folder(place, name):
    path = _folder(place)
    path.rename(target := place.outside / path.name)
    (target / f"1.{'a' * 32}.partial").write_bytes(b"theirs")
    path.symlink_to(target, target_is_directory=True)
    return path.name


def _lock(make):
    def act(place, name):
        lock = place.draw.choice(LOCKS)
        make(place.store / lock, place)
        return lock

    return act


def _tree_removed(path):
    shutil.rmtree(path)


FOLDERS = {
    "a variable removed": lambda place, name: _tree_removed(place.store / place.draw.choice(["outcome", "tail_mean"])),
    "an axis removed": lambda place, name: _tree_removed(place.store / "eta"),
    "the ledger removed": lambda place, name: _tree_removed(place.store / "ledger"),
    "the pyramid removed": lambda place, name: shutil.rmtree(place.store / "pyramid", ignore_errors=True),
    "a folder that is a link": _linked_folder,
    "a file that is a stranger's": lambda place, name: (place.store / "notes.txt").write_text("mine"),
    "a folder that is a stranger's": lambda place, name: ((_folder(place) / "mine").mkdir(), None)[1],
    "a lock of somebody": _lock(lambda path, place: path.write_text("version = 1\n")),
    "a lock that is a link": _lock(lambda path, place: path.symlink_to(place.outside / "target")),
    "a lock that is a folder": _lock(lambda path, place: path.mkdir()),
    "a lock that is a pipe": _lock(lambda path, place: os.mkfifo(path)),
}

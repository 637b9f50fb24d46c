"""Run about ten commands on a store in which something was changed, and judge what comes of each."""

import json
import os
import shutil
import subprocess

from programs.campaign import mutations, zip_changes
from programs.campaign.bases import RELABEL, finished, once
from programs.campaign.places import EVERYTHING, NOTHING, Place

SECONDS, KILOBYTES = 90, 1_200_000  # that one command may take
VARYING = {"core_seconds", "heartbeat", "run", "title", "failed", "seconds", "store"}  # of what --json prints
CELLS = 130 * 3  # of a block
READ = {
    "status": ("status", "{s}", "--json"),
    "status --check": ("status", "{s}", "--check", "--json"),
    "plot": ("plot", "{s}", "-o", "p.png"),
    "plot a number": ("plot", "{s}", "-o", "p.png", "--variable", "tail_mean"),
    "export netcdf": ("export", "{s}", "x.nc", "--overwrite"),
    "export zip": ("export", "{s}", "x.zarr.zip", "--overwrite"),
    "export a slice": ("export", "{s}", "x.nc", "--overwrite", "--at", "eta=2", "--variable", "regime"),
    "verify": ("verify", "{s}", "--sample", "6", "--workers", "1", "--json"),
    "boundary": ("boundary", "{s}", "--along", "lam", "--holds", "crossings > 0", "--rtol", "0.01", "--json"),
    "budget": ("budget", "{s}", "--sample", "20", "--threads", "1", "--json"),
    "trace": ("trace", "{s}", "--index", "eta=1,lam=5", "--json"),
}
ALWAYS = ("status", "status --check")
ONE_OF = (  # further commands, of which each store gets one of each line
    ("plot", "plot a number", "export netcdf", "export a slice"),
    ("export zip", "verify", "boundary", "budget", "trace"),
)
WRITE = {
    "run": ("run", "small.toml", "-o", "{s}", "--threads", "1", "--json"),
    "run --check": ("run", "small.toml", "-o", "{s}", "--threads", "1", "--check", "--json"),
    "relabel": ("relabel", "{s}", *RELABEL, "--json"),
}


class Judge:
    """Rounds that change something in a store."""

    def __init__(self, bases):
        self.bases, self.commands, self.made = bases, bases.commands, {}

    def close(self):
        """Leave nothing behind."""

    def round(self, now):
        """Change something in a store, and run commands on it."""
        base = now.draw.choices(["whole", "half", "zip"], weights=[7, 2, 1])[0]
        self._furnish(now.folder, base)
        store = "s.zarr.zip" if base == "zip" else "s"
        if base == "zip":
            what = zip_changes.applied(now.folder / store, now.draw)
        else:
            what = mutations.applied(self._place(now, base))
        now.called(what.kind, f"{base} {what.where}")
        others = _around(now.folder)  # with what the change has put there
        harmed = what.claimed and self._harmed(now.folder / store, base)
        numbers = harmed and not all(name.startswith("pyramid") for name in harmed)  # it can be made again
        noticed, silent = self._read(now, base, store)
        if base != "zip":
            noticed_by_run, silent_runs = self._write(now, base, what, harmed)
            silent += silent_runs
            if numbers and noticed and not noticed_by_run:
                now.fault("silent", f"run --check does not notice what differs: {harmed[:5]}")
        if numbers and not noticed:
            now.fault("silent", f"status --check does not notice what differs: {harmed[:5]}")
        for name, text in silent:
            if noticed:
                now.outcome("other result, that --check tells of")
            elif harmed and not numbers and name in ("export zip", "relabel"):
                now.outcome("other pyramid")
            elif harmed:
                now.fault("silent", f"{name} has another result, {text}")
            else:
                now.outcome("other free text")
        self._outside(now, others, what)

    def _furnish(self, folder, base):
        """Lay out a store, its spec, and things of somebody else."""
        shutil.copy(self.bases.folder / "small.toml", folder)
        place = self._store_of(base)
        shutil.copytree(place, folder / "s") if place.is_dir() else shutil.copy(place, folder / "s.zarr.zip")
        (folder / "outside").mkdir()
        (folder / "outside" / "target").write_text("theirs")
        (folder / "s.toml.partial").write_text("theirs")

    def _store_of(self, base):
        return {"whole": self.bases.relabelled, "half": self.bases.half, "zip": self.bases.zipped}[base]("small")

    def _place(self, now, base):
        done = frozenset(finished(self._store_of(base)))
        other, older = self.bases.whole("other"), self.bases.whole("small")
        return Place(now.folder / "s", now.folder / "outside", other, older, done, now.draw)

    def _harmed(self, place, base):
        """Return in what the content differs from what it was."""
        return self.bases.compare(place, self._store_of(base))

    def _read(self, now, base, store):
        """Run commands that only read; return whether --check noticed anything, and results that differ."""
        names = [*ALWAYS, *(now.draw.choice(some) for some in ONE_OF)]
        noticed, silent, before = False, [], _marks(now.folder / store)
        for name in names:
            ended, found = self._run(READ[name], store, now.folder)
            if name == "status --check":
                noticed = ended.code != 0 or bool(ended.said)
            if not self._well(now, ended):
                continue
            expected = self._expected(name, base)
            if ended.code not in (0, expected[0]):
                now.outcome("told by --check" if ended.code == 1 else "refused in a line")
            elif (ended.code, found) == expected:
                now.outcome("right result")
            elif ended.said:
                now.outcome("told in a line")
            else:
                silent.append((name, _shown(found, expected[1])))
        if _marks(now.folder / store) != before:
            now.fault("wrong", f"one of {', '.join(names)} has changed the store")
        return noticed, silent

    def _run(self, command, store, folder):
        """Run a command; return how it ended, and its result."""
        arguments = [part.format(s=store) for part in command]
        for name in ("p.png", "x.nc", "x.zarr.zip"):
            (folder / name).unlink(missing_ok=True)
        ended = self.commands(*arguments, cwd=folder, timeout=SECONDS)
        judged = ended.code in (0, 1) and not ended.fault()
        return ended, self._result(command, folder, ended.out) if judged else None

    def _result(self, command, folder, out):
        if command[0] == "plot":
            return (folder / "p.png").read_bytes()
        if command[0] == "export":
            file = folder / command[2]
            found = self.bases.content(file, "netcdf" if file.suffix == ".nc" else "store")
            return found if isinstance(found, str) else tuple(sorted(found.items()))
        told = json.loads(out)
        return json.dumps({name: value for name, value in told.items() if name not in VARYING})

    def _well(self, now, ended):
        """Record how a command ended; return whether it may be judged by its result."""
        if ended.kilobytes > KILOBYTES:
            now.fault("wrong", f"{ended.kilobytes // 1024} MB were resident: {ended}")
        if not now.ended(ended, 0, 1, 2, 3, 4):
            return False
        errors = [line for line in ended.said if line.startswith("eos-sweep: ")]
        if ended.code == 2 and (len(errors) > 1 or len(ended.said) > 2) and "differences:" not in errors[0]:
            now.fault("wrong", f"{len(ended.said)} lines: {ended}")
        return True

    @once
    def _expected(self, name, base):
        """Return code and result of a command on a store in which nothing was changed."""
        folder = self.bases.folder / f"expected {name} {base}"
        folder.mkdir()
        self._furnish(folder, base)
        ended, found = self._run((READ | WRITE)[name], "s.zarr.zip" if base == "zip" else "s", folder)
        assert not ended.fault(), ended
        shutil.rmtree(folder)
        return ended.code, found

    def _write(self, now, base, what, harmed):
        """Run commands that write, each on a copy; return whether run --check noticed anything, and other results."""
        noticed, silent = False, []
        for name, command in WRITE.items():
            subprocess.run(["cp", "-a", "s", "kept"], cwd=now.folder, check=True)
            ended, found = self._run(command, "s", now.folder)
            noticed |= name == "run --check" and bool(ended.code or ended.said)
            if self._well(now, ended):
                silent += self._written(now, base, what, name, ended, found)
            self._restore(now.folder)
        return noticed, silent

    def _restore(self, folder):
        place = folder / "s"
        if place.is_symlink() or place.is_file():
            place.unlink()
        shutil.rmtree(place, ignore_errors=True)
        (folder / "kept").rename(place)

    def _written(self, now, base, what, name, ended, found):
        """Judge a command that writes; return results that differ although nothing was said."""
        if ended.code:
            now.outcome("refused in a line")
            return []
        if name != "relabel":
            self._recomputed(now, base, what, ended)
        whole = self._store_of("whole") if name == "relabel" else self._labelled_like(base)
        if different := self.bases.compare(now.folder / "s", whole):
            if name == "run --check":
                now.fault("silent", f"it is done, but the store differs in {', '.join(different[:9])}: {ended}")
                return []
            if ended.said:
                now.outcome("told in a line")
                return []
            return [(name, ", ".join(different[:5]))] if base == "whole" or name == "run" else []
        now.outcome("mended by run --check" if name == "run --check" and ended.said else "right result")
        return []

    def _labelled_like(self, base):
        return self.bases.relabelled("small") if base == "whole" else self.bases.whole("small")

    def _recomputed(self, now, base, what, ended):
        """Record what was computed again although nothing was wrong with it."""
        left = json.loads(self._expected("status", base)[1])
        new = json.loads(ended.out)["new"] - (left["trajectories"] - left["trajectories_done"])
        most = {NOTHING: 0, EVERYTHING: left["trajectories"]}.get(what.lost, CELLS)
        if new > most:
            now.fault("lost", f"{new} cells were computed again: {ended}")
        elif new > 0 and not ended.said and what.lost != EVERYTHING:
            now.fault("lost", f"{new} cells were computed again without a word: {ended}")

    def _outside(self, now, others, what):
        """Compare everything outside the store with what was there; chunks go where a folder of the store leads."""
        after = _around(now.folder)
        made = {"p.png", "x.nc", "x.zarr.zip"}
        for name in sorted(others.keys() | after.keys()):
            ours = what.kind.endswith("a folder that is a link") and "/c/" in name and not name.endswith(".partial")
            if name not in made and not ours and others.get(name) != after.get(name):
                now.fault("wrong", f"outside the store, {name} was changed")


def _around(folder):
    """Return name -> what it is, of everything in a folder outside the store."""
    found = {}
    for place, folders, names in os.walk(folder):
        if place == str(folder):
            folders[:] = [name for name in folders if name not in ("s", "kept")]
        for name in (*folders, *names):
            path = os.path.join(place, name)
            if os.path.relpath(path, folder) != "s.zarr.zip":
                found[os.path.relpath(path, folder)] = _mark(path)
    return found


def _marks(place):
    """Return name -> what it is, of everything in a store."""
    found = {"": _mark(place)}
    for folder, folders, names in os.walk(place):
        found |= {os.path.join(folder, name): _mark(os.path.join(folder, name)) for name in (*folders, *names)}
    return found


def _mark(path):
    stat = os.lstat(path)
    return stat.st_mode, (stat.st_ino, stat.st_size, stat.st_mtime_ns) if not os.path.isdir(path) else ()


def _shown(found, expected):
    if isinstance(found, bytes):
        return "another picture"
    if isinstance(found, tuple) and isinstance(expected, tuple):
        return ", ".join(sorted(name for name, _ in set(found) ^ set(expected))[:5])
    return f"{str(found)[:150]} for {str(expected)[:150]}"

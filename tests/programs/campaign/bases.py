"""The stores from which rounds start, and what an undisturbed command makes of them."""

import functools
import json
import shutil
from pathlib import Path

import numpy as np

from eos_sweep import trust
from helpers.stores import toml
from programs.campaign.content import differences

# A second or two of 36 blocks, to be killed in.
FULL = {
    "model": "bivariate",
    "steps": 20_000,
    "axes": {"lambda1": np.geomspace(1, 1e4, 96).tolist(), "eta": np.geomspace(1e-3, 30, 100).tolist()},
    "parameters": {"lambda2": 0.01, "radius": "liu2025"},
    "initial": {"alpha": 0.5, "beta1": 0.05, "beta2": 0.5},
    "chunks": {"lambda1": 16, "eta": 17},
}
# Its beginning; some of its blocks grow.
PART = FULL | {"axes": {"lambda1": FULL["axes"]["lambda1"][:64], "eta": FULL["axes"]["eta"][:80]}}
# With a pyramid.
WIDE = FULL | {
    "steps": 8,
    "axes": {"lambda1": {"log": [1, 1e4, 700]}, "eta": {"log": [1e-3, 30, 600]}},
    "chunks": {"lambda1": 175, "eta": 200},
}
# Few cells in four blocks, with a pyramid and few variables, for commands by the hundred.
SMALL = {
    "model": "uv",
    "steps": 60,
    "axes": {"lam": {"log": [0.01, 10, 520]}, "eta": [0.5, 2.0, 5.0]},
    "parameters": {"n": 16, "y": 1},
    "initial": {"f": 0},
    "chunks": {"lam": 130},
    "observables": [*trust.REQUIRED, "tail_mean", "lyapunov"],
}
SPECS = {"full": FULL, "part": PART, "wide": WIDE, "small": SMALL, "other": SMALL | {"steps": 31}}
MANY = 10**9  # files, before which no command is done
RELABEL = ("--threshold", "growth=2", "--threshold", "margin=0.1")


def once(method):
    """Return a method that remembers, in the dict ``made`` of its object, what it has returned."""

    @functools.wraps(method)
    def get(self, *arguments):
        key = (method.__name__, *arguments)
        if key not in self.made:
            self.made[key] = method(self, *arguments)
        return self.made[key]

    return get


class Bases:
    """Stores that are made when they are first asked for, in one folder."""

    def __init__(self, folder, commands):
        self.folder, self.commands, self.made = Path(folder), commands, {}
        for name, spec in SPECS.items():
            toml(self.folder / f"{name}.toml", spec)

    def run(self, spec, out, *options, **changes):
        """Run a spec to its end."""
        ended = self.commands("run", f"{spec}.toml", "-o", out, "--threads", 2, *options, cwd=self.folder, **changes)
        assert ended.code == 0, ended
        return ended

    @once
    def whole(self, name):
        """Return the store of a spec, whole."""
        self.run(name, name)
        return self.folder / name

    @once
    def relabelled(self, name):
        """Return the store of a spec with other labels."""
        place = self.folder / f"{name}_relabelled"
        shutil.copytree(self.whole(name), place)
        ended = self.commands("relabel", place.name, *RELABEL, cwd=self.folder)
        assert ended.code == 0, ended
        return place

    @once
    def extended(self):
        """Return the part, extended to the full sweep."""
        place = self.folder / "extended"
        shutil.copytree(self.whole("part"), place)
        self.run("full", place.name)
        return place

    @once
    def without_pyramid(self, name):
        """Return the store of a spec whose pyramid has still to be written."""
        place = self.folder / f"{name}_bare"
        shutil.copytree(self.whole(name), place)
        shutil.rmtree(place / "pyramid")
        return place

    @once
    def half(self, name, share=0.5):
        """Return the store of a spec whose run was killed."""
        place = self.folder / f"{name}_half_{share}"
        spare = self.folder / f"{name}_spare"
        count = self.run(name, spare.name).changes
        shutil.rmtree(spare)
        arguments = ("run", f"{name}.toml", "-o", place.name, "--threads", 1)
        ended = self.commands(*arguments, cwd=self.folder, die_at=round(share * count))
        assert ended.code == -9 and finished(place), ended
        return place

    @once
    def zipped(self, name):
        """Return the store of a spec as one zip file."""
        place = self.folder / f"{name}.zarr.zip"
        ended = self.commands("export", self.whole(name).name, place.name, cwd=self.folder)
        assert ended.code == 0, ended
        return place

    def content(self, place, kind="store", timeout=60):
        """Return the content of a store, or of a NetCDF file; a text if it cannot be read."""
        ended = self.commands("content", place, kind, cwd=self.folder, timeout=timeout)
        return json.loads(ended.out) if ended.code == 0 else (ended.err.strip().splitlines() or ["hang"])[-1]

    @once
    def expected(self, place, kind="store"):
        """Return the content of one of these stores, read once."""
        found = self.content(place, kind)
        assert isinstance(found, dict), found
        return found

    def compare(self, place, whole, kind="store"):
        """Return the names in which a store differs from one of these; empty if the bits are the same."""
        found = self.content(place, kind)
        return [found] if isinstance(found, str) else differences(found, self.expected(whole, kind))


def finished(path):
    """Return block -> its ledger entry and the identity of its chunks, of all blocks that the ledger of a store has."""
    import zarr

    try:
        group = zarr.open_group(path, mode="r", use_consolidated=False)
        rows = np.asarray(group["ledger/blocks"][...])
    except (OSError, KeyError, ValueError):  # it is still being created
        return {}
    arrays = {place.parent.name: group[place.parent.name] for place in Path(path).glob("*/zarr.json")}
    names = [name for name, one in arrays.items() if getattr(one, "chunks", 0) == arrays["steps_taken"].chunks]
    found = {}
    for block in map(tuple, np.argwhere(rows[..., : rows.ndim - 1].all(axis=-1)).tolist()):
        files = [Path(path) / name / "c" / "/".join(map(str, block)) for name in names]
        stats = {file.parents[rows.ndim - 1].name: file.stat() for file in files if file.exists()}
        marks = {name: (one.st_ino, one.st_mtime_ns) for name, one in stats.items()}
        found[block] = rows[block][: rows.ndim + 1].tolist(), marks
    return found


def files(path):
    """Return the names of all files below a folder."""
    path = Path(path)
    return {str(file.relative_to(path)) for file in path.rglob("*") if not file.is_dir() or file.is_symlink()}

"""What can be done to the zip of a store."""

import struct
import zipfile

from programs.campaign.file_changes import flipped
from programs.campaign.places import NOTHING, RARELY, Mutation


def applied(path, draw):
    """Change something in the zip of a store, and say what."""
    kind = draw.choices(sorted(ZIPS), weights=[RARELY.get(name, 1) for name in sorted(ZIPS)])[0]
    where = ZIPS[kind](path, draw)
    return Mutation(f"zip: {kind}", str(where or path.name), NOTHING)


def _repacked(change):
    """Return what packs a zip again, after ``change`` has had its way with the dict of its members."""

    def act(path, draw):
        with zipfile.ZipFile(path) as held:
            members = {name: held.read(name) for name in held.namelist()}
        where = change(members, draw)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            for name, content in members.items():
                new.writestr(name, content)
        return where

    return act


def _pick(members, draw, end=""):
    return draw.choice(sorted(name for name in members if name.endswith(end)))


def _member(change, end=""):
    def act(members, draw):
        name = _pick(members, draw, end)
        members[name] = change(members[name], draw)
        return name

    return act


def _swapped(members, draw):
    chunks = [name for name in members if "/c/" in name]
    one, two = draw.sample(sorted(chunks), 2)
    members[one], members[two] = members[two], members[one]
    return f"{one}, {two}"


def _raw(change):
    return lambda path, draw: path.write_bytes(change(path.read_bytes(), draw)) and None


def _central_size(content, draw):
    """Let the directory of a zip claim another size of a member."""
    at = content.rindex(b"PK\x01\x02")
    return content[: at + 20] + struct.pack("<II", 2**31, 2**31) + content[at + 28 :]


ZIPS = {
    "as it was": _repacked(lambda members, draw: ""),
    "truncated": _raw(lambda content, draw: content[: draw.randrange(len(content))]),
    "empty": _raw(lambda content, draw: b""),
    "a bit": _raw(flipped),
    "bytes appended": _raw(lambda content, draw: content + draw.randbytes(40)),
    "another size": _raw(_central_size),
    "a member removed": _repacked(lambda members, draw: (name := _pick(members, draw), members.pop(name))[0]),
    "a member cut": _repacked(_member(lambda content, draw: content[:-5])),
    "a bit of a member": _repacked(_member(flipped)),
    "members swapped": _repacked(_swapped),
    "a gigabyte of metadata": _repacked(_member(lambda content, draw: content + b" " * 2**30, "zarr.json")),
    "a gigabyte of zeros": _repacked(_member(lambda content, draw: bytes(2**30))),
    "names that lead out": _repacked(lambda members, draw: members.update({"../out": b"x", "/out": b"x"})),
    "no root": _repacked(lambda members, draw: members.pop("zarr.json") and "zarr.json"),
}

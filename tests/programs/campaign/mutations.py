"""Random changes of a file of a store, each with what has to be computed again at most."""

from programs.campaign.bases import files
from programs.campaign.file_changes import CHUNKS, KINDS
from programs.campaign.folder_changes import FOLDERS
from programs.campaign.places import EVERYTHING, NOTHING, RARELY, Mutation
from programs.campaign.text_changes import METADATA

WEIGHTS = {"root": 2, "metadata": 2, "ledger metadata": 2, "ledger": 3, "coordinate": 2, "chunk": 4, "label": 3,
           "pyramid": 2, "anything": 3}  # fmt: skip


def applied(place):
    """Change something in a store, and say what."""
    groups = _groups(place.store)
    group = place.draw.choices(list(groups), weights=[WEIGHTS[name] for name in groups])[0]
    kinds = KINDS | (METADATA if group in ("root", "metadata", "ledger metadata") else {})
    kinds = kinds | (CHUNKS if group in ("chunk", "label", "coordinate", "ledger") else {})
    if group == "anything":
        kinds = FOLDERS
    for _ in range(50):
        kind = place.draw.choices(sorted(kinds), weights=[RARELY.get(name, 1) for name in sorted(kinds)])[0]
        name = place.draw.choice(groups[group])
        done = kinds[kind](place, name)
        if done is not False:  # else it is not possible here
            where = f"{name} {done}" if isinstance(done, str) else name
            return Mutation(f"{group}: {kind}", where, *_lost(place, group, kind, name))
    raise ValueError(f"nothing to change in {group}")


def _groups(store):
    """Return the files of a store by what they hold."""
    found = {name: [] for name in WEIGHTS}
    found["anything"] = ["."]
    for name in sorted(files(store)):
        if name.endswith(".partial"):  # what a killed writer has left
            continue
        found[_group(store, name)].append(name)
    return {group: names for group, names in found.items() if names}


def _group(store, name):
    first, *rest = name.split("/")
    if first == "pyramid":
        return "pyramid"
    if first == "ledger":
        return "ledger" if "c" in rest else "ledger metadata"
    if not rest:
        return "root"
    if rest == ["zarr.json"]:
        return "metadata"
    if first in ("regime", "settled"):
        return "label"
    return "chunk" if len(rest) > 2 and (store / "outcome/c" / "/".join(rest[1:])).exists() else "coordinate"


def _lost(place, group, kind, name):
    """Return what has to be computed again at most, and whether the ledger claims what was changed."""
    if group in ("chunk", "label"):
        block = tuple(map(int, name.split("/")[2:]))
        return block, block in place.done
    whole = group in ("ledger", "ledger metadata") or kind in ("a variable removed", "the ledger removed")
    return (EVERYTHING if whole else NOTHING), True

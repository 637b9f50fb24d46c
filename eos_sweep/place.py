"""Where a sweep is to be stored: create the store there, go on with it, extend it, or refuse."""

import re
import shutil
from pathlib import Path

from eos_sweep import provenance
from eos_sweep.spec import SpecError, Sweep, differences, extends
from eos_sweep.store import CREATING, EXTENDING, Store, find


def prepare(path: str | Path, sweep: Sweep, block_shape: tuple[int, ...], overwrite: bool) -> Store:
    """Create, resume or extend the store of ``sweep`` at ``path``.

    Raises
    ------
    SpecError
        If something else is there: no sweep, another spec, or a sweep of another version of the model.
    """
    path = Path(path)
    group = find(path)
    if group is None and _occupied(path):
        raise SpecError(f"{path}: something that is no sweep is there; choose another place for the store")
    if group is not None and (overwrite or group.attrs["eos_sweep"] == CREATING):
        shutil.rmtree(path)
        group = None
    if group is None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SpecError(f"{path}: {error.strerror}; choose another place for the store") from None
        _remove_partial_files(path)
        return Store.create(path, sweep, block_shape)

    store = Store(path, group)
    if store.sweep.hash != sweep.hash and not extends(store.sweep, sweep):
        changes = "".join(f"\n  {line}" for line in differences(store.sweep, sweep))
        raise SpecError(
            f"{path}: holds another sweep; give it another place, or --overwrite to lose it. The differences:{changes}"
        )
    here, there = provenance.model_digest(sweep), group.attrs["model_digest"]
    if here != there:
        raise SpecError(
            f"{path}: computed by another version of model or kernel ({there}, here {here}); go on with that version "
            f"(eos_sweep {group.attrs['eos_sweep_version']}), or --overwrite to start anew"
        )
    if sweep.thresholds != store.sweep.thresholds:
        raise SpecError(
            f"{path}: labelled with other thresholds, {store.sweep.thresholds or 'the defaults'}; leave them so in the "
            "spec and use eos-sweep relabel"
        )
    if store.sweep.hash != sweep.hash or group.attrs["eos_sweep"] == EXTENDING:
        store.extend(sweep)
    _remove_partial_files(path)
    store.consolidate()  # a run that was killed may not have come to it
    return store


def _occupied(path: Path) -> bool:
    """Return whether there is anything but what a run leaves that is killed before its first file is whole."""
    own = re.compile(r"zarr\.[0-9a-f]{32}\.partial")
    return path.exists() and (path.is_file() or any(not own.fullmatch(entry.name) for entry in path.iterdir()))


def _remove_partial_files(path: Path) -> None:
    """Remove what killed writers left behind; it never became part of the dataset."""
    for leftover in path.rglob("*.partial"):
        leftover.unlink(missing_ok=True)

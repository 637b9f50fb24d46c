"""Where a sweep is to be stored: create the store there, go on with it, extend it, or refuse."""

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from eos_sweep import observables, provenance, schema
from eos_sweep.compared import differences, extends
from eos_sweep.errors import InputError
from eos_sweep.spec import SpecError, Sweep
from eos_sweep.store import CREATING, EXTENDING, Store, find


@contextlib.contextmanager
def locked(path: str | Path) -> Iterator[None]:
    """Keep every other process from changing the store at ``path``; the lock goes when the process does.

    Raises
    ------
    InputError
        If another process has it, or nothing can be written there.
    """
    lock = Path(f"{Path(path)}.lock")  # beside it, even if a slash is behind its name
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = open(lock, "w")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lock.exists() and os.fstat(file.fileno()).st_ino == lock.stat().st_ino:
                break
            file.close()  # its last owner has just removed it
    except BlockingIOError:
        raise InputError(f"{path}: another process is at work on it; wait for its end") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; choose another place for the store") from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        file.close()


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
    _remove_trash(path)
    if group is not None and (overwrite or group.attrs["eos_sweep"] == CREATING):
        _remove(path, _names(sweep) | (_names(Store(path, group).sweep) if "spec" in group.attrs else set()))
        group = None
    if group is None:
        _remove_partial_files(path)
        return Store.create(path, sweep, block_shape)

    store = Store(path, group)
    if group.attrs["spec_hash"] != store.sweep.hash:
        raise SpecError(
            f"{path}: its axes come out with other bits here than where it was made; go on there, with numpy "
            f"{group.attrs['numpy_version']}, or --overwrite to start anew"
        )
    if store.sweep.hash != sweep.hash and not extends(store.sweep, sweep):
        raise SpecError(
            f"{path}: holds another sweep; give it another place, or --overwrite to lose it. The differences:",
            *differences(store.sweep, sweep),
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
    elif sweep.data != store.sweep.data:
        store.find_data(sweep)
    _remove_partial_files(path)
    store.consolidate()  # a run that was killed may not have come to it
    return store


def _occupied(path: Path) -> bool:
    """Return whether there is anything but what a run leaves that is killed before its first file is whole."""
    own = re.compile(r"zarr\.[0-9a-f]{32}\.partial")
    return path.exists() and (not path.is_dir() or any(not own.fullmatch(entry.name) for entry in path.iterdir()))


def _names(sweep: Sweep) -> set[str]:
    """Return what may be in the folder of a store of ``sweep``."""
    module = sweep.module
    variables = {*module.STATE, *module.PARAMETERS, *observables.variables(module), *schema.LABELS}
    return {"zarr.json", "ledger", "seed"} | variables


def _remove(path: Path, own: set[str]) -> None:
    """Remove the store at ``path``, under another name first: a kill meanwhile leaves no half of it in place."""
    for entry in path.iterdir():
        if entry.name not in own and entry.suffix != ".partial":
            raise SpecError(f"{path}: {entry.name} in it is no part of a sweep; move it away first")
    trash = path.with_name(f".{path.name}.deleted")
    path.rename(trash)
    shutil.rmtree(trash)


def _remove_trash(path: Path) -> None:
    shutil.rmtree(path.with_name(f".{path.name}.deleted"), ignore_errors=True)


def _remove_partial_files(path: Path) -> None:
    """Remove what killed writers left behind; it never became part of the dataset."""
    for leftover in path.rglob("*.partial"):
        leftover.unlink(missing_ok=True)

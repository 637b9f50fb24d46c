"""Label a stored sweep again, with other thresholds and without running a step."""

import contextlib
import functools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from eos_sweep import regimes, trust
from eos_sweep.errors import InputError, Stopped
from eos_sweep.rules import Limits
from eos_sweep.spec import labels
from eos_sweep.store import partial_files, schema, validate
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
ALL_CODES = 1 + np.iinfo(np.int8).max
BEING_CHANGED = "being changed"  # the thresholds in the attributes of the regime, until all blocks have the new labels


def relabel(store: Store, limits: Limits, held: Callable[[], None] = lambda: None) -> np.ndarray:
    """Label every block of ``store`` with other thresholds.

    Parameters
    ----------
    store
        A store that was opened when it was locked.
    limits
        All thresholds by name, and the rules of a user's own.
    held
        Raises Stopped if the lock was lost.

    Returns
    -------
    ndarray
        The number of trajectories by old code (row) and new code (column) of the regime, of codes up to 127.

    Raises
    ------
    InputError
        If the store lacks observables that the regime rules need; nothing has been changed then.
    Stopped
        If some of it is damaged, so that not all blocks have the new labels.
    """
    if "regime" not in store.arrays:
        raise InputError(
            f'{store.path}: its observables do not decide the regime; run it again with "default" among them'
        )
    missing = set(regimes.required(limits)) - set(store.arrays)
    if missing:
        raise InputError(
            f"{store.path}: with these thresholds the regime rules read {', '.join(sorted(missing))}, which is not "
            "stored; run it again with that among its observables"
        )
    if "settled" in store.arrays and (short := trust.missing_doubled(store.arrays, limits)):
        LOG.warning("%s: budget_short is not checked any more, since %s is not stored", store.path, ", ".join(short))
    moved = np.zeros((ALL_CODES, ALL_CODES), np.int64)
    former = regimes.codes(store.thresholds)
    partial_files.remove(store.location, chunks=True)  # of a process that was killed
    retry = store.location.retry
    with changing(store):
        retry(functools.partial(begin, store), held)
        retry(functools.partial(store.write_thresholds, limits), held)
        for block in map(tuple, np.argwhere(store.extent.all(axis=-1))):
            new = new_labels(store, block)
            old = {name: read for name in new if (read := readable(store, block, name, former)) is not None}
            if "regime" in old:
                computed = old["regime"] > 0  # a block that grew has cells that are not computed yet
                np.add.at(moved, (old["regime"][computed], new["regime"][computed]), 1)
            changed = {name: new[name] for name in new if name not in old or (new[name] != old[name]).any()}
            retry(functools.partial(store.write, block, changed), held)
        for name, attributes in schema.attributes(store.sweep.stored, limits).items():
            if name in labels.LABELS:
                retry(functools.partial(store.arrays[name].update_attributes, attributes), held)
        words = ", ".join(f"{name}={value:g}" for name, value in limits.items())
        words += "".join(f", {rule.regime}: {rule.words}" for rule in limits.own)
        history = {"history": store.history_with(f"relabelled with {words}")}
        retry(functools.partial(store.group.update_attributes, history), held)
        retry(store.consolidate, held)
    return moved


@contextlib.contextmanager
def changing(store: Store) -> Iterator[None]:
    """Turn an InputError that is raised when labels have been changed into Stopped."""
    try:
        yield
    except InputError as error:
        problem = str(error).rpartition("; ")[0] or error
        remedy = f"eos-sweep run SPEC -o {store.location} --check mends it; then relabel again"
        raise Stopped(f"{problem}, when its labels had been changed in part; {remedy}") from error


def begin(store: Store) -> None:
    """Note that blocks of ``store`` get other labels: its regimes have no thresholds until :func:`relabel` ends."""
    store.arrays["regime"].update_attributes({"thresholds": BEING_CHANGED})


def new_labels(store: Store, block: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return the labels of a block that are stored, as its observables and the thresholds of the store give them."""
    inputs = store.inputs(block)

    def read(name: str) -> np.ndarray:
        return inputs[name] if name in inputs else store.read(block, name)

    found = labels.classify(read, store.arrays, store.thresholds)
    return {name: codes for name, codes in found.items() if name in store.arrays}


def readable(
    store: Store, block: tuple[int, ...], name: str, former: Mapping[str, int] = MappingProxyType({})
) -> np.ndarray | None:
    """Return a variable of one block, or None if it is damaged; regimes may have ``former`` codes."""
    try:
        if name not in labels.LABELS:
            return store.read(block, name)
        with validate.reading(store.path, name):
            found = np.asarray(store.arrays[name][store.region(block)])
        known = labels.flags(name, store.thresholds)
        return validate.codes(store.path, name, found, {**former, **known} if name == "regime" else known)
    except InputError:
        return None


def wrong_labels(store: Store, block: tuple[int, ...], names: Collection[str]) -> list[str]:
    """Return those among the labels ``names`` whose chunk of a block is not what its observables give."""
    wanted, wrong = new_labels(store, block), []
    for name in names:
        with validate.reading(store.path, name):
            found = np.asarray(store.arrays[name][store.region(block)])
        if not np.array_equal(wanted[name], found):
            wrong.append(name)
    return wrong


def current_labels(store: Store) -> list[str]:
    """Return the labels that are stored, and are those of the present regime rules and of the store's thresholds."""
    return [
        name for name in labels.decided(store.arrays, store.thresholds) if _is_current(store, name, store.thresholds)
    ]


def older_labels(store: Store) -> list[str]:
    """Return the labels that are stored, and are of other regime rules, or of other thresholds than the store's."""
    current = current_labels(store)
    return [name for name in labels.LABELS if name in store.arrays and name not in current]


def labels_are_current(store: Store, limits: Mapping[str, float]) -> bool:
    """Return whether the stored regimes are those of the present regime rules and of the thresholds ``limits``."""
    return _is_current(store, "regime", limits)


def _is_current(store: Store, name: str, limits: Mapping[str, float]) -> bool:
    if name not in store.arrays:
        return False
    about, wanted = store.arrays[name].attrs, labels.attributes(name, store.arrays, limits)
    keys = set(wanted) - {"ancillary_variables"}
    return all(_without_order(key, about.get(key)) == _without_order(key, wanted[key]) for key in keys)


def _without_order(key: str, value: Any) -> Any:
    """Return an attribute of labels; thresholds are sorted, since their order differs between versions."""
    return sorted(value.split(", ")) if key == "thresholds" and isinstance(value, str) else value


def wrong_thresholds(store: Store) -> str:
    """Return in words what is wrong with the thresholds of the labels, or an empty text."""
    if "regime" not in store.arrays:
        return ""
    if store.arrays["regime"].attrs.get("thresholds") == BEING_CHANGED:
        return "its relabelling was interrupted"
    if store.ledger.sealed and store.group.attrs["thresholds"] != store.ledger.identity["thresholds"]:
        return "the thresholds in its zarr.json are not those of its labels"
    here = {f"{threshold}={value:g}" for threshold, value in store.thresholds.items()}
    for name in labels.LABELS if store.sealed else ():
        told = str(store.arrays[name].attrs.get("thresholds", "")) if name in store.arrays else ""
        if told and not set(told.split(", ")) <= here:
            return f"the thresholds in the attributes of {name} are not those of its labels"
    return ""

"""Compare what is stored with its checksums, with its seals, and with what the spec gives; mend what differs."""

import functools
import itertools
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from eos_sweep.errors import InputError
from eos_sweep.spec.labels import LABELS
from eos_sweep.store import relabelling, schema, spec_hash, validate
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
BLOCKS_AT_ONCE = 2**8  # between two reports
THREADS = 8  # they wait for the disk or the network

Block = tuple[int, ...]
Report = Callable[[str, int, int], None]


class Findings(NamedTuple):
    """What a check has found."""

    blocks: dict[Block, list[str]]  # -> variables that are missing or damaged, and "seal"
    coordinates: list[str]  # that are missing, damaged, or not what the spec gives
    thresholds: str  # what is wrong with those of the labels, if anything is
    ledger: str  # what is lost of it, if anything is
    unchecked: list[str]  # what could not be checked, in words
    spec: str  # what is wrong with it, if anything is


def check(store: Store, report: Report = lambda task, done, total: None) -> Findings:
    """Check an open store.

    Every chunk of the finished blocks is compared with its checksum, the chunks of a block with the seal in the ledger,
    labels with those that the stored observables give, coordinates with the spec, and the spec with its hash.

    Parameters
    ----------
    store
        All blocks are read that its ledger lists as computed, completely or in part.
    report
        Called with a description, the number of blocks that are checked, and the number of all.
    """
    unchecked = []
    if not store.sealed:
        unchecked.append("whether each chunk belongs to its place, since its blocks have no seals that fit its format")
    if spec := spec_hash.problem(store):
        unchecked.append("its coordinates, since its spec was edited")
    elif not spec_hash.is_exact(store):
        unchecked.append("the last bits of its coordinates, since its axes have other bits on this machine")
    current = relabelling.current_labels(store)
    thresholds = relabelling.wrong_thresholds(store)
    if not thresholds and (older := relabelling.older_labels(store)):
        unchecked.append(f"{' and '.join(older)}, labelled by other rules; eos-sweep relabel labels the sweep again")
    coordinates = [] if spec else damaged_coordinates(store)
    blocks = _damaged_blocks(store, current, report)
    return Findings(blocks, coordinates, thresholds, store.lost_rows(), unchecked, spec)


def _damaged_blocks(store: Store, current: list[str], report: Report) -> dict[Block, list[str]]:
    def damaged(block: Block) -> list[str]:
        found = store.damaged(block)
        if current and set(found) <= set(LABELS):
            try:
                found += relabelling.wrong_labels(store, block, [name for name in current if name not in found])
            except InputError:  # damage of chunks without checksums shows when they are read
                unread = [name for name in store.arrays if relabelling.readable(store, block, name) is None]
                found += [name for name in unread if name not in found]
        return found

    claimed = store.ledger.claimed
    blocks, total, done = iter(np.argwhere(claimed)), int(claimed.sum()), 0
    found: dict[Block, list[str]] = {}
    with ThreadPoolExecutor(THREADS) as threads:
        while some := [tuple(int(i) for i in block) for block in itertools.islice(blocks, BLOCKS_AT_ONCE)]:
            found |= {block: names for block, names in zip(some, threads.map(damaged, some), strict=True) if names}
            done += len(some)
            report("blocks checked", done, total)
    return found


def damaged_coordinates(store: Store) -> list[str]:
    """Return the coordinates that are missing, or that are not what the spec gives."""
    expected, exactly = schema.coordinates(store.sweep), spec_hash.is_exact(store)
    if not store.ledger.sealed:  # early stores have fewer
        expected = {name: one for name, one in expected.items() if name in store.group or name in store.sweep.dims}
    return [name for name, one in expected.items() if not _is_right(store, name, one, exactly)]


def _is_right(store: Store, name: str, expected: schema.Coordinate, exactly: bool) -> bool:
    try:
        array = validate.coordinate(store.path, store.group, name, store.sweep)
        with validate.reading(store.path, name):
            found = np.asarray(array[...])
    except InputError:
        return False
    return schema.same(found, expected.values, exactly and name in store.sweep.dims)


def mend(store: Store, held: Callable[[], None], report: Report = lambda task, done, total: None) -> None:
    """Mend what is damaged: coordinates and labels at once; blocks are marked as not done, so that a run computes them.

    Where blocks get new labels, and the stored ones are of other regime rules, all blocks are labelled again.

    Parameters
    ----------
    store
        A store that was opened when it was locked.
    held
        Raises Stopped if the lock was lost.
    report
        See :func:`check`.
    """
    found = check(store, report)
    retry = store.location.retry
    if found.coordinates:
        retry(store.renew_coordinates, held)
        LOG.warning("%s damaged or missing; written anew", ", ".join(found.coordinates))
    older = relabelling.older_labels(store) if found.blocks or not store.done().all() else []
    if older:
        relabelling.begin(store)
    labels = {block: names for block, names in found.blocks.items() if set(names) <= set(LABELS)}
    others = {block: names for block, names in found.blocks.items() if block not in labels}
    retry(functools.partial(store.ledger.forget, others), held)
    for block, names in others.items():
        LOG.warning("block %s: %s damaged or missing; computed again", _index(block), ", ".join(names))
    for block, names in labels.items():
        retry(functools.partial(store.write, block, relabelling.new_labels(store, block)), held)
        LOG.warning("block %s: %s damaged or missing; labelled again", _index(block), ", ".join(names))
    if why := found.thresholds or (older and f"{' and '.join(older)} was labelled by other rules"):
        relabelling.relabel(store, store.thresholds, held)
        LOG.warning("%s; all is labelled again", why)


def _index(block: Block) -> str:
    return ",".join(map(str, block))

"""The exact label of some cells, and what a difference from the stored one means.

A double rounds at each step.  Some trajectories magnify that until it decides: chaotic ones, and those that pass close
to an unstable orbit for a while, where exact arithmetic stays 1e-40 and nearer, and a double no nearer than 1e-16.  No
computation with doubles gives these labels reliably.  The criterion is about exact arithmetic: a stored label that
differs from the exact one is *sensitive* if it comes out of some of NOISY runs in which each coordinate is moved at
random, by up to a unit in the last place of a double, at each step.  If it does not, it is *wrong*.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from eos_sweep import oracle, regimes, vetted, work
from eos_sweep.contract import Job
from eos_sweep.store import Store
from eos_sweep.verify.sample import inputs

NOISY = 16
COUNTED = ("steps_taken", "crossings", "steps_above", "sign_flips")

AGREE, SENSITIVE, WRONG, UNDECIDED = "agree", "sensitive", "wrong", "undecided"


class Verdict(NamedTuple):
    """What was found of one cell."""

    cell: int
    stored: str  # labels
    exact: str
    verdict: str
    parted: bool  # counts differ, whether or not the labels do: the two trajectories are not the same any more
    bits: int  # precision that it took


def judge(path: str, cells: tuple[int, ...], seed: int) -> list[Verdict]:
    """Run cells of the store at ``path``, by flat index, in exact arithmetic; a task of a process of its own."""
    store = _opened(path)
    sweep, chosen = store.sweep, np.array(cells)
    initial, parameters = inputs(store, chosen)
    job = Job(
        sweep.module, tuple(dict.fromkeys((*regimes.reads(store.thresholds), *COUNTED))), sweep.steps, sweep.tolerance
    )
    found, bits = oracle.run(job, initial, parameters)
    exact = regimes.classify(found, store.thresholds)
    place = np.unravel_index(chosen, sweep.shape)
    with vetted.reading(store.path, "regime"):
        stored = vetted.codes(store.path, "regime", np.asarray(store.arrays["regime"].vindex[place]))
    doubles = work.evaluate(sweep, tuple(slice(0, size) for size in sweep.shape), sweep.shape, chosen)
    parted = np.any([doubles[name] != found[name] for name in COUNTED if name in doubles], axis=0)
    names = list(regimes.CODES)
    verdicts = []
    for k, cell in enumerate(cells):
        verdict = UNDECIDED if bits[k] == 0 else AGREE if stored[k] == exact[k] else WRONG
        if verdict != AGREE and int(stored[k]) in rounded(job, store.thresholds, initial, parameters, k, seed + cell):
            verdict = SENSITIVE
        verdicts.append(Verdict(cell, names[stored[k]], names[exact[k]], verdict, bool(parted[k]), int(bits[k])))
    return verdicts


def rounded(
    job: Job,
    limits: Mapping[str, float],
    initial: Mapping[str, np.ndarray],
    parameters: Mapping[str, np.ndarray],
    row: int,
    seed: int,
) -> set[int]:
    """Return the labels that exact arithmetic gives a trajectory if each step is moved as rounding to doubles might."""
    start, p = ({name: np.repeat(array[row], NOISY) for name, array in t.items()} for t in (initial, parameters))
    found = oracle.run_in(oracle.FIRST_BITS, job, start, p, noise=np.random.default_rng(seed))
    return set(regimes.classify(found, limits).tolist())


@functools.lru_cache(maxsize=1)
def _opened(path: str) -> Store:
    return Store.open(path)

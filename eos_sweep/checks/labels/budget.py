"""Find the labels of a stored sweep that depend on its step budget: run the same cells with more steps."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from eos_sweep import regimes
from eos_sweep.analysis import opened
from eos_sweep.checks.labels.report import Share, wilson
from eos_sweep.checks.labels.sample import inputs, labels
from eos_sweep.contract import Job
from eos_sweep.engine import batch
from eos_sweep.engine.cores import cores
from eos_sweep.errors import InputError
from eos_sweep.spec.sizes import MAX_STEPS
from eos_sweep.store.store import Store

CELLS_AT_ONCE = 2**12  # of one kernel call
UNCHANGED = "unchanged"


class Budget(NamedTuple):
    """Labels of cells with the sweep's budget and with more steps."""

    store: Store
    factor: int  # by which there are more steps
    computed: int  # number of cells that the sweep has computed
    cells: np.ndarray  # flat indices of those that were run again
    before: np.ndarray  # codes of their labels
    after: np.ndarray  # the same with more steps

    def moves(self) -> dict[tuple[str, str], Share]:
        """Return (label, label with more steps) -> share of all cells, for labels that change, most frequent first."""
        names, found = regimes.names(self.store.thresholds), {}
        pairs, counts = np.unique(np.stack([self.before, self.after]), axis=1, return_counts=True)
        for (old, new), count in sorted(zip(pairs.T, counts, strict=True), key=lambda item: -item[1]):
            if old != new:
                found[names[old], names[new]] = self._share(count)
        return found

    def changed(self) -> Share:
        """Return the share of labels that change."""
        return self._share(int((self.before != self.after).sum()))

    def _share(self, count: int) -> Share:
        share = float(count) / self.cells.size
        missing = 1.0 - self.cells.size / self.computed
        return wilson(share, self.cells.size / missing) if missing else Share(share, share, share)

    def map(self) -> xr.Dataset:
        """Return the sweep's grid with ``budget``, the new label where it changes; all cells must have been run."""
        codes = np.zeros(self.store.sweep.shape, np.int8)
        known = regimes.codes(self.store.thresholds)
        known[UNCHANGED] = 1 + max(known.values())
        codes.flat[self.cells] = np.where(self.before == self.after, known[UNCHANGED], self.after)
        flags = {"flag_values": list(known.values()), "flag_meanings": " ".join(known)}
        words = {"long_name": f"label after {self.factor} times the steps", **flags}
        whole = opened.dataset_of(self.store)
        title = (
            f"{whole.attrs['title']}\nlabels that change with {self.factor} times the {self.store.sweep.steps:,} steps"
        )
        return whole[["regime"]].assign(budget=(self.store.sweep.dims, codes, words)).assign_attrs(title=title)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON has it."""
        return {
            "store": str(self.store.location),
            "steps": self.store.sweep.steps,
            "more_steps": self.factor * self.store.sweep.steps,
            "cells": int(self.cells.size),
            "changed": self.changed()._asdict(),
            "moves": {f"{old} -> {new}": share._asdict() for (old, new), share in self.moves().items()},
        }


def budget(
    path: str | Path,
    number: int | None = 20_000,
    *,
    factor: int = 2,
    seed: int = 0,
    threads: int | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Budget:
    """Run a random sample of a stored sweep with ``factor`` times its steps and compare the labels.

    Parameters
    ----------
    path
        Of the store.
    number
        Cells to draw; None for all of them.
    factor
        Multiple of the budget.
    seed
        Of the sample.
    threads
        Number of threads; one for each core by default.
    report
        Called with the numbers of cells that are done and of all.

    Returns
    -------
    Budget
        The labels of the cells that were run.

    Raises
    ------
    InputError
        If no sweep with regimes is stored at ``path``, or nothing of it is computed yet.
    """
    store = Store.open(path)
    if (steps := factor * store.sweep.steps) > MAX_STEPS:
        raise InputError(f"factor: got {factor}, for {steps} steps; give one for at most {MAX_STEPS}")
    codes = labels(store).ravel()
    cells = np.flatnonzero(codes)
    computed = cells.size
    if not cells.size:
        raise InputError(f"{path}: nothing is computed yet; eos-sweep run goes on with it")
    if number is not None and number < cells.size:
        cells = np.sort(np.random.default_rng(seed).choice(cells, number, replace=False))
    sweep = store.sweep
    job = sweep.job(variables=regimes.reads(store.thresholds, store.arrays), steps=factor * sweep.steps)
    parts = [cells[at : at + CELLS_AT_ONCE] for at in range(0, cells.size, CELLS_AT_ONCE)]
    after, done = [], 0
    with ThreadPoolExecutor(threads or cores()) as pool:
        for found in pool.map(lambda part: _run(job, *inputs(store, part)), parts):
            after.append(regimes.classify(found, store.thresholds))
            done += after[-1].size
            if report:
                report(done, cells.size)
    return Budget(store, factor, computed, cells, codes[cells], np.concatenate(after))


def _run(job: Job, initial: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the observables of trajectories, and their inputs, which regime rules may read."""
    return {**initial, **parameters, **batch.run(job, initial, parameters)}

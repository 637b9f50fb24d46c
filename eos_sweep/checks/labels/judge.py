"""Labels of single cells in exact arithmetic, and the verdict where the stored label differs.

Doubles round at each step.  Some trajectories magnify rounding until it decides the label: chaotic ones, and those that
pass close to an unstable orbit for a while, where exact arithmetic comes as close as 1e-40 and a double no closer than
1e-16.  No computation with doubles gives these labels reliably.  So a stored label that differs from the exact one is
*sensitive* if noise of the size of rounding leads from one to the other: if exact arithmetic gives it, too, in one of
NOISY_RUNS runs in which each step moves each coordinate at random, by up to a unit in the last place of a double; or if
rounding has held the run at rest, where its gradient is zero in doubles, although a step is not stable there.
Otherwise the label is *wrong*.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from eos_sweep import regimes
from eos_sweep.checks.exact import numpy_run, oracle
from eos_sweep.checks.labels.sample import inputs
from eos_sweep.contract import CHUNK, Job
from eos_sweep.eigen.sharpness import edge_of
from eos_sweep.runtime import evaluation
from eos_sweep.state import started
from eos_sweep.store import validate
from eos_sweep.store.store import Store

NOISY_RUNS = 16
LAST_BITS = 2.0**-50  # relative: a change that rounding makes
COUNTED = ("steps_taken", "crossings", "steps_above", "sign_flips")

AGREE, SENSITIVE, WRONG, UNDECIDED = "agree", "sensitive", "wrong", "undecided"


class Verdict(NamedTuple):
    """The labels of one cell, compared."""

    cell: int
    stored: str  # label
    exact: str  # label
    verdict: str
    parted: bool  # whether counts differ, even if the labels agree: the two trajectories have parted
    bits: int  # precision that was needed


def judge(path: str, cells: tuple[int, ...], seed: int) -> list[Verdict]:
    """Run cells of the store at ``path``, by flat index, in exact arithmetic, and compare their labels."""
    store = _opened(path)
    sweep, chosen = store.sweep, np.array(cells)
    initial, parameters = inputs(store, chosen)
    job = sweep.job(variables=tuple(dict.fromkeys((*regimes.reads(store.thresholds, store.arrays), *COUNTED))))
    every = tuple(slice(0, size) for size in sweep.shape)
    doubles = evaluation.evaluate(sweep, every, chosen)
    given = initial | parameters
    known = doubles if set(job.variables) <= set(doubles) else None
    found, bits = oracle.run(job, initial, parameters, known)
    exact = regimes.classify(given | found, store.thresholds)
    place = np.unravel_index(chosen, sweep.shape)
    with validate.reading(store.path, "regime"):
        stored = np.asarray(store.arrays["regime"].vindex[place])
        stored = validate.codes(store.path, "regime", stored, regimes.codes(store.thresholds))
    parted = np.any([doubles[name] != found[name] for name in COUNTED if name in doubles], axis=0)
    names = regimes.names(store.thresholds)
    verdicts = []
    for k, cell in enumerate(cells):
        verdict = UNDECIDED if bits[k] == 0 else AGREE if stored[k] == exact[k] else WRONG
        if verdict == WRONG:  # without an exact label there is nothing to be sensitive against
            one = Trajectory(job, store.thresholds, initial, parameters, k)
            if one.differs_by_rounding(seed + cell, int(stored[k])):
                verdict = SENSITIVE
        verdicts.append(Verdict(cell, names[stored[k]], names[exact[k]], verdict, bool(parted[k]), int(bits[k])))
    return verdicts


class Trajectory(NamedTuple):
    """One trajectory of a job, and the thresholds of its label."""

    job: Job
    limits: Mapping[str, float]
    initial: Mapping[str, np.ndarray]
    parameters: Mapping[str, np.ndarray]
    row: int  # of these arrays

    def differs_by_rounding(self, seed: int, stored: int) -> bool:
        """Tell whether rounding leads from the exact label to the one that doubles give."""
        return stored in self.labels_under_noise(seed) or (self._label() == stored and self.is_held())

    def labels_under_noise(self, seed: int) -> set[int]:
        """Return the labels in exact arithmetic with noise as of rounding."""
        start, p = self._inputs(NOISY_RUNS)
        found = oracle.run_in(oracle.FIRST_BITS, self.job, start, p, noise=np.random.default_rng(seed))
        return set(regimes.classify({**start, **p, **found}, self.limits).tolist())

    def is_held(self) -> bool:
        """Tell whether doubles come to rest where a step is not stable: without rounding the run would leave.

        They rest where two steps lead back, and each changes no more than the last bits.
        """
        model = self.job.model
        start, parameters = self._inputs(1)
        p = tuple(parameters[name] for name in model.PARAMETERS)
        theta = started(model, [start[name] for name in model.STATE], lambda number: np.array([number]))
        edge, count = edge_of(model), len(model.STATE)
        path = [np.full((count, 1), np.nan)] * 2  # coordinates two steps ago, one, and now
        with np.errstate(all="ignore"):
            for age in range(self.job.steps):
                theta = model.step(model.rescale(theta, p) if age % CHUNK == 0 else theta, p)
                path = [*path[-2:], np.array(theta[:count])]
                rests = np.array_equal(path[0], path[2]) and np.allclose(path[1], path[2], rtol=LAST_BITS, atol=0.0)
                if rests and not np.all(model.stable(model.curvature(theta, p), edge(theta, p))):
                    return True
        return False

    def _label(self) -> int:
        """Return the label that doubles give."""
        start, p = self._inputs(1)
        return int(regimes.classify({**start, **p, **numpy_run.run(self.job, start, p)}, self.limits)[0])

    def _inputs(self, times: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Return the initial coordinates and the parameters of the trajectory, so many times."""
        start, p = (
            {name: np.repeat(array[self.row], times) for name, array in table.items()}
            for table in (self.initial, self.parameters)
        )
        return start, p


@functools.lru_cache(maxsize=1)
def _opened(path: str) -> Store:
    return Store.open(path)

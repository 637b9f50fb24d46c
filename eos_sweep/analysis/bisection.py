"""Bisection of places where a condition on trajectories changes: all brackets at once, by the kernel of sweeps."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from eos_sweep import observables
from eos_sweep.analysis.by_cell import TELLING, check_computed, check_unmasked, check_whole
from eos_sweep.analysis.columns import Columns
from eos_sweep.analysis.predicates import Condition
from eos_sweep.engine import batch, preparing
from eos_sweep.engine.lanes import WIDTH
from eos_sweep.errors import InputError, short
from eos_sweep.plain_data import number
from eos_sweep.progress.bars import Count
from eos_sweep.spec.sweeps import Sweep

BATCH_TRAJECTORIES = 2**12  # trajectories of one kernel call
SECTIONS = 8  # of a bracket in one round, however many brackets there are, so that no edge depends on another
FINEST_RTOL = 1e-14  # narrower brackets are neighbouring doubles
NEAR_ZERO = 1e-3  # of a cell of the grid; for an edge nearer to zero the tolerance is relative to this
# (columns, values of the axis), perhaps with what they are -> whether the condition holds
Evaluate = Callable[..., np.ndarray]
# (columns, values of the axis) -> initial state, parameters
Inputs = Callable[[np.ndarray, np.ndarray], tuple[dict[str, np.ndarray], dict[str, np.ndarray]]]


def checked_rtol(rtol: float) -> float:
    """Return a tolerance as a number; InputError unless brackets can be so narrow."""
    try:
        found = number(rtol)
    except ValueError:
        raise InputError(f"rtol: got {short(rtol)}; give a number from {FINEST_RTOL:g} to 1") from None
    if not FINEST_RTOL <= found < 1:
        raise InputError(f"rtol: got {found:g}; give a number from {FINEST_RTOL:g} to 1")
    return found


def evaluator(sweep: Sweep, inputs: Inputs, condition: Condition, threads: int, show: Count) -> Evaluate:
    """Return the function that runs trajectories and evaluates the condition; it shows how far it is."""
    job = sweep.job(variables=_variables(sweep, condition))

    def evaluate_chunk(chunk: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        initial, parameters = inputs(*chunk)
        return condition.test(batch.run(job, initial, parameters) | initial | parameters)

    def evaluate(rows: np.ndarray, at: np.ndarray, words: str = "beside the edges") -> np.ndarray:
        preparing.prepare(job, at.size)  # in this thread, which tells that a kernel compiles
        size = min(BATCH_TRAJECTORIES, max(WIDTH, -(-at.size // threads)))
        chunks = [(rows[k : k + size], at[k : k + size]) for k in range(0, at.size, size)]
        found, done = [np.zeros(0, bool)], 0
        with ThreadPoolExecutor(threads) as pool:
            for part in pool.map(evaluate_chunk, chunks):
                found.append(part)
                show(words, done := done + part.size, at.size)
        return np.concatenate(found)

    return evaluate


def _variables(sweep: Sweep, condition: Condition) -> tuple[str, ...]:
    """Return what trajectories are to give: all variables of the sweep, whose kernel has been compiled, or fewer.

    Default ones take a seventh more time than what the regimes read, and others up to three times as long.
    """
    default = observables.expand(("default",), sweep.module, sweep.own)
    return sweep.variables if set(condition.reads) <= set(sweep.variables) <= set(default) else condition.reads


def on_grid(columns: Columns, condition: Condition, evaluate: Evaluate) -> np.ndarray:
    """Return whether the condition holds on the grid, by column and value: from what is stored, if that decides it."""
    grid, values = columns.grid, columns.values
    points = np.repeat(np.arange(columns.count), values.size), np.tile(values, columns.count)
    if set(condition.reads) <= set(grid.data_vars):
        initial, parameters = columns.inputs(*points) if condition.of_inputs else ({}, {})
        known = _stored(columns, condition, initial | parameters)
    else:
        known = evaluate(*points, "the grid")
    return known.reshape(-1, values.size)


def _stored(columns: Columns, condition: Condition, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return whether the condition holds on the grid, from what is stored."""
    grid = columns.grid
    check_unmasked(grid)
    check_whole(grid, [*condition.reads, *TELLING], columns.sweep.stored)
    check_computed(grid)
    return condition.test({**inputs, **{name: grid[name].values.ravel() for name in condition.reads}})


def narrowed(
    evaluate: Evaluate, rows: np.ndarray, low: np.ndarray, high: np.ndarray, begins: np.ndarray, rtol: float
) -> tuple[np.ndarray, np.ndarray]:
    """Narrow each bracket to its lowest section with a change, until its width meets ``rtol``."""
    low, high, least = low.copy(), high.copy(), NEAR_ZERO * (high - low)
    share, turn = np.linspace(0.0, 1.0, SECTIONS + 1), 0
    while (left := np.flatnonzero(high - low > rtol * np.maximum(np.maximum(abs(low), abs(high)), least))).size:
        first, last = low[left, None], high[left, None]
        with np.errstate(all="ignore"):
            inner = np.where(first > 0.0, first * (last / first) ** share, first + (last - first) * share)
        inner[:, 0], inner[:, -1] = low[left], high[left]
        middle = inner[:, 1:-1]
        turn += 1
        found = evaluate(np.repeat(rows[left], middle.shape[1]), middle.ravel(), f"round {turn}").reshape(middle.shape)
        beyond = np.concatenate([found == begins[left, None], np.ones((left.size, 1), bool)], axis=1).argmax(axis=1)
        place = np.arange(left.size)
        low[left], high[left] = inner[place, beyond], inner[place, beyond + 1]
    return low, high

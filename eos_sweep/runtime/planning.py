"""Estimates how long a sweep takes and how much it stores, from a measured sample of its trajectories."""

import functools
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from eos_sweep.contract import is_array
from eos_sweep.engine import batch
from eos_sweep.engine.cores import cores
from eos_sweep.progress.bars import Count, work_progress
from eos_sweep.runtime import compiler, evaluation, network_costs
from eos_sweep.runtime.resources import Resources
from eos_sweep.runtime.rests import Rest, random_cells, rests
from eos_sweep.spec.fields import at_least
from eos_sweep.spec.kept_axes import adopted
from eos_sweep.spec.overlap import Reuse
from eos_sweep.spec.sweeps import Sweep, load_spec
from eos_sweep.store import blocks

if TYPE_CHECKING:
    from eos_sweep.store.reuse import Source

READINGS = 3  # of the speed, of which the median counts
READING_STEPS = 2**27  # of one reading of the speed: a few tenths of a second
LANES_FULL = 512  # trajectories; the last ones run with most lanes empty, and of so many they cost 3 % at most
LENGTH_STEPS = 2**31  # steps that are run at most to learn where trajectories end
LENGTH_TRAJECTORIES = 32  # at least, for the same
Inputs: TypeAlias = tuple[dict[str, np.ndarray], dict[str, np.ndarray]]
Draw: TypeAlias = Callable[[int, int], Inputs]  # number and seed -> the inputs of random cells


class Reading(NamedTuple):
    """One measurement: gradient descent steps, and the seconds that they took."""

    steps: float
    seconds: float


class Plan(NamedTuple):
    """What a sweep needs.

    Attributes
    ----------
    trajectories : int
        Number of trajectories.
    blocks : int
        Number of blocks.
    block_shape : tuple of int
        Cells of a block along each axis.
    variables : tuple of str
        Names of what is stored.
    bytes : int
        Bytes on disk before compression.
    reused : int
        Number of trajectories that other stores have; of these at most variables are computed which they lack.
    steps : int
        Gradient descent steps that are left, estimated.
    steps_per_second : float
        Steps per second of one core, measured.
    cores : int
        Number of cores.
    seconds : float
        Seconds of the run, estimated.
    """

    trajectories: int
    blocks: int
    block_shape: tuple[int, ...]
    variables: tuple[str, ...]
    bytes: int
    reused: int
    steps: int
    steps_per_second: float
    cores: int
    seconds: float


def plan(
    spec: Sweep | str | Path,
    *,
    workers: int | None = None,
    threads: int | None = None,
    reuse: Reuse = (),
    sample: int = evaluation.BATCH_TRAJECTORIES,
    seed: int = 0,
    progress: bool | None = None,
) -> Plan:
    """Estimate what a sweep needs, by running a random sample of its trajectories; nothing is created.

    Parameters
    ----------
    spec
        The sweep, or the path of its TOML file.
    workers, threads
        Number of processes or of threads of the run, as for :func:`eos_sweep.run`; by default one thread for each core.
    reuse
        Path or URL of another store, or several, as for :func:`eos_sweep.run`.  What they have is not estimated.
    sample
        Number of trajectories to run; fewer are run if their budgets are long.
    seed
        Seed of the sample.
    progress
        Whether to show a bar; by default on a terminal and in a notebook.

    Returns
    -------
    Plan
        ``trajectories``, ``blocks``, ``block_shape``, ``variables``, ``bytes`` and ``reused`` are exact; ``steps``,
        ``steps_per_second`` and ``seconds`` are estimates for ``cores`` cores.

    Raises
    ------
    SpecError
        If the spec is wrong, or a store in ``reuse`` has nothing of it.
    InputError
        If another argument is wrong.

    Examples
    --------
    >>> import eos_sweep
    >>> spec = eos_sweep.Sweep.from_dict({
    ...     "model": "quadratic", "steps": 20, "observables": ["steps_taken"],
    ...     "axes": {"eta": {"linear": [0.1, 0.3, 1000]}}, "parameters": {"a1": 1}, "initial": {"theta1": 1},
    ... })
    >>> found = eos_sweep.plan(spec, threads=2)
    >>> found.trajectories, found.variables, found.bytes, found.steps
    (1000, ('steps_taken',), 4000, 20000)
    """
    resources = Resources(workers, threads).checked()
    sample, seed = at_least("sample", sample, 1), at_least("seed", seed, 0)
    sweep = spec if isinstance(spec, Sweep) else load_spec(spec)
    sweep, sources = _reused(sweep, (reuse,) if isinstance(reuse, str | Path) else reuse)
    shape, cores_of_run = blocks.block_shape(sweep), resources.local_cores
    number = math.prod(blocks.grid_of(sweep.shape, shape))
    left = rests(sweep, shape, sources)
    total = core_seconds = seconds = 0.0
    with work_progress(progress) as show:
        for rest in left:
            job = sweep.job(variables=rest.variables)
            compiler.prepare(job, sweep.size)
            draw = functools.partial(_random_inputs, sweep, shape, sources, rest)
            if is_array(job.model):
                own = number if rest.counts is None else len(rest.counts)
                whole = rest.counts is None and sweep.size <= evaluation.BATCH_TRAJECTORIES
                cells = _all_inputs(sweep) if whole else draw(evaluation.BATCH_TRAJECTORIES, seed)
                together = min(cores_of_run, own, cores())
                steps, one, of_run = _measure_networks(job, cells, sweep, shape, rest, together, seed, show)
            else:
                mean_steps, mean = _measure_lanes(job, draw, sample, seed, show)
                steps, one, of_run = mean_steps * rest.size, mean * rest.size, mean * rest.size / cores_of_run
            total += steps
            core_seconds += one
            seconds += of_run
    return Plan(
        trajectories=sweep.size,
        blocks=number,
        block_shape=shape,
        variables=tuple(sweep.stored),
        bytes=sweep.size * blocks.cell_bytes(sweep),
        reused=sweep.size - sum(rest.size for rest in left if rest.variables == sweep.variables),
        steps=round(total),
        steps_per_second=total / core_seconds if left else 0.0,
        cores=cores_of_run,
        seconds=seconds,
    )


def _reused(sweep: Sweep, places: Sequence[str | Path]) -> tuple[Sweep, list["Source"]]:
    """Return the sweep with the bits of stored axes, and what it takes over from stores."""
    if not places:
        return sweep, []
    from eos_sweep.store.reuse import Source, open_source

    others = [open_source(place) for place in places]
    for other in others:
        sweep = adopted(sweep, other.sweep)
    return sweep, [Source(other, sweep) for other in others]


def _measure_lanes(job: batch.Job, draw: Draw, sample: int, seed: int, show: Count) -> tuple[float, float]:
    """Return the steps and the seconds of one core of an average trajectory.

    The speed is measured with a budget of ``READING_STEPS`` steps for the sample together.  If this is less than the
    sweep's budget, fewer trajectories are run with the whole budget, to learn how many steps they take before they end.
    """
    number = int(np.clip(READING_STEPS // job.steps, min(LANES_FULL, sample), sample))
    shorter = job._replace(steps=min(job.steps, max(READING_STEPS // number, 1)))
    inputs = draw(number, seed)
    readings = []
    for count in range(READINGS):
        readings.append(_time(shorter, *inputs))
        show("measuring the speed", count + 1, READINGS)
    seconds = statistics.median(reading.seconds for reading in readings) / number
    short = steps = readings[0].steps / number
    if shorter.steps < job.steps:
        show("measuring the lengths", 0, 1)
        number = int(np.clip(LENGTH_STEPS // job.steps, LENGTH_TRAJECTORIES, number))
        steps = _time(job, *draw(number, seed)).steps / number
    if short > 0:
        seconds *= steps / short
    return steps, seconds


def _measure_networks(
    job: batch.Job,
    cells: Inputs,
    sweep: Sweep,
    shape: tuple[int, ...],
    rest: Rest,
    together: int,
    seed: int,
    show: Count,
) -> tuple[float, float, float]:
    """Return the steps and the seconds of all networks of a rest, and the seconds of the run.

    Parameters
    ----------
    cells
        Inputs of all cells of the sweep, or of a random sample of the rest.
    together
        Networks that are trained at once.
    """
    initial, parameters = cells
    states, points = (
        list(zip(*(table[name].tolist() for name in names), strict=True)) or [()] * len(parameters["eta"])
        for names, table in ((job.model.STATE, initial), (job.model.PARAMETERS, parameters))
    )
    steps, seconds = network_costs.estimated(job, list(zip(points, states, strict=True)), together, seed, show)
    number = math.prod(blocks.grid_of(sweep.shape, shape))
    if rest.counts is None and len(points) == sweep.size:
        grid, of_blocks = seconds.reshape(sweep.shape), []
        for block in np.ndindex(*blocks.grid_of(sweep.shape, shape)):
            of_blocks.append(float(grid[blocks.region_of(block, shape, sweep.shape)].sum()))
    else:
        count = number if rest.counts is None else len(rest.counts)
        of_blocks = [float(seconds.mean()) * rest.size / count] * count
    scale = rest.size / len(points)
    return float(steps.sum()) * scale, float(seconds.sum()) * scale, network_costs.makespan(of_blocks, together)


def _time(job: batch.Job, initial: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]) -> Reading:
    """Run a batch and time it; its kernel must be compiled."""
    began = time.perf_counter()
    steps = int(batch.run(job, initial, parameters)["work"].sum())
    return Reading(steps, time.perf_counter() - began)


def _all_inputs(sweep: Sweep) -> Inputs:
    """Return the inputs of all cells."""
    places = np.unravel_index(np.arange(sweep.size), sweep.shape)
    return sweep.inputs({axis.name: axis.values[place] for axis, place in zip(sweep.axes, places, strict=True)})


def _random_inputs(
    sweep: Sweep, shape: tuple[int, ...], sources: Sequence["Source"], rest: Rest, number: int, seed: int
) -> Inputs:
    """Return the inputs of ``number`` random cells of a rest."""
    cells = random_cells(sweep, shape, sources, rest, number, seed)
    return sweep.inputs({axis.name: axis.values[cells[axis.name]] for axis in sweep.axes})

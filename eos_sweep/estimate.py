"""How fast a kernel runs here, and what a sweep will take."""

import math
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eos_sweep import batch, blocks, schema, work
from eos_sweep.contract import is_array
from eos_sweep.spec import Sweep, load_spec

STEPS = 2**27  # of one reading: some tenths of a second
LANES_FULL = 512  # trajectories among which the few that run last, with most lanes empty, cost 3 % at most
NETWORKS, BEGINNING = 8, 300  # trajectories of an array model that are run, and steps of each
LONGEST, FEWEST = 2**31, 32  # steps run to learn where trajectories end; trajectories at least


class Timed(NamedTuple):
    """What a kernel did, and how long it took."""

    steps: int  # gradient descent steps
    seconds: float


class Plan(NamedTuple):
    """What a sweep will take."""

    trajectories: int
    blocks: int
    block_shape: tuple[int, ...]
    variables: tuple[str, ...]
    bytes: int  # on disk, before compression
    steps: int  # gradient descent steps, estimated
    steps_per_second: float  # of one core, measured
    workers: int
    seconds: float  # estimated


def timed(job: batch.Job, initial: Mapping[str, np.ndarray], parameters: Mapping[str, np.ndarray]) -> Timed:
    """Run a batch, as :func:`eos_sweep.batch.run` does, and time it; the kernel must have been built before."""
    began = time.perf_counter()
    steps = int(batch.run(job, initial, parameters)["work"].sum())
    return Timed(steps, time.perf_counter() - began)


def plan(spec: Sweep | str | Path, *, workers: int | None = None, sample: int = work.BATCH, seed: int = 0) -> Plan:
    """Estimate what a sweep will take, from running a random sample of its trajectories; nothing is created.

    Parameters
    ----------
    spec
        The sweep, or the path of its TOML file.
    workers
        Threads of the run; all cores by default.
    sample
        Trajectories to run, fewer if their budgets are long.
    seed
        Of the sample.
    """
    sweep = spec if isinstance(spec, Sweep) else load_spec(spec)
    workers = workers or work.cores()
    shape = blocks.block_shape(sweep)
    job = work.job_of(sweep)
    batch.kernel_of(job)
    steps, seconds = (_networks if is_array(job.model) else _lanes)(sweep, job, sample, seed)
    types = schema.dtypes(sweep)
    return Plan(
        trajectories=sweep.size,
        blocks=math.prod(-(-size // block) for size, block in zip(sweep.shape, shape, strict=True)),
        block_shape=shape,
        variables=tuple(types),
        bytes=sweep.size * sum(dtype.itemsize for dtype in types.values()),
        steps=round(steps * sweep.size),
        steps_per_second=steps / seconds,
        workers=workers,
        seconds=seconds * sweep.size / workers,
    )


def _lanes(sweep: Sweep, job: batch.Job, sample: int, seed: int) -> tuple[float, float]:
    """Return the steps and the seconds of one core that a trajectory takes, on average."""
    number = int(np.clip(STEPS // sweep.steps, min(LANES_FULL, sample), sample))
    shorter = job._replace(steps=min(sweep.steps, max(STEPS // number, 1)))
    inputs = _draw(sweep, number, seed)
    readings = [timed(shorter, *inputs) for _ in range(3)]
    seconds = statistics.median(reading.seconds for reading in readings) / number
    short = steps = readings[0].steps / number
    if shorter.steps < job.steps:
        number = int(np.clip(LONGEST // sweep.steps, FEWEST, number))
        steps = timed(job, *_draw(sweep, number, seed)).steps / number
    if short > 0:
        seconds *= steps / short
    return steps, seconds


def _networks(sweep: Sweep, job: batch.Job, sample: int, seed: int) -> tuple[float, float]:
    """Return the same for an array model, if none of its trajectories diverges."""
    parameters = _draw(sweep, sample, seed)[1]
    steps = float(np.minimum(np.ceil(parameters["time"] / parameters["eta"]), job.steps).mean())
    shorter, inputs = job._replace(steps=min(job.steps, BEGINNING)), _draw(sweep, NETWORKS, seed)
    timed(shorter._replace(steps=1), *inputs)  # compiles, draws data
    reading = timed(shorter, *inputs)
    return steps, steps * reading.seconds / max(reading.steps, 1)


def _draw(sweep: Sweep, number: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the inputs of ``number`` random cells."""
    rng = np.random.default_rng(seed)
    return sweep.inputs({axis.name: axis.values[rng.integers(axis.values.size, size=number)] for axis in sweep.axes})

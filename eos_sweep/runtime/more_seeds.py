"""Runs a sweep with more and more seeds, until the share of each label is known well enough in each cell."""

import logging
from collections.abc import Callable
from pathlib import Path

from eos_sweep.errors import InputError, SpecError
from eos_sweep.progress.amounts import Progress
from eos_sweep.spec.axes import Axis
from eos_sweep.spec.growing import Growing
from eos_sweep.spec.sweeps import Sweep
from eos_sweep.store.store import Store

LOG = logging.getLogger("eos_sweep")
Once = Callable[[Sweep, bool], Progress]  # (sweep, whether to overwrite a store) -> what was run


def run_until_known(once: Once, sweep: Sweep, out: str | Path, growing: Growing, overwrite: bool) -> Progress:
    """Run a sweep into a store with seeds 0, 1, 2, ..., batch by batch.

    A store is continued with the seeds that it has.  Batches end at multiples of their size, so the number of seeds
    does not depend on where a run was interrupted.

    Parameters
    ----------
    once
        Function that runs a sweep into the store, once.
    sweep
        The sweep.
    out
        Path or URL of the store.
    growing
        When there are enough seeds.
    overwrite
        Whether to begin anew.

    Raises
    ------
    SpecError
        If the sweep stores no regimes.
    """
    if "regime" not in sweep.stored:
        raise SpecError('axis seed: until needs the regime, which is not stored; add "default" to the observables')
    number = growing.batch if overwrite else max(growing.batch, _seeds_stored(out))
    found = _with_seeds(sweep, number)
    total = progress = once(found, overwrite)
    while not progress.failed:
        widest = widest_interval(out)
        LOG.info("%s: %d seeds, widest interval of a share ± %.3g", out, number, widest)
        if widest <= growing.until:
            break
        if number >= growing.most:
            LOG.warning(
                "%s: %d seeds, and the widest interval of a share is ± %.3g, not ± %g; raise most to go on",
                *(out, number, widest, growing.until),
            )
            break
        number = min((number // growing.batch + 1) * growing.batch, growing.most)
        progress = once(_with_seeds(sweep, number), False)
        total = progress._replace(
            new=total.new + progress.new,
            steps=total.steps + progress.steps,
            seconds=total.seconds + progress.seconds,
            reused=total.reused + progress.reused,
        )
    return total


def widest_interval(out: str | Path) -> float:
    """Return half of the widest Wilson interval of a label's share over the seeds, among all cells of a store."""
    from eos_sweep.analysis.opened import open_sweep  # and with it xarray and dask
    from eos_sweep.analysis.reducing import shares

    found = shares(open_sweep(out), over="seed")
    half = 0.5 * (found["share_high"] - found["share_low"])
    return float(half.max().compute(scheduler="threads"))  # a dask cluster might not reach the store


def _with_seeds(sweep: Sweep, number: int) -> Sweep:
    """Return a sweep with so many seeds, whose axis grows no more."""
    axes = [
        Axis.parse(axis.name, {"values": range(number)} | axis.words) if axis.growing else axis for axis in sweep.axes
    ]
    return sweep.model_copy(update={"axes": tuple(axes)})


def _seeds_stored(out: str | Path) -> int:
    """Return how many seeds a store has, 0 if there is none."""
    try:
        stored = Store.open(out).sweep
    except InputError:  # the run says what else is there
        return 0
    return stored.axis("seed").values.size if "seed" in stored.dims else 0

"""The summary of a benchmark as text."""

from collections.abc import Iterator

from eos_sweep.checks.bench import contenders, our_kernel, workload
from eos_sweep.checks.bench.summary import Ratio, Summary
from eos_sweep.engine.cores import cores


def text(found: Summary) -> str:
    """Return the tables that the command prints."""
    return "\n".join(_lines(found))


def _lines(found: Summary) -> Iterator[str]:
    machine = found.machine
    peak = f", FP64 FMA peak {machine['peak_flops'] / 1e9:.0f} GF/s a core" if "peak_flops" in machine else ""
    yield f"{machine['cpu']}, {cores()} cores{peak}"
    yield f"numba {machine['numba_version']}, numpy {machine['numpy_version']}, Python {machine['python_version']}"
    yield ""
    rounds, early = len(next(iter(found.readings.values()))), f"{100 * found.ending_early:.0f} %"
    yield f"Million trajectory-steps a second that were taken, median of {rounds}."
    yield f"alive: trajectories that all take their {workload.STEP_BUDGET:,} steps, as they must."
    yield f"mixed: {early} end early and leave their lane to the next one."
    yield ""
    columns = [(kind, number) for kind in ("alive", "mixed") for number in contenders.core_counts()]
    yield f"{our_kernel.NAME:22}" + "".join(f"{kind + ', ' + _cores(number):>18}" for kind, number in columns)
    for mode in our_kernel.MODES:
        speeds = (found.median(found.kernel(mode, kind, number)) for kind, number in columns)
        yield f"  {mode:20}" + "".join(f"{speed / 1e6:18.0f}" for speed in speeds)
    for title, ratios in (
        ("all cores over one", found.over_one_core()),
        ("mixed are done sooner than as many alive ones", found.early_exit()),
    ):
        yield ""
        yield title
        for ratio in ratios:
            yield f"  {ratio.fast.variant:38}{_times(ratio)}"
    if found.peers():
        yield ""
        yield f"{'instead, alive, one core':42}{'':8}{'default is faster by':>24}{'every step is':>24}"
    for ratio, same in zip(found.over_peers(), found.over_peers("every step"), strict=True):
        name = f"{ratio.slow.library}, {ratio.slow.variant}"
        yield f"  {name:40}{found.median(ratio.slow) / 1e6:8.1f}{_times(ratio):>24}{_times(same):>24}"
    yield from _observables(found)
    for name, reason in found.left_out.items():
        yield f"left out: {name}: {reason}"


def _observables(found: Summary) -> Iterator[str]:
    alone = [one for one in contenders.single_observables() if one in found.readings]
    if not alone:
        return
    base, *others = sorted(alone, key=lambda one: one.variant != "outcome")  # nothing but the steps
    bare = 1e12 / found.median(base)
    yield ""
    yield "One observable alone, alive, one core, and what it adds to a bare step (picoseconds)"
    yield f"{base.variant:40}{found.median(base) / 1e6:10.0f}  {bare:6.0f} in all"
    for one in others:
        yield f"{one.variant:40}{found.median(one) / 1e6:10.0f}  {1e12 / found.median(one) - bare:+6.0f}"


def _times(ratio: Ratio) -> str:
    digits = 2 if ratio.median < 10 else 0
    return f"{ratio.median:6.{digits}f}x  ({ratio.least:.{digits}f} to {ratio.most:.{digits}f})"


def _cores(number: int) -> str:
    return "one core" if number == 1 else f"{number} cores"

"""``eos-sweep bench``."""

import itertools
import json

import click

from eos_sweep.cli.options import AS_JSON
from eos_sweep.cli.text import check_picture
from eos_sweep.errors import InputError, visible


@click.command()
@click.option("-o", "--out", type=click.Path(), help="Picture: .png, .svg, .pdf or .eps.")
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="Readings of each contestant.",
)
@click.option("--peers/--no-peers", default=True, show_default=True, help="Also time other implementations.")
@click.option("--observables", is_flag=True, help="Also time each observable alone, in a kernel of its own.")
@click.option(
    "--sweep",
    "spec",
    type=click.Path(),
    metavar="SPEC",
    help="Instead, time what scheduling and the store add to this sweep.",
)
@click.option("--costs", is_flag=True, help="Instead, time what a sweep costs whatever its size.")
@click.option("--networks", is_flag=True, help="Instead, time tanh networks beside PyTorch.")
@AS_JSON
def bench(
    out: str | None,
    repeats: int,
    peers: bool,
    observables: bool,
    spec: str | None,
    costs: bool,
    networks: bool,
    as_json: bool,
) -> None:
    """Time the kernel on this machine, beside other implementations.

    The result is in trajectory-steps per second, by the kernel's own count of steps taken.  The kernel is timed for
    four sets of observables, on one and on all cores, with and without trajectories that end early.  NumPy, a Numba
    loop, JAX, torch.compile and a C loop compute the same if they are installed; pip install 'eos-sweep[bench]'
    installs JAX, torch and SciPy.  The contestants take turns; ratios are medians over the rounds.  This takes
    three minutes, and up to two more the first time.  Close other programs first.

    With --costs, nothing of this is timed, but imports, first and further calls of sweep, and a small run, in
    milliseconds of processor time; the row that compiles kernels has no more than two readings.  This takes a minute
    or two.

    With --sweep, the sweep of the file SPEC is run instead, in turns: by processes that only compute, one for each core
    and each a part of it; by run --threads; and by run --workers.  The table has durations of whole commands and the
    processor time of all their processes, and ratios: the speed of a run over that of the kernels alone, and its work.

    With --networks, whole runs of tanh networks are timed instead, with looks at the sharpness, beside eager PyTorch
    if it is installed: the same weights, steps and looks, in steps per second of processor time of one core.  This
    takes six minutes, most of them PyTorch's.

    \b
    Examples:
      eos-sweep bench
      eos-sweep bench -o bench.png --json > bench.json
      eos-sweep bench --no-peers --observables --repeats 9
      eos-sweep bench --sweep sweeps/quickstart.toml --repeats 3
      eos-sweep bench --costs
      eos-sweep bench --networks --repeats 3
    """
    _check_alone(
        {"--costs": costs, "--sweep": spec is not None, "--networks": networks},
        {"--out": out is not None, "--observables": observables, "--no-peers": not peers},
    )
    if costs:
        return _time_costs(repeats, as_json)
    if spec is not None:
        return _time_sweep(spec, repeats, as_json)
    if networks:
        return _time_networks(repeats, as_json)
    from eos_sweep import plot
    from eos_sweep.checks.bench import contenders, race, report, summary, workload
    from eos_sweep.checks.bench.chart import chart
    from eos_sweep.progress.bars import count_progress

    if out:
        check_picture(out)
    machine = summary.machine(("jax", "torch", "scipy"))
    racing, missing = contenders.installed_peers() if peers else ([], {})
    racing = contenders.kernel() + racing + (contenders.single_observables() if observables else [])
    total = len(racing) * (1 + repeats)
    number = itertools.count(1)
    with count_progress() as show:

        def report_step(step: str) -> None:
            show(step, next(number), total)

        points = workload.draw()
        raced = race.race(racing, points, repeats, report_step)
    reasons = {summary.describe(one): reason for one, reason in raced.left_out.items()}
    found = summary.Summary(raced.readings, missing | reasons, points.ending_early, machine)
    click.echo(json.dumps(found.to_dict()) if as_json else report.text(found))
    if out:
        plot.save(chart(found), out)
        click.echo(visible(out), err=as_json)


def _check_alone(instead: dict[str, bool], further: dict[str, bool]) -> None:
    """Refuse options of the race beside one that times something else instead, or two of these."""
    modes, others = ([name for name, given in table.items() if given] for table in (instead, further))
    if modes and (beside := modes[1:] + others):
        raise InputError(f"{modes[0]}: times something else instead; leave out {', '.join(beside)}")


def _time_costs(repeats: int, as_json: bool) -> None:
    from eos_sweep.checks.bench import fixed_costs
    from eos_sweep.progress.bars import count_progress

    number = itertools.count(1)
    with count_progress() as show:
        found = fixed_costs.measure(repeats, lambda step: show(step, next(number), fixed_costs.rounds(repeats)))
    click.echo(json.dumps(fixed_costs.to_dict(found)) if as_json else fixed_costs.text(found))


def _time_sweep(spec: str, repeats: int, as_json: bool) -> None:
    from eos_sweep.checks.bench import storing
    from eos_sweep.progress.bars import count_progress
    from eos_sweep.spec.sweeps import load_spec

    load_spec(spec)  # so that what is wrong with it is said here
    number = itertools.count(1)
    with count_progress() as show:
        found = storing.measure(spec, repeats, lambda step: show(step, next(number), storing.rounds(repeats)))
    click.echo(json.dumps(storing.to_dict(found)) if as_json else storing.text(found))


def _time_networks(repeats: int, as_json: bool) -> None:
    from eos_sweep.checks.bench import networks
    from eos_sweep.progress.bars import count_progress

    number = itertools.count(1)
    with count_progress() as show:
        found = networks.measure(repeats, lambda step: show(step, next(number), networks.rounds(repeats)))
    click.echo(json.dumps(networks.to_dict(found)) if as_json else networks.text(found))

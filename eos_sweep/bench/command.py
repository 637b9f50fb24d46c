"""``eos-sweep bench``."""

import itertools
import json

import click

from eos_sweep.errors import visible
from eos_sweep.words import check_picture


@click.command()
@click.option("-o", "--out", type=click.Path(), help="Picture: .png, .svg or .pdf.")
@click.option("--repeats", type=click.IntRange(min=1), default=5, show_default=True, help="Times each is timed.")
@click.option("--peers/--no-peers", default=True, show_default=True, help="Time what one would write instead, too.")
@click.option("--observables", is_flag=True, help="Time each observable alone, too (a kernel of its own for each).")
@click.option("--sweep", "spec", type=click.Path(), help="Time what scheduling and the store add to this sweep, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(out: str | None, repeats: int, peers: bool, observables: bool, spec: str | None, as_json: bool) -> None:
    """Time the kernel on this machine, beside what one would write without it.

    Trajectory-steps per second of each way to look at the sharpness, on one and on all cores, with and without
    trajectories that end early, beside NumPy, a Numba loop, JAX, torch.compile and a C loop, as far as they are there:
    pip install 'eos-sweep[bench]' has JAX, torch and SciPy.  All take turns; ratios are medians over the rounds.
    It takes three minutes, and one or two more the first time; close other programs first.

    \b
    Examples:
      eos-sweep bench
      eos-sweep bench -o bench.png --json > bench.json
      eos-sweep bench --no-peers --observables --repeats 9
      eos-sweep bench --no-peers --sweep sweeps/quickstart.toml
    """
    from eos_sweep import plot
    from eos_sweep.bench import contenders, race, report, storing, summary, workload
    from eos_sweep.bench.chart import chart
    from eos_sweep.progress import counted
    from eos_sweep.spec import load_spec

    if out:
        check_picture(out)
    sweep = load_spec(spec) if spec else None
    machine = summary.machine(("jax", "torch", "scipy"))
    racing, missing = contenders.others() if peers else ([], {})
    racing = contenders.kernel() + racing + (contenders.single_observables() if observables else [])
    total = len(racing) * (1 + repeats) + bool(sweep) * 4 * repeats
    number = itertools.count(1)
    with counted() as show:

        def tell(what: str) -> None:
            show(what, next(number), total)

        points = workload.draw()
        speeds, failed = race.race(racing, points, repeats, tell)
        stored = storing.overhead(sweep, repeats, tell) if sweep else None
    reasons = {summary.describe(one): reason for one, reason in failed.items()}
    found = summary.Summary(speeds, missing | reasons, points.ending_early, machine, stored)
    click.echo(json.dumps(found.to_dict()) if as_json else report.text(found))
    if out:
        plot.save(chart(found), out)
        click.echo(visible(out), err=as_json)

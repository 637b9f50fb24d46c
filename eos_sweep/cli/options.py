"""Options and steps that several commands share."""

import dataclasses
import functools
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from eos_sweep.cli.text import check_axes
from eos_sweep.errors import InputError, closest, short

if TYPE_CHECKING:
    from eos_sweep.analysis.pictures.look import Look
    from eos_sweep.analysis.pictures.view import View
    from eos_sweep.contract import Model
    from eos_sweep.spec.sweeps import Sweep

SEED = "seed"  # the axis that a picture of a whole sweep leaves out
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="Show no bar of progress.")
AT = click.option(
    "--at",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value of an axis: the nearest one on an evenly spaced axis, otherwise one of its values. Can be repeated.",
)
THREADS = click.option(
    "--threads", type=click.IntRange(1, 1024), help="Threads of this process  [default: one a core]."
)
WORKERS = click.option("--workers", type=click.IntRange(1, 1024), help="Processes of this machine.")
_RESOURCES = (
    THREADS,
    WORKERS,
    click.option("--scheduler", metavar="ADDRESS", help="Address of a dask scheduler, such as tcp://host:8786."),
    click.option("--scheduler-file", type=click.Path(), help="File in which a dask scheduler has written its address."),
)


def with_resources(command: Callable) -> Callable:
    """Add the options for what computes; the command gets them as one argument ``resources``."""

    @functools.wraps(command)
    def packed(
        *,
        workers: int | None,
        threads: int | None,
        scheduler: str | None,
        scheduler_file: str | None,
        **others: Any,
    ) -> None:
        from eos_sweep.runtime.resources import Resources

        command(resources=Resources(workers, threads, scheduler, scheduler_file), **others)

    return functools.reduce(lambda function, option: option(function), reversed(_RESOURCES), packed)


def draw(store: str, out: str, view: "View | None" = None, look: "Look | None" = None) -> None:
    """Draw a view of a stored sweep into a file; by default all of it, without its seeds."""
    from eos_sweep.analysis.opened import open_sweep
    from eos_sweep.analysis.pictures.files import save
    from eos_sweep.analysis.pictures.layout import draw_view
    from eos_sweep.analysis.pictures.look import DEFAULT
    from eos_sweep.analysis.pictures.view import View
    from eos_sweep.analysis.pyramid import open_pyramid

    dataset = open_sweep(store)
    view = view or View(over=(SEED,) if dataset.sizes.get(SEED, 1) > 1 else ())
    save(draw_view(dataset, dataclasses.replace(view, levels=open_pyramid(store)), look or DEFAULT), out)


def check_drawable(sweep: "Sweep") -> None:
    """Raise InputError if the regimes of a sweep cannot be drawn, over its seeds if it has any."""
    check_axes("--plot", sweep, SEED)
    if "regime" not in sweep.stored:
        raise InputError('--plot: the observables do not decide the regime; add "default" to them, or run without')


def named_model(given: str) -> "Model":
    """Return the model of the table, the module of one's own, or the model of a TOML file, that is named."""
    from eos_sweep import models
    from eos_sweep.spec.formula_files import read_model

    if given.lower().endswith(".toml"):
        return models.get(*read_model(given))
    if given not in models.TABLE:
        models.look_here()
        parts = given.split(".")
        if all(map(str.isidentifier, parts)) and importlib.util.find_spec(parts[0]) is None:
            raise InputError(f"model {short(given)}: not in the table, nor a module; {closest(given, models.TABLE)}")
        models.allow(given)
    return models.get(given)

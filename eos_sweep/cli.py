"""The command line: ``eos-sweep``."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

import click

from eos_sweep.bench.command import bench
from eos_sweep.commands.boundary import boundary
from eos_sweep.commands.pictures import plot, trace
from eos_sweep.commands.run import plan, run
from eos_sweep.commands.stored import export, relabel, status
from eos_sweep.conformance.command import check
from eos_sweep.errors import InputError, Interrupted, Stopped, visible
from eos_sweep.verify.command import budget, verify

EXIT_CODES = """
Exit codes: 0 done; 1 a check failed; 2 bad input, nothing was changed; 3 some blocks failed (status tells why); 4 the
run could not go on (disk full, store or scheduler gone), nothing recorded is lost; 130 stopped by Ctrl-C, 143 by
SIGTERM: run the same command to go on.
"""


class Group(click.Group):
    """Turns errors that the package raises on purpose into one line and an exit code."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _printable():
            return super().make_context(*args, **kwargs)

    def invoke(self, context: click.Context) -> Any:
        try:
            with _printable():
                return super().invoke(context)
        except InputError as error:
            click.echo(f"eos-sweep: {error}", err=True)
            context.exit(2)
        except ValueError as error:
            if "checksum" not in str(error):  # zarr's, of a chunk that lazy data came from
                raise
            _hush()
            click.echo("eos-sweep: a chunk is damaged; status --check tells which, run --check mends it", err=True)
            context.exit(2)
        except Stopped as error:
            click.echo(f"eos-sweep: {error}", err=True)
            context.exit(4)
        except KeyboardInterrupt as error:
            _hush()
            resumable = "; run the same command to go on" if context.invoked_subcommand == "run" else ""
            click.echo(f"eos-sweep: stopped{resumable}", err=True)
            context.exit(128 + (error.signal if isinstance(error, Interrupted) else 2))


@contextlib.contextmanager
def _printable() -> Iterator[None]:
    """Let click's errors repeat an argument as it may be printed."""
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(visible(error.format_message()), error.ctx) from None


def _hush() -> None:
    """Let nobody hear of the reads and writes that are dropped on the way out."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")


@click.group(cls=Group, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eos-sweep")
@click.option("--import", "modules", multiple=True, metavar="MODULE", help="Let sweeps name this module as a model.")
def main(modules: tuple[str, ...]) -> None:
    """Map where the edge of stability happens, and where it breaks.

    \b
    Examples:
      eos-sweep run sweeps/quickstart.toml --plot quickstart.png
      eos-sweep plan sweeps/flagship.toml
      eos-sweep plot quickstart.zarr -o map.pdf --variable sharpness_max
      eos-sweep trace quickstart.zarr --index eta=700,lambda1=700 -o run.png
      eos-sweep --import my_model run my_sweep.toml
    """
    if modules or os.environ.get("EOS_SWEEP_MODELS"):
        from eos_sweep import models

        models.look_here()
        for module in modules:
            models.allow(module)


for command in (run, plan, status, relabel, export, plot, trace, boundary, verify, budget, check, bench):
    main.add_command(command)

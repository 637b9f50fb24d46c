"""The command ``eos-sweep``: the table of its commands, and how errors become exit codes."""

import contextlib
import errno
import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

import click

from eos_sweep.cli.streams import safe_streams
from eos_sweep.errors import InputError, Interrupted, Stopped, is_thread_shortage, visible

# Each command is a function of this name in a module of eos_sweep.cli, which is imported when the command is used.
COMMANDS = {
    "animate": "animations",
    "bench": "benchmark",
    "boundary": "boundaries",
    "budget": "labels",
    "check": "own_models",
    "derive": "own_models",
    "dimension": "dimensions",
    "edges": "edge_curves",
    "export": "stores",
    "models": "tables",
    "observables": "tables",
    "plan": "runs",
    "plot": "pictures",
    "relabel": "stores",
    "rules": "update_rules",
    "run": "runs",
    "status": "stores",
    "thresholds": "tables",
    "trace": "pictures",
    "verify": "labels",
}
EXIT_CODES = """
Exit codes: 0 done; 1 a check failed; 2 bad input, nothing was changed; 3 some blocks failed (status shows why); 4 the
run could not go on (disk full, store or scheduler gone), nothing recorded is lost; 130 stopped by Ctrl-C, 143 by
SIGTERM. After 4, 130 and 143, the same command resumes the run.
"""


class CommandLine(click.Group):
    """The commands of the table; errors that the package raises on purpose become one line and an exit code."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command, None if there is no such command."""
        if name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"eos_sweep.cli.{COMMANDS[name]}"), name)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line, whoever reads what it prints."""
        with safe_streams():
            return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the command line."""
        with _printable():
            return super().make_context(*args, **kwargs)

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            with _printable():
                return super().invoke(context)
        except InputError as error:
            _silence()
            click.echo(f"eos-sweep: {error}", err=True)
            context.exit(2)
        except Stopped as error:
            click.echo(f"eos-sweep: {error}", err=True)
            context.exit(4)
        except RuntimeError as error:
            if not is_thread_shortage(error):
                raise
            _silence()
            remedy = "raise its limit (ulimit -u), or use fewer --threads"
            click.echo(f"eos-sweep: the system lets this process start no further thread; {remedy}", err=True)
            context.exit(4)
        except MemoryError:
            _silence()
            click.echo("eos-sweep: out of memory; raise its limit (ulimit -v), or use fewer --threads", err=True)
            context.exit(4)
        except OSError as error:
            if error.errno == errno.EPIPE:  # click ends quietly if nobody reads its output any more
                raise
            place = f"{error.filename}: " if error.filename else ""
            click.echo(visible(f"eos-sweep: {place}{error.strerror or error}; correct that, then try again"), err=True)
            context.exit(2)
        except KeyboardInterrupt as error:
            _silence()
            resumable = "; run the same command to go on" if context.invoked_subcommand == "run" else ""
            kept = f"; kept: {error.kept}" if isinstance(error, Interrupted) and error.kept else ""
            click.echo(f"eos-sweep: stopped{kept}{resumable}", err=True)
            context.exit(128 + (error.signal if isinstance(error, Interrupted) else 2))


@contextlib.contextmanager
def _printable() -> Iterator[None]:
    """Escape what cannot be printed in the arguments that click's errors repeat."""
    try:
        yield
    except click.UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a help text, in lines; not in click 8.1
            raise
        raise click.UsageError(visible(error.format_message()), error.ctx) from None


def _silence() -> None:
    """Suppress warnings about reads and writes that are dropped on the way out."""
    warnings.filterwarnings("ignore", message="coroutine .* was never awaited")


@click.group(cls=CommandLine, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eos-sweep")
@click.option("--import", "modules", multiple=True, metavar="MODULE", help="Allow this module of your own as a model.")
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
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it logs errors of reads beside the one that is raised
    if modules or os.environ.get("EOS_SWEEP_MODELS"):
        from eos_sweep import models

        models.look_here()
        for module in modules:
            models.allow(module)

"""The command line's own group: how a command that cannot be carried out ends."""

import contextlib
from collections.abc import Iterator
from typing import Any

import click

from eos_sweep.errors import InputError, visible


class Group(click.Group):
    """Turns errors that the package raises on purpose into one line and exit code 2."""

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
        except KeyboardInterrupt:
            resumable = "; run the same command to go on" if context.invoked_subcommand == "run" else ""
            click.echo(f"eos-sweep: stopped{resumable}", err=True)
            context.exit(130)


@contextlib.contextmanager
def _printable() -> Iterator[None]:
    """Let click's errors repeat an argument as it may be printed."""
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(visible(error.format_message()), error.ctx) from None

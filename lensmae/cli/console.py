"""What every command prints with: results to stdout, messages and progress to stderr; errors as one plain line."""

import contextlib
import errno
import json
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Annotated, Any

import click
import typer
from rich import progress as rich_progress
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperGroup

from lensmae.errors import LensMAEError
from lensmae.folders import said_plainly
from lensmae.progress import Progress
from lensmae.workspace import Damaged

_messages = Console(stderr=True)
AXES_HELP = "one letter per axis of the array, as in NHWC: N lenses, C bands, H rows, W columns; by default from header and shape"
BAND_HELP = "which band of images with several, from 0 or by name; 0+2, g+r or all: their mean"
CLASSES_HELP = "names of integer labels 0, 1, ..., with commas between"


def class_names(text: str | None) -> tuple[str, ...] | None:
    """Names of classes as they are typed, with commas between; known ones by our name (`sphere` is cdm)."""
    from lensmae.data.exchange.names import class_name

    return tuple(class_name(part) for part in text.split(",")) if text else None


Scheduler = Annotated[
    str | None,
    typer.Option(help="Dask scheduler to compute on: its address, or local:N for N processes of this command"),
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON and nothing else on stdout")]


def executor_of(scheduler: str | None) -> contextlib.AbstractContextManager[Executor | None]:
    """Processes of a Dask scheduler's cluster, for the time of a command; none where no scheduler is named."""
    if scheduler is None:
        return contextlib.nullcontext()
    from lensmae.jobs.cluster import cluster

    return cluster(scheduler)


class PlainErrors(TyperGroup):
    """Our own errors, and the file system's, become one plain line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit with status 2 and one line where it cannot do what was asked."""
        try:
            return super().invoke(ctx)
        except LensMAEError as problem:
            message = str(problem)
        except KeyboardInterrupt:
            typer.echo("Interrupted; nothing half-written was kept.", err=True)
            raise typer.Exit(130) from None
        except OSError as problem:
            if problem.errno == errno.EPIPE:
                raise
            message = said_plainly(problem)
        typer.echo(f"Error: {message}", err=True)
        raise typer.Exit(2)


def with_progress(label: str, work: Callable[[Progress], Any]) -> Any:
    """`work(progress)` under a progress bar; whatever it prints goes to stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        contextlib.redirect_stdout(sys.stderr),
        rich_progress.Progress(*columns, console=_messages, transient=True, disable=not _messages.is_terminal) as bar,
    ):
        task = bar.add_task(label, total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))


def print_damaged(found: list[Damaged]) -> None:
    """Name on stderr what is there and cannot be used: it hides nothing else."""
    for one in found:
        typer.echo(f"Damaged {one.kind} {one.name!r}: {one.reason}", err=True)


def print_table(columns: tuple[str, ...], rows: list[tuple[Any, ...]], empty: str) -> None:
    """Rows as a table on stdout; where there are none, the sentence `empty` on stderr."""
    if not rows:
        typer.echo(empty, err=True)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(str, row))
    # A pipe has no width of its own; cutting cells there would lose what they say.
    Console(width=None if sys.stdout.isatty() else 200, markup=False).print(table)


def print_figures(figures: dict[str, Any], as_json: bool = False) -> None:
    """Figures by name on stdout, as JSON (nan as null) or as a table; nested ones have dotted names there."""
    if as_json:
        # nan alone differs from itself.
        typer.echo(json.dumps({name: None if value != value else value for name, value in figures.items()}, allow_nan=False))
        return
    from lensmae.evaluation.reports.tables import flatten, readable

    print_table(("figure", "value"), [(name, readable(value)) for name, value in flatten(figures)], empty="")

"""The `lensmae` command: everything the pages do, without a browser.

torch, Lightning and lenstronomy take seconds to import; each command imports what it needs, so that `--help` is immediate.
"""

from typing import Annotated

import typer

from lensmae import __version__
from lensmae.cli import (
    anomaly,
    checkpoints,
    dashboard,
    data,
    embeddings,
    exchange,
    gallery,
    images,
    measure,
    probe,
    stress,
    studies,
    train,
)
from lensmae.cli.console import PlainErrors

app = typer.Typer(
    cls=PlainErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for room in (
    dashboard,
    data,
    exchange,
    gallery,
    checkpoints,
    images,
    embeddings,
    train,
    measure,
    studies,
    stress,
    probe,
    anomaly,
):
    app.add_typer(room.commands)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lensmae {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="print it and exit")] = False,
) -> None:
    """Masked autoencoders for strong-lensing images. LENSMAE_HOME names the workspace (default ./workspace)."""


def main() -> None:
    """Run the command."""
    app()

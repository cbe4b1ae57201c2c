"""The `lensmae` command: everything the pages do, without a browser.

torch, Lightning and lenstronomy take seconds to import; each command imports what it needs, so that `--help` is immediate.
"""

import typer

from lensmae.cli import checkpoints, data, embeddings, exchange, gallery, images, measure, studies, train
from lensmae.cli.console import PlainErrors

app = typer.Typer(
    cls=PlainErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Masked autoencoders for strong-lensing images. LENSMAE_HOME names the workspace (default ./workspace).",
)
for room in (data, exchange, gallery, checkpoints, images, embeddings, train, measure, studies):
    app.add_typer(room.commands)


def main() -> None:
    """Run the command."""
    app()

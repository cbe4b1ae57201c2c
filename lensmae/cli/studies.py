"""Commands that take many trainings or many evaluations to answer one question."""

from pathlib import Path
from typing import Annotated

import typer

from lensmae.cli.console import print_table, with_progress

commands = typer.Typer()


@commands.command("few-labels")
def few_labels(
    data: Annotated[str, typer.Argument(help="data set with a training and a test split")],
    output: Annotated[Path, typer.Option(help="JSON file of results; what it holds already is not made again")] = Path(
        "checkpoints/few_labels.json"
    ),
    labels: Annotated[list[int] | None, typer.Option(min=2, help="labels in total; give it several times")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each kind")] = 3,
    images: Annotated[int, typer.Option(min=1, help="image passes of each training")] = 20_000,
) -> None:
    """Compare an MAE-pretrained encoder with one from scratch and a ResNet-18 at few labels. Takes hours without a GPU."""
    from lensmae.studies.few_labels import LABELS
    from lensmae.studies.few_labels import few_labels as compare

    counts = tuple(labels or LABELS)
    found = with_progress(
        "Training",
        lambda progress: compare(data, output, labels=counts, seeds=range(seeds), images=images, progress=progress),
    )
    columns = ("model", "labels", "seed", "accuracy", "macro_auc")
    rows = [tuple(f"{v:.4f}" if isinstance(v, float) else v for v in (record[name] for name in columns)) for record in found]
    print_table(columns, rows, empty="")

"""The command that probes frozen encoders."""

from pathlib import Path
from typing import Annotated

import typer

from lensmae.cli.console import AsJson, print_table, with_progress
from lensmae.workspace import replacing

commands = typer.Typer()


@commands.command()
def probe(
    checkpoints: Annotated[list[str], typer.Argument(metavar="CHECKPOINT...", help="names, run ids or paths of checkpoints")],
    data: Annotated[str, typer.Argument(help="data set with a training and a test split")],
    labels: Annotated[int, typer.Option(min=10, help="labelled training lenses, at most")] = 2000,
    test: Annotated[int, typer.Option(min=5, help="test lenses, at most")] = 1000,
    layer: Annotated[list[int] | None, typer.Option(min=1, help="a linear probe of this layer too, given several times")] = None,
    d4: Annotated[
        bool, typer.Option("--d4", help="a linear probe of the mean over eight symmetries too; takes eight times as long")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="file that the table is written to as CSV as well")] = None,
    as_json: AsJson = False,
) -> None:
    """Linear, nearest-neighbour and attentive probes of frozen encoders at equal numbers of labels, clean and noisy."""
    import pandas as pd

    from lensmae.data import open_dataset
    from lensmae.evaluation.classification.probes import probe_encoder, separation
    from lensmae.models import load_checkpoint

    dataset, options = open_dataset(data), {"labels": labels, "test": test, "layers": tuple(layer or ()), "d4": d4}
    parts = [
        with_progress(
            f"Probing {name}",
            lambda progress, name=name: probe_encoder(load_checkpoint(name), dataset, progress=progress, **options),
        )
        for name in checkpoints
    ]
    table = pd.concat(parts, ignore_index=True)
    if out is not None:
        with replacing(out) as temporary:
            temporary.write_text(table.to_csv(index=False), encoding="utf-8")
    if as_json:
        typer.echo(table.to_json(orient="records"))
        return
    rows = [
        (
            one.checkpoint,
            one.condition,
            one.probe,
            one.layer,
            f"{one.accuracy:.3f} ({one.low:.3f} to {one.high:.3f})",
            f"{one.auc:.3f}",
        )
        for one in table.itertuples()
    ]
    print_table(("checkpoint", "lenses", "probe", "layer", "accuracy (95 %)", "macro AUC"), rows, empty="")
    for part in parts:
        typer.echo(separation(part, len(dataset.info.classes)))

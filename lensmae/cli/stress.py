"""The command that tests checkpoints under the nuisances of real files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lensmae.cli.console import AsJson, print_table, with_progress
from lensmae.errors import CheckpointError, ConfigError
from lensmae.workspace import replacing

if TYPE_CHECKING:
    import pandas as pd

    from lensmae.evaluation.stress.run import StressTested

commands = typer.Typer()


@commands.command()
def stress(
    checkpoints: Annotated[list[str], typer.Argument(metavar="CHECKPOINT...", help="names, run ids or paths of checkpoints")],
    data: Annotated[str, typer.Argument(help="data set: single lenses, or LR/HR pairs for super-resolvers")],
    nuisance: Annotated[list[str] | None, typer.Option(help="only these nuisances, given several times; all by default")] = None,
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "test",
    limit: Annotated[int, typer.Option(min=10, help="images under each condition, at most, spread over the split")] = 100,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    out: Annotated[Path | None, typer.Option(help="file that the table is written to as CSV as well")] = None,
    card: Annotated[bool, typer.Option("--card", help="write the rows into the cards of the checkpoints too")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV and nothing else on stdout")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure checkpoints under every nuisance of real files: noise, sky, grey levels, shifts, turns, JPEG and the rest.

    Classifiers: accuracy and macro AUC, also of other presets; autoencoders: masked error over that of biharmonic inpainting;
    super-resolvers: dB over bicubic. With 95 % intervals.
    """
    from lensmae.data import open_dataset
    from lensmae.evaluation.stress.run import stress as measure

    if as_json and as_csv:
        raise ConfigError("Choose one of --json and --csv.")
    tested, dataset = [_tested(name, device) for name in checkpoints], open_dataset(data)
    options = {"split": split, "limit": limit, "nuisances": tuple(nuisance or ())}
    table = with_progress("Testing", lambda progress: measure(tested, dataset, progress=progress, **options))
    if out is not None:
        with replacing(out) as temporary:
            temporary.write_text(table.to_csv(index=False), encoding="utf-8")
    if card:
        from lensmae.evaluation.reports.promote import keep_stress

        for name in checkpoints:
            keep_stress(name, table, dataset.name)
    if as_json:
        typer.echo(table.to_json(orient="records"))
    elif as_csv:
        typer.echo(table.to_csv(index=False), nl=False)
    else:
        _print(table)


def _tested(name: str, device: str) -> "StressTested":
    from lensmae.evaluation.measure.reports import pick_device
    from lensmae.evaluation.ood.references import find_reference
    from lensmae.evaluation.stress.run import StressTested
    from lensmae.models import load_checkpoint

    model = load_checkpoint(name, pick_device(device))
    try:
        return StressTested(model, find_reference(model.path))
    except CheckpointError as problem:
        typer.echo(f"{problem} Which answers are withheld is not measured.", err=True)
        return StressTested(model)


def _print(table: "pd.DataFrame") -> None:
    rows = [
        (
            row.checkpoint,
            row.title,
            row.label if not row.unit else f"{row.label} {row.unit}",
            row.metric,
            f"{row.value:.3f} ({row.low:.3f} to {row.high:.3f})",
            *("" if value != value else f"{value:.3f}" for value in (row.auc, row.answered, row.accuracy_answered)),
        )
        for row in table.itertuples()
    ]
    columns = ("checkpoint", "nuisance", "strength", "metric", "value (95 %)", "macro AUC", "answered", "of those answered")
    print_table(columns, rows, empty="")

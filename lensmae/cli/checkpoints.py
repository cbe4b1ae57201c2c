"""Commands about checkpoints: list, measure, keep."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lensmae.cli.console import (
    AXES_HELP,
    BAND_HELP,
    CLASSES_HELP,
    AsJson,
    Scheduler,
    class_names,
    executor_of,
    print_damaged,
    print_figures,
    print_table,
    with_progress,
)

if TYPE_CHECKING:
    from lensmae.models import CheckpointCard

commands = typer.Typer()


@commands.command()
def checkpoints(as_json: AsJson = False) -> None:
    """List the checkpoints that can be named wherever one is asked for."""
    from lensmae.models import damaged_checkpoints, list_checkpoints

    entries = list_checkpoints()
    print_damaged(damaged_checkpoints())
    if as_json:
        records = [{"name": e.name, "path": str(e.path), "origin": e.origin, **e.card.model_dump(mode="json")} for e in entries]
        typer.echo(json.dumps(records))
        return
    rows = [(e.name, e.card.kind, e.origin, e.card.data.get("name", "?"), _figure(e.card), e.card.created) for e in entries]
    columns = ("name", "kind", "origin", "trained on", "figure", "created")
    print_table(columns, rows, empty="No checkpoint yet; `lensmae train pretrain --data NAME` makes one.")


def _figure(card: "CheckpointCard") -> str:
    from lensmae.evaluation.reports.headlines import headline

    found = headline(card)
    return f"{found.name}: {found.value} ({found.measured_on})" if found else ""


@commands.command()
def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="name, run id or path of a checkpoint")],
    data: Annotated[str, typer.Argument(help="data set: name, path, or a folder in the original DeepLense layout")],
    split: Annotated[str | None, typer.Option(help="train, validation, test or all; test, where there is one")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="measure at most so many images, spread over the split")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    item: Annotated[
        str | None, typer.Option(help="which HDU or array of files with several; the image by name by default")
    ] = None,
    band: Annotated[str | None, typer.Option(help=BAND_HELP)] = None,
    axes: Annotated[str | None, typer.Option(help=AXES_HELP)] = None,
    classes: Annotated[str | None, typer.Option(help=CLASSES_HELP)] = None,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Measure a checkpoint on a split of a data set.

    Files of a folder that cannot be read are named on stderr and left out; the exit status is then 1, and 2 where none was read.
    """
    from lensmae.data import open_dataset
    from lensmae.data.images.axes import ArrayChoice
    from lensmae.evaluation import evaluate as measure
    from lensmae.evaluation.classification.axion_mass import mass_figures
    from lensmae.evaluation.measure.reports import pick_device
    from lensmae.evaluation.measure.rows import Apart, Here
    from lensmae.models import load_checkpoint

    choice = ArrayChoice(item, band, axes, classes=class_names(classes))
    dataset = open_dataset(data, choice, leave_out=True)
    for file, problem in dataset.skipped.items():
        typer.echo(f"Error: {file}: {problem}", err=True)
    with executor_of(scheduler) as executor:
        how = {"limit": limit, "device": device, "source": Here() if executor is None else Apart(executor, data, choice)}
        report = with_progress("Evaluating", lambda progress: measure(checkpoint, dataset, split, **how, progress=progress))
    if report.note:
        typer.echo(f"Note: {report.note}", err=True)
    figures = report.summary()
    figures |= mass_figures(load_checkpoint(checkpoint, pick_device(device)), dataset, report.indices)
    print_figures(figures | ({"left_out": len(dataset.skipped)} if dataset.skipped else {}), as_json)
    if dataset.skipped:
        raise typer.Exit(1)


@commands.command()
def convert(
    file: Annotated[Path, typer.Argument(help="MAE weights: IcarusWizard, facebookresearch/mae, timm or Hugging Face")],
    name: Annotated[str, typer.Argument(help="name of the checkpoint that they become")],
    heads: Annotated[int | None, typer.Option(min=1, help="attention heads; by default one for 64 channels")] = None,
    decoder_heads: Annotated[int | None, typer.Option(min=1, help="of the decoder; by default as published")] = None,
    normalised: Annotated[bool, typer.Option(help="the network saw pixels normalised as its project does, not on [0, 1]")] = True,
) -> None:
    """Make a checkpoint of MAE weights that others trained. Nothing in the file is run."""
    from lensmae.models.foreign import save_converted

    normalisation = "layout" if normalised else "none"
    path, conversion = save_converted(file, name, heads=heads, decoder_heads=decoder_heads, normalisation=normalisation)
    if conversion.unused:
        typer.echo(f"Note: not used, a masked autoencoder has no place for them: {', '.join(conversion.unused)}", err=True)
    typer.echo(f"{path}: {conversion.layout}, {conversion.card.architecture}")


@commands.command()
def promote(
    checkpoint: Annotated[str, typer.Argument(help="run id, name or path of a checkpoint")],
    name: Annotated[str, typer.Argument(help="name to keep it under")],
    data: Annotated[str, typer.Argument(help="data set to measure it on, for its card")],
    split: Annotated[str, typer.Option(help="split to measure on")] = "test",
    precision: Annotated[str, typer.Option(help="float16, bfloat16, float32 or int8 (one scale a row) weights")] = "float16",
    description: Annotated[str, typer.Option(help="a sentence for its card")] = "",
    folder: Annotated[Path | None, typer.Option(help="where to; the workspace's checkpoints by default")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="measure on so many images at most")] = None,
    encoder: Annotated[str | None, typer.Option(help="for a classifier: an MAE to measure a linear probe of, beside it")] = None,
    average_with: Annotated[str | None, typer.Option(help="checkpoint whose weights are averaged with these")] = None,
    share: Annotated[float, typer.Option(min=0, max=1, help="of the averaged checkpoint in the mean")] = 0.5,
) -> None:
    """Keep a run's model as a named checkpoint with a card."""
    from lensmae.evaluation.reports.promote import promote as keep

    options = {"precision": precision, "description": description, "folder": folder, "limit": limit, "encoder": encoder}
    options |= {"average": (average_with, share)} if average_with else {}
    typer.echo(with_progress("Measuring", lambda progress: keep(checkpoint, name, data, split, progress=progress, **options)))


@commands.command("calibrate", hidden=True)
@commands.command("fit-ood")
def fit_ood(
    checkpoint: Annotated[str, typer.Argument(help="name, run id or path of a checkpoint")],
    data: Annotated[
        str | None,
        typer.Argument(help="data set, best the one that it was trained on; lenses of its preset are simulated without"),
    ] = None,
    reference: Annotated[int, typer.Option(min=10, help="training lenses to compare new images with, at most")] = 400,
    held_out: Annotated[int, typer.Option(min=5, help="held-out lenses that limits are set on, at most")] = 400,
    each: Annotated[int, typer.Option(min=1, help="of them under every nuisance")] = 60,
) -> None:
    """Fit out-of-distribution thresholds: NAME.reference.safetensors beside a checkpoint, which tells what is in its domain.

    A classifier is asked for held-out lenses as they are and under every nuisance; the limits catch the answers that are wrong
    with confidence. Repeat it whenever the weights change: a reference of other weights is refused. `calibrate` is its old name.
    """
    from lensmae.evaluation.ood.fit import fit_checkpoint

    sizes = {"reference": reference, "held_out": held_out, "each": each}
    typer.echo(with_progress("Fitting", lambda progress: fit_checkpoint(checkpoint, data, progress=progress, **sizes)))

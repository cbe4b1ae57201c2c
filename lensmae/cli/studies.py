"""Commands that take many trainings or many evaluations to answer one question."""

from pathlib import Path
from typing import Annotated

import typer

from lensmae.cli.clone import from_clone
from lensmae.cli.console import print_table, with_progress

commands = typer.Typer()
Precision = Annotated[str | None, typer.Option(help="number format of the trainings, as of `lensmae train`")]


@commands.command("few-labels")
def few_labels(
    data: Annotated[str, typer.Argument(help="data set with a training and a test split")],
    output: Annotated[Path, typer.Option(help="JSON file of results; what it holds already is not made again")] = Path(
        "checkpoints/few_labels.json"
    ),
    labels: Annotated[list[int] | None, typer.Option(min=2, help="labels in total; give it several times")] = None,
    per_class: Annotated[
        bool, typer.Option("--per-class", help="take the labels as of each class, as published figures do")
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each kind")] = 3,
    images: Annotated[int, typer.Option(min=1, help="image passes of each training")] = 20_000,
    test_images: Annotated[int, typer.Option(min=1, help="test lenses measured on, at most")] = 3000,
    model: Annotated[list[str] | None, typer.Option(help="only these models, given several times")] = None,
    precision: Precision = None,
) -> None:
    """Compare an MAE-pretrained encoder with one from scratch and a ResNet-18 at few labels. Takes hours without a GPU."""
    study = from_clone("studies.few_labels")
    options = {"labels": tuple(labels or study.LABELS), "seeds": range(seeds), "models": tuple(model or study.MODELS)}
    options |= {"images": images, "test_images": test_images, "per_class": per_class}
    options |= {"precision": precision} if precision else {}
    found = with_progress(
        "Training",
        lambda progress: study.few_labels(data, output, progress=progress, **options),
    )
    columns = ("model", "labels", "seed", "accuracy", "macro_auc")
    rows = [tuple(f"{v:.4f}" if isinstance(v, float) else v for v in (record[name] for name in columns)) for record in found]
    print_table(columns, rows, empty="")


@commands.command()
def ablation(
    data: Annotated[str, typer.Argument(help="data set with a training and a test split")],
    output: Annotated[Path, typer.Option(help="JSON file of results; what it holds already is not made again")] = Path(
        "checkpoints/ablation.json"
    ),
    epochs: Annotated[float, typer.Option(min=0, help="of each classifier")] = 0.2,
    pretrain_epochs: Annotated[float, typer.Option(min=0, help="of each MAE that a variant pretrains")] = 0.2,
    variant: Annotated[list[str] | None, typer.Option(help="only these variants, given several times")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="images a step; the recipe's by default")] = None,
    precision: Precision = None,
) -> None:
    """Train the classifier's recipe with one thing changed at a time. Takes an hour or two without a GPU."""
    study = from_clone("studies.ablation")
    variants = tuple(variant or (*study.VARIANTS, *study.PRETRAININGS))
    options = {"variants": variants, "epochs": epochs, "pretrain_epochs": pretrain_epochs}
    options |= {"precision": precision} if precision else {}
    options |= {"batch_size": batch_size} if batch_size else {}
    found = with_progress("Training", lambda progress: study.ablation(data, output, progress=progress, **options))
    rows = [(record["variant"], f"{record['macro_auc']:.5f}", f"{record['accuracy']:.4f}") for record in found]
    print_table(("variant", "macro AUC", "accuracy"), rows, empty="")


@commands.command()
def report(
    lenses: Annotated[str, typer.Argument(help="data set of single lenses; best one of a seed that no training used")],
    pairs: Annotated[str, typer.Argument(help="data set of LR/HR pairs; the same")],
    training: Annotated[str | None, typer.Option(help="data set whose training split simple baselines are fitted to")] = None,
    checkpoint: Annotated[
        list[str] | None, typer.Option(help="what to measure, given several times; all shipped by default")
    ] = None,
    split: Annotated[str, typer.Option(help="of both sets; all where both were made to measure on")] = "test",
    folder: Annotated[Path, typer.Option(help="where RESULTS.md, results.json and figures go")] = Path("checkpoints"),
    readme: Annotated[Path | None, typer.Option(help="file whose table of results is replaced")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="images of a split at most")] = None,
    stressed: Annotated[int, typer.Option(min=0, help="images under each nuisance of real files; 0 for no stress test")] = 100,
    keep: Annotated[
        bool, typer.Option("--keep", help="keep what the last report says of other checkpoints, if it measured the same images")
    ] = False,
) -> None:
    """Measure checkpoints on unseen lenses, beside their baselines, and write it down."""
    from lensmae.models import list_checkpoints

    measure, write_report = from_clone("studies.report").measure, from_clone("studies.report_text").write_report
    chosen = checkpoint or [entry.name for entry in list_checkpoints() if entry.origin == "shipped"]
    options = {
        "training": training,
        "checkpoints": chosen,
        "studies": folder,
        "split": split,
        "limit": limit,
        "stressed": stressed,
    }
    measured = with_progress("Measuring", lambda progress: measure(lenses, pairs, progress=lambda _: progress, **options))
    asked = [f"lensmae report {lenses} {pairs}", *([f"--training {training}"] if training else [])]
    asked += [*([f"--split {split}"] if split != "test" else []), *([f"--limit {limit}"] if limit else [])]
    asked += [*(f"--checkpoint {name}" for name in checkpoint or ()), *(["--keep"] if keep else [])]
    typer.echo(write_report(measured, folder, " ".join(asked), readme, keep=keep))

"""The `lensmae` command: everything the pages do, without a browser. Results go to stdout, messages and progress to stderr."""

import contextlib
import errno
import inspect
import json
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import click
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from typer.core import TyperGroup

from lensmae.errors import CheckpointError, ConfigError, LensMAEError

# torch, Lightning and lenstronomy take seconds to import; commands import what they need, so that `--help` is immediate.
_KINDS = ("pretrain", "classifier", "superres")
_messages = Console(stderr=True)


class PlainErrors(TyperGroup):
    """Our own errors, and the file system's, become one plain line and exit status 2."""

    def invoke(self, ctx: click.Context) -> Any:
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
            message = str(problem)
        typer.echo(f"Error: {message}", err=True)
        raise typer.Exit(2)


class TrainCommands(TyperGroup):
    """One command a kind of training, built when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _training_command(cmd_name) if cmd_name in _KINDS else None


app = typer.Typer(
    cls=PlainErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Masked autoencoders for strong-lensing images. LENSMAE_HOME names the workspace (default ./workspace).",
)
train_app = typer.Typer(
    cls=TrainCommands, invoke_without_command=True, help="Train pretrain, classifier or superres; or --resume RUN."
)
app.add_typer(train_app, name="train")

AsJson = Annotated[bool, typer.Option("--json", help="print JSON and nothing else on stdout")]


def main() -> None:
    """Run the command."""
    app()


def _with_progress(label: str, work: Callable[[Callable[[int, int], None]], Any]) -> Any:
    """`work(progress)` under a progress bar; whatever it prints goes to stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        contextlib.redirect_stdout(sys.stderr),
        Progress(*columns, console=_messages, transient=True, disable=not _messages.is_terminal) as bar,
    ):
        task = bar.add_task(label, total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))


def _print_table(columns: tuple[str, ...], rows: list[tuple[Any, ...]], empty: str) -> None:
    if not rows:
        typer.echo(empty, err=True)
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(str, row))
    # A pipe has no width of its own; cutting cells there would lose what they say.
    Console(width=None if sys.stdout.isatty() else 200, markup=False).print(table)


def _print_figures(figures: dict[str, Any]) -> None:
    from lensmae.evaluation.tables import flatten, readable

    _print_table(("figure", "value"), [(name, readable(value)) for name, value in flatten(figures)], empty="")


@app.command()
def simulate(
    preset: Annotated[str, typer.Argument(help="model_ii or superres")],
    name: Annotated[str, typer.Argument(help="name of the new data set")],
    per_class: Annotated[int, typer.Option(min=1, help="lenses a class")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="seed of the data set; sets of one seed share lenses")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="processes; all cores by default")] = None,
) -> None:
    """Simulate a data set into the workspace."""
    from lensmae.data import simulate_dataset

    dataset = _with_progress(
        "Simulating", lambda progress: simulate_dataset(preset, name, per_class, seed, jobs=jobs, progress=progress)
    )
    typer.echo(f"{dataset.path}: {dataset.info.n} lenses, {', '.join(f'{n} {kind}' for kind, n in dataset.info.counts.items())}")


@app.command("data")
def list_data(as_json: AsJson = False) -> None:
    """List the workspace's data sets."""
    from lensmae.data import list_datasets

    found = list_datasets()
    if as_json:
        typer.echo(json.dumps([info.model_dump(mode="json") for info in found]))
        return
    rows = [
        (
            i.name,
            i.preset or "imported",
            i.n,
            "x".join(map(str, i.shape)),
            ", ".join(i.classes),
            i.created,
            f"{i.size_bytes / 1e6:.0f}",
        )
        for i in found
    ]
    columns = ("name", "preset", "lenses", "pixels", "classes", "created", "MB")
    _print_table(columns, rows, empty="No data set yet; `lensmae simulate model_ii NAME` makes one.")


@app.command()
def checkpoints(as_json: AsJson = False) -> None:
    """List the checkpoints that can be named wherever one is asked for."""
    from lensmae.models import list_checkpoints

    entries = list_checkpoints()
    if as_json:
        records = [{"name": e.name, "path": str(e.path), "origin": e.origin, **e.card.model_dump(mode="json")} for e in entries]
        typer.echo(json.dumps(records))
        return
    rows = [
        (e.name, e.card.kind, e.origin, e.card.data.get("name", "?"), _headline(e.card.metrics), e.card.created) for e in entries
    ]
    columns = ("name", "kind", "origin", "learnt from", "figures", "created")
    _print_table(columns, rows, empty="No checkpoint yet; `lensmae train pretrain --data NAME` makes one.")


def _headline(metrics: dict[str, Any]) -> str:
    """The figures of the test split where a checkpoint has some, else of the validation split."""
    for split in ("test", "validation"):
        figures = [
            f"{name.removeprefix(split + '_')} {value:.4g}" for name, value in metrics.get(split, {}).items() if _is_number(value)
        ]
        if figures:
            return f"{split}: {', '.join(figures[:3])}"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@app.command()
def runs(as_json: AsJson = False) -> None:
    """List training runs, newest first."""
    from lensmae.training import list_runs

    found = list_runs()
    if as_json:
        typer.echo(json.dumps([status.model_dump(mode="json") for status in found]))
        return
    rows = [
        (s.id, s.kind, s.state, f"{s.step}/{s.total_steps}", f"{s.images_per_second:.1f}", _duration(s.eta_s), s.message)
        for s in found
    ]
    columns = ("run", "kind", "state", "step", "images/s", "time left", "message")
    _print_table(columns, rows, empty="No training run yet; `lensmae train pretrain --data NAME` starts one.")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@app.command()
def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="name, run id or path of a checkpoint")],
    data: Annotated[str, typer.Argument(help="data set: name, path, or a folder in the original DeepLense layout")],
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "test",
    limit: Annotated[int | None, typer.Option(min=1, help="measure so many images at most, spread over the split")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure a checkpoint on a split of a data set."""
    from lensmae.evaluation import evaluate as measure

    report = _with_progress(
        "Evaluating", lambda progress: measure(checkpoint, data, split, limit=limit, device=device, progress=progress)
    )
    if report.note:
        typer.echo(f"Note: {report.note}", err=True)
    if as_json:
        typer.echo(json.dumps(report.summary(), allow_nan=False))
    else:
        _print_figures(report.summary())


@app.command()
def classify(
    files: Annotated[list[Path], typer.Argument(help="images: npy, npz, FITS, PNG, JPEG, TIFF or HDF5")],
    checkpoint: Annotated[str, typer.Option(help="name, run id or path of a classifier")] = "classifier",
    as_json: AsJson = False,
) -> None:
    """Class probabilities of image files."""
    import numpy as np

    from lensmae.data import fit_image, read_image
    from lensmae.models import Classifier, load_checkpoint

    model = load_checkpoint(checkpoint)
    if not isinstance(model, Classifier):
        raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; naming classes needs a classifier.")
    images = [fit_image(read_image(path), model.image_size) for path in files]
    probabilities = model.predict(np.stack([image.pixels for image in images]))
    if as_json:
        found = [
            {"file": str(path), "probabilities": dict(zip(model.classes, row.tolist(), strict=True)), "notes": image.notes}
            for path, image, row in zip(files, images, probabilities, strict=True)
        ]
        typer.echo(json.dumps({"checkpoint": model.name, "images": found}))
        return
    for path, image in zip(files, images, strict=True):
        for note in image.notes:
            typer.echo(f"{path}: {note}", err=True)
    rows = [(path, *(f"{value:.4f}" for value in row)) for path, row in zip(files, probabilities, strict=True)]
    _print_table(("file", *model.classes), rows, empty="")


class BenchmarkName(StrEnum):
    """Benchmarks there are."""

    interaction = "interaction"
    simulate = "simulate"
    pretrain = "pretrain"


@app.command()
def promote(
    checkpoint: Annotated[str, typer.Argument(help="run id, name or path of a checkpoint")],
    name: Annotated[str, typer.Argument(help="name to keep it under")],
    data: Annotated[str, typer.Argument(help="data set to measure it on, for its card")],
    split: Annotated[str, typer.Option(help="split to measure on")] = "test",
    precision: Annotated[str, typer.Option(help="float16, bfloat16 or float32 weights")] = "float16",
    description: Annotated[str, typer.Option(help="a sentence for its card")] = "",
    folder: Annotated[Path | None, typer.Option(help="where to; the workspace's checkpoints by default")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="measure on so many images at most")] = None,
    encoder: Annotated[str | None, typer.Option(help="for a classifier: an MAE to measure a linear probe of, beside it")] = None,
) -> None:
    """Keep a run's model as a named checkpoint with a card."""
    from lensmae.evaluation.promote import promote as keep

    options = {"precision": precision, "description": description, "folder": folder, "limit": limit, "encoder": encoder}
    typer.echo(_with_progress("Measuring", lambda progress: keep(checkpoint, name, data, split, progress=progress, **options)))


@app.command()
def benchmark(
    name: Annotated[BenchmarkName, typer.Argument(help="what to measure")],
    output: Annotated[str, typer.Option(help="folder for NAME.json")] = "benchmarks",
) -> None:
    """Measure this machine and keep the result; see benchmarks/README.md."""
    from lensmae.benchmarks import run_benchmark

    result = _with_progress(f"Measuring {name.value}", lambda progress: run_benchmark(name.value, output, progress))
    _print_figures(result)


@train_app.callback()
def train(
    context: typer.Context,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="go on with this run from its last save")] = None,
    epochs: Annotated[float | None, typer.Option(help="with --resume: the run's new length in epochs")] = None,
) -> None:
    """Train a network, or go on with a run."""
    if resume is not None and context.invoked_subcommand is not None:
        raise ConfigError("--resume goes on with a run as it was configured; give it without pretrain, classifier or superres.")
    if resume is not None:
        if epochs is not None:
            from lensmae.training import change_epochs

            change_epochs(resume, epochs)
        _train(resume)
    elif context.invoked_subcommand is None:
        raise ConfigError(f"Say what to train ({', '.join(_KINDS)}), or --resume RUN.")


def _train(run_id: str) -> None:
    from lensmae.training import train_run

    with contextlib.redirect_stdout(sys.stderr):
        product = train_run(run_id, progress=sys.stderr.isatty())
    if int(os.environ.get("LOCAL_RANK") or os.environ.get("SLURM_PROCID") or 0) > 0:
        # Of several processes only the first reports.
        return
    typer.echo(f"run {run_id}: {product or f'stopped; `lensmae train --resume {run_id}` goes on'}")


def _training_command(kind: str) -> click.Command:
    """`lensmae train KIND`; its options are the fields of the run configuration."""
    from lensmae.training.config import CONFIGS, RECIPES, make_config
    from lensmae.training.runs import create_or_join_run

    def command(recipe: str | None, name: str | None, **options: Any) -> None:
        given = {key: value for key, value in options.items() if value is not None}
        _train(create_or_join_run(make_config(kind, recipe, **given), name))

    recipes = f"named settings to start from, which the other options change: {', '.join(RECIPES[kind])}"
    parameters = [
        _keyword("recipe", str | None, None, recipes),
        _keyword("name", str | None, None, "name of the run; made from the time where not given"),
        *(_option(key, field) for key, field in CONFIGS[kind].model_fields.items() if key != "kind"),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    # Typer reads types here where there are any, and the signature above elsewhere.
    command.__annotations__ = {}
    single = typer.Typer(add_completion=False)
    single.command(kind, help=inspect.getdoc(CONFIGS[kind]))(command)
    return typer.main.get_command(single)


def _option(name: str, field: Any) -> inspect.Parameter:
    """A command-line option from a field of a run configuration. What is not given stays unset, for the recipe to say."""
    required = field.is_required()
    facts = [*_bounds(field.metadata), *([] if required or field.default is None else [f"default {field.default}"])]
    text = f"{field.description} ({'; '.join(facts)})" if facts else field.description
    return _keyword(name, field.annotation if required else field.annotation | None, ... if required else None, text)


def _bounds(metadata: list[Any]) -> list[str]:
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = [f"{sign} {getattr(rule, key)}" for key, sign in signs.items() for rule in metadata if hasattr(rule, key)]
    return [", ".join(limits)] if limits else []


def _keyword(name: str, kind: Any, default: Any, text: str) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(help=text)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

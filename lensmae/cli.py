"""The `lensmae` command: everything the pages do, without a browser."""

import inspect
import json
import sys
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from lensmae.errors import ConfigError, LensMAEError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help="Masked autoencoders for strong-lensing images.")
train_app = typer.Typer(invoke_without_command=True, help="Train: pretrain, classifier, superres; or --resume RUN.")
app.add_typer(train_app, name="train")

# stdout carries results only, so that they can be piped; progress and messages go to stderr.
_messages = Console(stderr=True)


def main() -> None:
    """Run the command; our own errors become one plain line and exit status 2."""
    try:
        app(standalone_mode=True)
    except LensMAEError as problem:
        sys.stderr.write(f"Error: {problem}\n")
        raise SystemExit(2) from None


def _with_progress(label: str, work: Callable[[Callable[[int, int], None]], Any]) -> Any:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_messages, transient=True) as bar:
        task = bar.add_task(label, total=None)
        return work(lambda done, total: bar.update(task, completed=done, total=total))


def _print_table(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(str, row))
    # A pipe has no width of its own; cutting cells there would lose what they say.
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@app.command()
def simulate(
    preset: Annotated[str, typer.Argument(help="model_ii or superres")],
    name: Annotated[str, typer.Argument(help="name of the new data set")],
    per_class: Annotated[int, typer.Option(min=1, help="lenses a class")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="seed of the data set")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="processes; all cores by default")] = None,
) -> None:
    """Simulate a data set into the workspace."""
    from lensmae.data import simulate_dataset

    dataset = _with_progress(
        "Simulating", lambda progress: simulate_dataset(preset, name, per_class, seed, jobs=jobs, progress=progress)
    )
    typer.echo(f"{dataset.path}: {dataset.info.n} lenses, {', '.join(f'{n} {kind}' for kind, n in dataset.info.counts.items())}")


@app.command("data")
def list_data() -> None:
    """List the workspace's data sets."""
    from lensmae.data import list_datasets

    rows = [(i.name, i.preset or "imported", i.n, "x".join(map(str, i.shape)), ", ".join(i.classes)) for i in list_datasets()]
    _print_table(("name", "preset", "lenses", "pixels", "classes"), rows)


@app.command()
def checkpoints(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """List the checkpoints that can be named wherever one is asked for."""
    from lensmae.models import list_checkpoints

    entries = list_checkpoints()
    if as_json:
        records = [{"name": e.name, "path": str(e.path), "origin": e.origin, **e.card.model_dump(mode="json")} for e in entries]
        typer.echo(json.dumps(records))
        return
    _print_table(("name", "kind", "origin", "created", "path"), [(e.name, e.card.kind, e.origin, e.card.created, e.path) for e in entries])


@app.command()
def runs(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """List training runs, newest first."""
    from lensmae.training import list_runs

    found = list_runs()
    if as_json:
        typer.echo(json.dumps([status.model_dump() for status in found]))
        return
    rows = [(s.id, s.kind, s.state, f"{s.step}/{s.total_steps}", f"{s.images_per_second:.1f}", s.message) for s in found]
    _print_table(("run", "kind", "state", "step", "images/s", ""), rows)


@app.command()
def evaluate(
    checkpoint: Annotated[str, typer.Argument(help="name, run id or path of a checkpoint")],
    data: Annotated[str, typer.Argument(help="data set: name, path, or a folder in the original DeepLense layout")],
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "test",
    limit: Annotated[int | None, typer.Option(min=1, help="read so many images at most")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else on stdout")] = False,
) -> None:
    """Measure a checkpoint on a split of a data set."""
    from lensmae.evaluation import evaluate as measure

    report = _with_progress("Evaluating", lambda progress: measure(checkpoint, data, split, limit=limit, progress=progress))
    summary = report.summary()
    if as_json:
        typer.echo(json.dumps(summary))
        return
    _print_table(("figure", "value"), [(name, _readable(value)) for name, value in _flat(summary)])


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def _readable(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


class BenchmarkName(str, Enum):
    """Benchmarks there are."""

    interaction = "interaction"
    simulate = "simulate"
    pretrain = "pretrain"


@app.command()
def benchmark(
    name: Annotated[BenchmarkName, typer.Argument(help="what to measure")],
    output: Annotated[str, typer.Option(help="folder for NAME.json")] = "benchmarks",
) -> None:
    """Measure this machine and keep the result."""
    from lensmae.evaluation.benchmarks import run_benchmark

    result = _with_progress(f"Measuring {name.value}", lambda progress: run_benchmark(name.value, output, progress))
    _print_table(("figure", "value"), [(key, _readable(value)) for key, value in _flat(result)])


@train_app.callback()
def train_resume(
    context: typer.Context, resume: Annotated[str | None, typer.Option(help="go on with this run from its last save")] = None
) -> None:
    """Train a network, or go on with a run."""
    if resume is not None:
        _train(resume)
    elif context.invoked_subcommand is None:
        raise ConfigError("Say what to train (pretrain, classifier or superres), or --resume RUN.")


def _train(run_id: str) -> None:
    from lensmae.training import train_run

    product = train_run(run_id, progress=sys.stderr.isatty())
    typer.echo(f"{run_id}: {product or 'stopped; go on with `lensmae train --resume ' + run_id + '`'}")


def _option(name: str, field: Any) -> inspect.Parameter:
    """A command-line option from a field of a run configuration. No default here: what is not given is left to the recipe."""
    kind = field.annotation
    choices = f" [{'|'.join(map(str, get_args(kind)))}]" if get_origin(kind) is Literal else ""
    kind = str if choices else kind
    shown = "required" if field.is_required() else f"default {field.default}"
    help_text = f"{field.description}{choices} ({shown})"
    optional = kind if field.is_required() else kind | None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=... if field.is_required() else None,
        annotation=Annotated[optional, typer.Option(help=help_text)],
    )


def _add_training(kind: str) -> None:
    """`lensmae train KIND`, its options generated from the configuration."""
    from lensmae.training.config import CONFIGS, RECIPES, make_config
    from lensmae.training.runs import create_or_join_run

    def command(recipe: str | None, name: str | None, **options: Any) -> None:
        given = {key: value for key, value in options.items() if value is not None}
        _train(create_or_join_run(make_config(kind, recipe, **given), name))

    fields = {key: field for key, field in CONFIGS[kind].model_fields.items() if key != "kind"}
    named = [
        ("recipe", f"named settings to start from: {', '.join(RECIPES[kind])}"),
        ("name", "name of the run; made from the time where not given"),
    ]
    parameters = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[str | None, typer.Option(help=text)])
        for key, text in named
    ]
    command.__signature__ = inspect.Signature(parameters + [_option(key, field) for key, field in fields.items()])  # type: ignore[attr-defined]
    train_app.command(kind, help=CONFIGS[kind].__doc__)(command)


for _kind in ("pretrain", "classifier", "superres"):
    _add_training(_kind)

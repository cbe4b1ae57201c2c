"""`lensmae train` and `lensmae runs`. The options of `train KIND` are the fields of its run configuration."""

import contextlib
import inspect
import json
import os
import sys
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup

from lensmae.cli.console import AsJson, print_figures, print_table
from lensmae.errors import ConfigError


class TrainCommands(TyperGroup):
    """One command a kind of training, built when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the kinds."""
        from lensmae.training import KINDS

        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a kind, built now."""
        return _training_command(cmd_name) if cmd_name in self.list_commands(ctx) else None


commands = typer.Typer()
train_app = typer.Typer(cls=TrainCommands, invoke_without_command=True, help="Train a network, or continue a run: --resume RUN.")
commands.add_typer(train_app, name="train")


@commands.command()
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
    print_table(columns, rows, empty="No training run yet; `lensmae train pretrain --data NAME` starts one.")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


@commands.command()
def stop(
    run: Annotated[str, typer.Argument(help="id of a running or queued run")],
    now: Annotated[bool, typer.Option("--now", help="end it at once, without a save")] = False,
) -> None:
    """Ask a run to finish its step, save and end; a queued one leaves the queue."""
    from lensmae import training

    (training.end_now if now else training.stop)(run)
    typer.echo(f"run {run}: {'ended' if now else 'asked to stop'}; `lensmae train --resume {run}` goes on")


@commands.command()
def queue(
    at_once: Annotated[int | None, typer.Option(min=1, help="let so many background runs train at the same time")] = None,
) -> None:
    """Show this machine's queue of background runs, or set how many of them train at once."""
    from lensmae import jobs

    if at_once is not None:
        jobs.set_at_once(at_once)
    rows = [(ticket.job, "at work" if ticket.started else "waiting") for ticket in jobs.live_tickets()]
    print_table(("run", "state"), rows, empty=f"The queue is empty; {jobs.at_once()} at a time.")


@train_app.callback()
def train(
    context: typer.Context,
    resume: Annotated[str | None, typer.Option(metavar="RUN", help="go on with this run from its last save")] = None,
    epochs: Annotated[float | None, typer.Option(help="with --resume: the run's new length in epochs")] = None,
    background: Annotated[bool, typer.Option("--background", help="with --resume: go on in the background")] = False,
) -> None:
    """Train a network, or continue a run."""
    if resume is not None and context.invoked_subcommand is not None:
        raise ConfigError(f"--resume goes on with a run as it was configured; give it without {context.invoked_subcommand}.")
    if resume is not None:
        if epochs is not None:
            from lensmae.training import change_epochs

            change_epochs(resume, epochs)
        _resume_apart(resume) if background else _train(resume)
    elif context.invoked_subcommand is None:
        from lensmae.training import KINDS

        raise ConfigError(f"Say what to train ({', '.join(KINDS)}), or --resume RUN.")


def _resume_apart(run_id: str) -> None:
    from lensmae.training import resume

    resume(run_id)
    typer.echo(f"run {run_id}: in the queue; `lensmae runs` follows it")


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
    from lensmae.training import CONFIGS, RECIPES, make_config
    from lensmae.training.runs import create_or_join_run, launch

    def command(recipe: str | None, name: str | None, background: bool, check: bool, **options: Any) -> None:
        if options.get("data") is None and "data" not in RECIPES[kind].get(recipe or "", {}):
            raise ConfigError("Say what to train on: --data NAME of a data set, its path, or simulate:PRESET.")
        given = {key: value for key, value in options.items() if value is not None}
        config = make_config(kind, recipe, **given)
        if recipe and "batch_size" in given and "learning_rate" not in given:
            typer.echo(
                f"Learning rate {config.learning_rate:.3g}: the recipe's, times the root of the change of the batch size; "
                "--learning-rate sets another.",
                err=True,
            )
        if check:
            _check(config)
        elif background:
            typer.echo(f"run {launch(config, run_id=name)}: in the queue; `lensmae runs` follows it")
        else:
            _train(create_or_join_run(config, name))

    recipes = f"named settings to start from, which the other options change: {', '.join(RECIPES[kind])}"
    parameters = [
        _keyword("recipe", str | None, None, recipes),
        _keyword("name", str | None, None, "name of the run; made from the time where not given"),
        _keyword("background", bool, False, "train in the background, in the queue of this machine"),
        _keyword("check", bool, False, "train nothing: measure a few steps, say what the run would take and whether it fits"),
        *(_option(key, field) for key, field in CONFIGS[kind].model_fields.items() if key != "kind"),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    # Typer reads types here where there are any, and the signature above elsewhere.
    command.__annotations__ = {}
    single = typer.Typer(add_completion=False)
    single.command(kind, help=inspect.getdoc(CONFIGS[kind]))(command)
    return typer.main.get_command(single)


def _check(config: Any) -> None:
    from dataclasses import asdict

    from lensmae.training.probe import measure

    with contextlib.redirect_stdout(sys.stderr):
        estimate = measure(config)
    print_figures(asdict(estimate) | {"fits": estimate.fits, "notes": " ".join(estimate.notes)})


def _option(name: str, field: Any) -> inspect.Parameter:
    """A command-line option from a field of a run configuration. What is not given stays unset, for the recipe to say."""
    from lensmae.training.fields import field_text

    text = field_text(field, None if field.is_required() else field.default)
    return _keyword(name, field.annotation | None, None, text)


def _keyword(name: str, kind: Any, default: Any, text: str) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Option(help=text)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)

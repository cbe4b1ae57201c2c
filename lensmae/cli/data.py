"""Commands about data sets."""

import json
from typing import Annotated

import typer

from lensmae.cli.console import AsJson, Scheduler, executor_of, print_damaged, print_table, with_progress

commands = typer.Typer()


@commands.command()
def simulate(
    preset: Annotated[
        str,
        typer.Argument(help="model_{i,ii,iii}, superres, survey, survey_{hst,euclid,jwst}, model_ii_free, ...: docs/presets.md"),
    ],
    name: Annotated[str, typer.Argument(help="name of the new data set")],
    per_class: Annotated[int, typer.Option(min=1, help="lenses a class")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="seed of the data set; sets of one seed share lenses")] = 0,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="only this class of the preset; may be given more than once")
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="processes; all cores by default")] = None,
    device: Annotated[
        str | None,
        typer.Option(help="cuda, cpu or mps: whole batches at once there, the same lenses to rounding; lenstronomy by default"),
    ] = None,
    scheduler: Scheduler = None,
) -> None:
    """Simulate a data set into the workspace."""
    from lensmae.data import simulate_dataset

    options = {"classes": classes or (), "jobs": jobs, "device": device}
    with executor_of(scheduler) as executor:
        dataset = with_progress(
            "Simulating",
            lambda progress: simulate_dataset(preset, name, per_class, seed, **options, progress=progress, executor=executor),
        )
    typer.echo(f"{dataset.path}: {dataset.info.n} lenses, {', '.join(f'{n} {kind}' for kind, n in dataset.info.counts.items())}")


@commands.command("data")
def list_data(as_json: AsJson = False) -> None:
    """List the workspace's data sets."""
    from lensmae.data.store.dataset import damaged_datasets, list_datasets

    found = list_datasets()
    print_damaged(damaged_datasets())
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
    print_table(columns, rows, empty="No data set yet; `lensmae simulate model_ii NAME` makes one.")

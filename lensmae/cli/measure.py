"""Benchmarks of this machine."""

from enum import StrEnum
from typing import Annotated

import typer

from lensmae.cli.clone import from_clone
from lensmae.cli.console import print_figures, with_progress

commands = typer.Typer()


class BenchmarkName(StrEnum):
    """Benchmarks there are."""

    interaction = "interaction"
    simulate = "simulate"
    device_simulation = "device_simulation"
    pretrain = "pretrain"
    trainer = "trainer"
    recipes = "recipes"
    analyse = "analyse"
    answers = "answers"
    waits = "waits"
    lens_lab = "lens_lab"
    following = "following"
    masks = "masks"
    slider = "slider"
    embedding_speed = "embedding_speed"
    embeddings = "embeddings"
    points = "points"
    import_files = "import"
    visitors = "visitors"
    decoding = "decoding"


@commands.command()
def benchmark(
    name: Annotated[BenchmarkName, typer.Argument(help="what to measure")],
    output: Annotated[str, typer.Option(help="folder for NAME.json")] = "benchmarks",
) -> None:
    """Measure this machine and keep the result; see benchmarks/README.md."""
    run_benchmark = from_clone("benchmarks").run_benchmark
    result = with_progress(f"Measuring {name.value}", lambda progress: run_benchmark(name.value, output, progress))
    print_figures(result)

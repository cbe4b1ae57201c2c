"""Commands about embeddings and parts of data sets."""

from pathlib import Path
from typing import Annotated, Any

import typer

from lensmae.cli.console import AsJson, Scheduler, print_figures, with_progress
from lensmae.errors import ConfigError, DatasetError

commands = typer.Typer()


@commands.command()
def embed(
    checkpoint: Annotated[str, typer.Argument(help="name, run id or path of a checkpoint")],
    data: Annotated[str, typer.Argument(help="data set: name or path")],
    output: Annotated[
        Path, typer.Argument(help="file to write: .npy for the embeddings, .csv for a projection with the lenses' facts")
    ],
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "all",
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many lenses, spread over the split")] = None,
    layer: Annotated[int | None, typer.Option(min=1, help="layer of the encoder; the last by default")] = None,
    pooling: Annotated[str, typer.Option(help="mean, 'class token' or max")] = "mean",
    patches: Annotated[
        str, typer.Option(help="patches encoded: all, or 'brightest half', which takes half the time (autoencoders)")
    ] = "all",
    projection: Annotated[str, typer.Option(help="for .csv: umap or pca")] = "umap",
    dimensions: Annotated[int, typer.Option(min=2, max=3, help="for .csv: 2 or 3")] = 2,
    neighbours: Annotated[int, typer.Option(help="UMAP's n_neighbors, 2 to 200")] = 15,
    min_dist: Annotated[float, typer.Option(help="UMAP's min_dist, 0 to 1")] = 0.1,
    metric: Annotated[str, typer.Option(help="UMAP's metric: euclidean, cosine, manhattan or correlation")] = "euclidean",
    seed: Annotated[int, typer.Option(min=0, help="UMAP's seed")] = 0,
    scheduler: Scheduler = None,
    as_json: AsJson = False,
) -> None:
    """Embed lenses, write the embeddings or their projection, and say how good they are by class."""
    from dataclasses import asdict

    import numpy as np

    from lensmae.data import open_dataset
    from lensmae.data.store.dataset import select_rows
    from lensmae.evaluation import Projection
    from lensmae.evaluation.embeddings.quality import embedding_quality
    from lensmae.evaluation.embeddings.selection import selection_table
    from lensmae.evaluation.tasks import Task, run_task
    from lensmae.workspace import replacing

    if output.suffix not in (".npy", ".csv"):
        raise ConfigError(f"{output} ends neither in .npy (embeddings) nor in .csv (a projection); say which you want.")
    settings = Projection(projection, dimensions, neighbours, min_dist, metric, seed)
    facts = {"checkpoint": checkpoint, "data": data, "split": split, "limit": limit, "layer": layer, "pooling": pooling}
    facts["patches"] = patches
    if scheduler is not None:
        _embed_on(scheduler, checkpoint, data, split, limit, {"layer": layer, "patches": patches})
    embeddings = with_progress("Embedding", lambda progress: run_task(Task(work="embed", **facts), progress))
    dataset = open_dataset(data)
    rows = select_rows(dataset, split, limit)
    lenses = dataset.lenses.iloc[rows]
    with replacing(output) as temporary:
        if output.suffix == ".npy":
            with temporary.open("wb") as file:
                np.save(file, embeddings, allow_pickle=False)
        else:
            task = Task(work="project", projection=settings, **facts)
            points = with_progress("Projecting", lambda progress: run_task(task, progress))
            selection_table(lenses, rows, points).to_csv(temporary, index=False)
    quality = asdict(embedding_quality(embeddings, dataset.labels[rows], (lenses["split"] == "train").to_numpy()))
    figures = {"lenses": len(rows), "dimensions": embeddings.shape[1], **quality, "written": str(output)}
    print_figures(figures, as_json)


def _embed_on(scheduler: str, checkpoint: str, data: str, split: str, limit: int | None, how: dict[str, Any]) -> None:
    """Have a cluster compute what the workspace does not keep yet."""
    from lensmae.data import open_dataset
    from lensmae.data.store.dataset import select_rows
    from lensmae.evaluation import embed_dataset
    from lensmae.jobs.cluster import cluster
    from lensmae.models import load_checkpoint

    model, dataset = load_checkpoint(checkpoint), open_dataset(data)
    rows = select_rows(dataset, split, limit)
    with cluster(scheduler) as executor:
        with_progress("Embedding", lambda progress: embed_dataset(model, dataset, rows, progress, **how, executor=executor))


@commands.command()
def subset(
    data: Annotated[str, typer.Argument(help="data set: name or path")],
    name: Annotated[str, typer.Argument(help="name of the new data set")],
    table: Annotated[Path, typer.Argument(help="CSV with a column `row`, as the Embeddings page exports a selection")],
) -> None:
    """Make a data set of some lenses of another."""
    import pandas as pd

    from lensmae.data import open_dataset, subset_dataset

    try:
        rows = pd.read_csv(table, usecols=["row"])["row"].to_numpy(dtype="int64")
    except (ValueError, TypeError) as problem:
        raise DatasetError(f"{table} has no column `row` of whole numbers: {problem}.") from problem
    made = subset_dataset(open_dataset(data), rows, name)
    typer.echo(f"{made.path}: {made.info.n} lenses of {data}")

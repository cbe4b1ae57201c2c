"""Commands about single images of the user's own."""

import json
from pathlib import Path
from typing import Annotated

import typer

from lensmae.cli.console import AsJson, print_table
from lensmae.errors import CheckpointError

commands = typer.Typer()


@commands.command()
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
    print_table(("file", *model.classes), rows, empty="")

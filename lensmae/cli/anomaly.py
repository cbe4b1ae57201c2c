"""Commands about anomaly maps: do they locate, and could a subhalo have been seen?"""

from pathlib import Path
from typing import Annotated

import typer

from lensmae.cli.console import AsJson, print_figures, with_progress
from lensmae.errors import CheckpointError, ConfigError, DatasetError

commands = typer.Typer()


@commands.command()
def locate(
    checkpoint: Annotated[str, typer.Argument(help="name, run id or path of an MAE's checkpoint")],
    data: Annotated[str, typer.Argument(help="data set of simulated lenses, with no_sub among them")],
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "test",
    limit: Annotated[int, typer.Option(min=2, help="lenses a class, at most, spread over the split")] = 64,
    masks: Annotated[int, typer.Option(min=1, help="masks that each map is averaged over")] = 16,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Compare the peaks of anomaly maps with the true substructure: do they locate, or only detect?"""
    import numpy as np

    from lensmae.data import open_dataset
    from lensmae.evaluation.measure.reports import pick_device
    from lensmae.evaluation.reconstruction.anomaly import anomaly_scores
    from lensmae.evaluation.reconstruction.localisation import locate_in_set, rows_of_class
    from lensmae.models import Reconstructor, load_checkpoint

    model, dataset = load_checkpoint(checkpoint, pick_device(device)), open_dataset(data)
    if not isinstance(model, Reconstructor):
        raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; anomaly maps need an MAE.")
    smooth_rows = rows_of_class(dataset, split, "no_sub", limit)
    others = [rows_of_class(dataset, split, name, limit) for name in dataset.info.classes if name != "no_sub"]
    if not len(smooth_rows) or not others:
        raise DatasetError(f"{data} needs lenses of the class no_sub, and others, in the split {split!r}.")
    images = np.asarray(dataset.images[smooth_rows])
    smooth = with_progress("no_sub", lambda progress: anomaly_scores(model, images, masks, progress=progress))
    rows = np.concatenate(others)
    found = with_progress("Substructure", lambda progress: locate_in_set(model, dataset, rows, smooth, masks, progress=progress))
    if not found:
        raise DatasetError(f"{data} does not say where its lenses have substructure.")
    for one in found:
        typer.echo(one.sentence, err=True)
    print_figures({one.kind: {**vars(one), "locates": one.locates} for one in found}, as_json)


@commands.command()
def sensitivity(
    data: Annotated[str, typer.Argument(help="data set of simulated lenses: name or path")],
    lens: Annotated[int, typer.Argument(min=0, help="row of the data set")],
    output: Annotated[Path, typer.Argument(help="file to write, .fits or .npy: two maps, the lens known and fitted")],
    mass: Annotated[float, typer.Option(min=1.0, help="of the subhalo, in solar masses")] = 1e9,
    positions: Annotated[int, typer.Option(min=1, max=64, help="positions of the subhalo along a side of the image")] = 32,
    depth: Annotated[float, typer.Option(help="exposure in units of the camera's own")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Map the signal-to-noise of a subhalo at every place of a lens: could it have been seen?"""
    import numpy as np

    from lensmae.data import open_dataset
    from lensmae.data.images.writer import fits_bytes, npy_bytes
    from lensmae.evaluation.reconstruction.sensitivity import sensitivity as measure
    from lensmae.workspace import replacing

    if output.suffix not in (".fits", ".npy"):
        raise ConfigError(f"{output} ends neither in .fits nor in .npy; say which you want.")
    dataset = open_dataset(data)
    if dataset.info.preset is None or lens >= dataset.info.n:
        raise DatasetError(f"{data} has no simulated lens {lens}; it has {dataset.info.n}, of the preset {dataset.info.preset}.")
    found = measure(dataset.info.preset, dataset.lenses.iloc[lens].to_dict(), mass, positions, depth)
    scale = (dataset.info.pixel_scale or 0.0) * dataset.info.shape[1] / positions or None
    facts = {"MASS": (mass, "[solMass] of the subhalo"), "LENS": (lens, f"row of {data[:40]}"), "DEPTH": (depth, "exposure")}
    maps = {"FITTED": found.fitted_lens.astype(np.float32)}
    known = found.known_lens.astype(np.float32)
    with replacing(output) as temporary:
        made = npy_bytes(np.stack([known, maps["FITTED"]])) if output.suffix == ".npy" else fits_bytes(known, scale, facts, maps)
        temporary.write_bytes(made)
    figures = {"mass": mass, "above_5_sigma": float((found.fitted_lens >= 5).mean()), "largest": float(found.fitted_lens.max())}
    print_figures({**figures, "written": str(output)}, as_json)

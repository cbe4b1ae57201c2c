"""Commands about single images of the user's own."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lensmae.cli.console import AsJson, print_table, with_progress
from lensmae.errors import CheckpointError, ConfigError, ImageReadError
from lensmae.workspace import replacing

if TYPE_CHECKING:
    from lensmae.data import LensImage
    from lensmae.data.images.crop import Crop
    from lensmae.data.images.read_options import Reading
    from lensmae.evaluation.images.analyse import Analysis, Networks, Refusal
    from lensmae.evaluation.ood.references import Reference
    from lensmae.models.predictors import LoadedModel

commands = typer.Typer()
_NONE = "none"


@commands.command()
def predict(
    files: Annotated[list[Path], typer.Argument(help="images: npy, npz, FITS, PNG, JPEG, TIFF or HDF5")],
    classifier: Annotated[
        str,
        typer.Option(
            help="name, run id or path of a classifier, or none; auto: classifier-model-ii inside its domain, else classifier"
        ),
    ] = "auto",
    mae: Annotated[str, typer.Option(help="the same of a masked autoencoder")] = "mae",
    superres: Annotated[str, typer.Option(help="the same of a super-resolver; it draws where there is an --out")] = "superres",
    out: Annotated[Path | None, typer.Option(help="folder for answers.csv and, of each file, what the networks drew")] = None,
    item: Annotated[str | None, typer.Option(help="which HDU, array or page of files with several; the first by default")] = None,
    band: Annotated[int | None, typer.Option(min=0, help="which band of images with several, from 0")] = None,
    crop: Annotated[
        tuple[int, int, int] | None, typer.Option(metavar="COLUMN ROW SIDE", help="cut out a square from this pixel on, from 0")
    ] = None,
    pixel_scale: Annotated[
        float | None, typer.Option(min=1e-3, max=60, help="arcsec a pixel, instead of what the files say or do not say")
    ] = None,
    clean: Annotated[bool, typer.Option("--remove-cosmic-rays", help="first, by L.A.Cosmic; for images a camera saw")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV and nothing else on stdout")] = False,
    as_json: AsJson = False,
) -> None:
    """What the networks say of image files: class, reconstruction error, and whether an image is in the domain of each.

    Out of the classifier's domain no class is told. With --json, `class` is null then, and `in_domain` says it by network.

    A file that cannot be read is named on stderr and the others are answered; the exit status is then 1, and 2 where none was.
    """
    if as_json and as_csv:
        raise ConfigError("Choose one of --json and --csv.")
    from lensmae.data.images.read_options import Reading
    from lensmae.evaluation.images.analyse import Refusal
    from lensmae.evaluation.images.answers import record, table

    how = Reading(item, band, _square(crop), clean, pixel_scale)
    networks = _load(classifier, mae, superres)
    answers = with_progress("Analysing", lambda progress: _answer(files, networks, out, how, progress))
    refused = [answer.reason for answer in answers if isinstance(answer, Refusal)]
    if len(refused) == len(answers):
        raise ImageReadError("\nError: ".join(refused))
    for reason in refused:
        typer.echo(f"Error: {reason}", err=True)
    if out is not None:
        _write(out / "answers.csv", table(answers).to_csv(index=False).encode())
    if as_json:
        names = {kind: model.name for kind, model in networks.loaded().items()}
        images = [record(answer, networks.references) for answer in answers]
        typer.echo(json.dumps({"checkpoints": names, "images": images}))
    elif as_csv:
        typer.echo(table(answers).to_csv(index=False), nl=False)
    else:
        _print([answer for answer in answers if not isinstance(answer, Refusal)])
    if refused:
        raise typer.Exit(1)


def _square(crop: tuple[int, int, int] | None) -> "Crop | None":
    from lensmae.data.images.crop import Crop
    from lensmae.data.images.reader import MIN_SIDE

    if crop is None:
        return None
    column, row, side = crop
    if min(column, row) < 0 or side < MIN_SIDE:
        raise ConfigError(f"--crop wants a column and a row from 0 on and a side of at least {MIN_SIDE}; {crop} was given.")
    return Crop(row, column, side)


def _load(classifier: str, mae: str, superres: str) -> "Networks":
    from lensmae.evaluation.images.analyse import Networks
    from lensmae.evaluation.images.automatic import AUTO, GENERALIST, specialist_of
    from lensmae.models import load_checkpoint

    loaded, references = {}, {}
    special = specialist_of(classifier) if classifier == AUTO else None
    chosen = {"classifier": GENERALIST if classifier == AUTO else classifier, "mae": mae, "superres": superres}
    if special is not None:
        chosen["specialist"] = special.name
    for kind, name in chosen.items():
        if name == _NONE:
            continue
        model = load_checkpoint(name)
        wanted = "classifier" if kind == "specialist" else kind
        if model.card.kind != wanted:
            raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; --{wanted} needs a {wanted}.")
        reference = _reference(model)
        if reference is not None:
            references[kind] = reference
        # A specialist that cannot tell what is in its domain is not asked first.
        if reference is not None or kind != "specialist":
            loaded[kind] = model
    return Networks(**loaded, references=references)


def _reference(model: "LoadedModel") -> "Reference | None":
    from lensmae.evaluation.ood.references import find_reference

    try:
        reference = find_reference(model.path)
    except CheckpointError as problem:
        typer.echo(f"{problem} Images out of distribution are not told apart.", err=True)
        return None
    if reference is None:
        said = "nothing says yet what is in its domain, so images out of distribution are not told apart"
        typer.echo(f"{model.name}: {said}; `lensmae fit-ood {model.name} DATA` measures it.", err=True)
    return reference


def _answer(
    files: list[Path], networks: "Networks", out: Path | None, how: "Reading", progress: Any
) -> list["Analysis | Refusal"]:
    from lensmae.evaluation.images.analyse import Analysis, Source, analyse_files

    sources = [Source(str(path), lambda path=path: _read(path, how)) for path in files]
    found = []
    for path, answer in zip(files, analyse_files(sources, networks), strict=True):
        if out is not None and isinstance(answer, Analysis):
            _draw(path, f"{len(found):04}-{path.stem}" if _twice(files, path) else path.stem, answer, networks, out, how)
        found.append(answer)
        progress(len(found), len(files))
    return found


def _read(path: Path, how: "Reading") -> "LensImage":
    from lensmae.data.images.crop import crop_image

    image = how.whole(path, str(path))
    if (crop := how.crop) is not None:
        height, width = image.pixels.shape
        if crop.left + crop.side > width or crop.top + crop.side > height:
            raise ImageReadError(
                f"{path} was not read: it has {width}x{height} pixels, and a square of {crop.side} from column {crop.left} and "
                f"row {crop.top} on does not lie inside; choose another --crop."
            )
        return crop_image(image, crop)
    return image


def _twice(files: list[Path], path: Path) -> bool:
    """Whether several files would be written under the stem of this one."""
    return sum(other.stem.casefold() == path.stem.casefold() for other in files) > 1


def _draw(path: Path, stem: str, answer: "Analysis", networks: "Networks", out: Path, how: "Reading") -> None:
    from lensmae.evaluation.images.derived_images import reconstruction_product, superres_product
    from lensmae.figures.images.derived_images import image_files

    products = [reconstruction_product(answer, networks.mae)] if networks.mae else []
    if networks.superres:
        products.append(superres_product(_read(path, how), networks.superres)[0])
    for product in products:
        upright = answer.format in ("image", "tiff")
        made = image_files(f"{stem}.{product.kind}", product.pixels, product.pixel_scale, product.facts, upright=upright)
        for name, content in made.items():
            _write(out / name, content)


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _print(answers: list["Analysis"]) -> None:
    from lensmae.evaluation.images.verdicts import verdict, warnings

    for answer in answers:
        said = (verdict(answer.classified),) if answer.classified else ()
        for line in (*answer.notes, *said, *warnings(answer)):
            typer.echo(f"{answer.name}: {line}", err=True)
    columns = ("file", "class", "answered by", "probabilities", "masked MSE", "in domain of")
    print_table(columns, list(map(_row, answers)), empty="")


def _row(answer: "Analysis") -> tuple[str, ...]:
    chances, classified = "", answer.classified
    called = "" if classified is None else answer.called or "cannot tell"
    if classified is not None:
        named = zip(classified.classes, classified.probabilities, strict=True)
        chances = ", ".join(f"{name} {value:.4f}" for name, value in named)
    known = {kind: inside for kind, inside in answer.in_domain.items() if inside is not None}
    inside = ", ".join(kind for kind in known if known[kind]) or "none" if known else "not known"
    score = "" if answer.redrawn is None else f"{answer.redrawn.score:.3g}"
    return answer.name, called, classified.checkpoint if classified else "", chances, score, inside

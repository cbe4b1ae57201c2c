"""Commands about single images of the user's own."""

import functools
import itertools
import json
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer
from typer.core import TyperCommand

from lensmae.cli.console import AXES_HELP, AsJson, print_table, with_progress
from lensmae.errors import CheckpointError, ConfigError, ImageReadError
from lensmae.workspace import replacing

if TYPE_CHECKING:
    from lensmae.data import LensImage
    from lensmae.data.images.crop import Crop
    from lensmae.data.images.read_options import Reading
    from lensmae.evaluation.images.analyse import Analysis, Networks, Refusal, Source
    from lensmae.evaluation.ood.references import Reference
    from lensmae.models.predictors import LoadedModel

commands = typer.Typer()
_NONE, _AUTO = "none", "auto"


class _CropCommand(TyperCommand):
    """`--crop 5 10 64` is one option of three numbers, `--crop auto` one of a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join the three numbers into one value."""
        if "--crop" in args:
            place = args.index("--crop") + 1
            numbers = list(itertools.takewhile(re.compile(r"-?[0-9]+").fullmatch, args[place : place + 3]))
            if len(numbers) == 3:
                args = [*args[:place], " ".join(numbers), *args[place + 3 :]]
        return super().parse_args(ctx, args)


@commands.command(cls=_CropCommand)
def predict(
    files: Annotated[list[Path], typer.Argument(help="images: npy, npz, FITS, PNG, JPEG, TIFF, HDF5, MATLAB or torch tensors")],
    classifier: Annotated[
        str,
        typer.Option(
            help="name, run id or path of a classifier, or none; auto: classifier-model-ii inside its domain, else classifier"
        ),
    ] = "auto",
    mae: Annotated[str, typer.Option(help="the same of a masked autoencoder")] = "mae",
    superres: Annotated[str, typer.Option(help="the same of a super-resolver; its images go to --out")] = "superres",
    out: Annotated[Path | None, typer.Option(help="folder for answers.csv and, of each file, what the networks drew")] = None,
    item: Annotated[
        str | None, typer.Option(help="which HDU, array or page of files with several; the image by name by default")
    ] = None,
    band: Annotated[int | None, typer.Option(min=0, help="which band of images with several, from 0")] = None,
    axes: Annotated[str | None, typer.Option(help=AXES_HELP)] = None,
    lens: Annotated[int | None, typer.Option(min=0, help="only this lens of a stack, from 0; all of them by default")] = None,
    crop: Annotated[
        str,
        typer.Option(
            metavar="auto|none|COLUMN ROW SIDE",
            help="auto: find the lens where the field is larger than the network's; or a square from this pixel on, from 0",
        ),
    ] = _AUTO,
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

    how = Reading(item, band, _square(crop), clean, pixel_scale, axes, lens)
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


def _square(crop: str) -> "Crop | str | None":
    """`auto`, nothing for `none`, or a square from column, row and side."""
    from lensmae.data.images.axes import MIN_SIDE
    from lensmae.data.images.crop import Crop

    if crop in (_AUTO, _NONE):
        return _AUTO if crop == _AUTO else None
    numbers = re.findall(r"-?[0-9]+", crop)
    if len(numbers) != 3 or re.sub(r"[-0-9, ]", "", crop):
        raise ConfigError(f"--crop wants auto, none, or a column, a row and a side; {crop!r} was given.")
    column, row, side = map(int, numbers)
    if min(column, row) < 0 or side < MIN_SIDE:
        raise ConfigError(f"--crop wants a column and a row from 0 on and a side of at least {MIN_SIDE}; {crop!r} was given.")
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
        typer.echo(f"{problem} Images out of distribution are not flagged.", err=True)
        return None
    if reference is None:
        said = "nothing says yet what is in its domain, so images out of distribution are not flagged"
        typer.echo(f"{model.name}: {said}; `lensmae fit-ood {model.name} DATA` measures it.", err=True)
    return reference


def _answer(
    files: list[Path], networks: "Networks", out: Path | None, how: "Reading", progress: Any
) -> list["Analysis | Refusal"]:
    """Answers for every lens of every file, a few at a time: a stack may hold a hundred thousand."""
    from lensmae.evaluation.images.analyse import Analysis, analyse_files

    lenses = _Lenses(_without_companions(files), how)
    found = []
    for answer in analyse_files(lenses.sources(), networks):
        path, image = lenses.waiting.popleft()
        if out is not None and isinstance(answer, Analysis):
            stem = _stem(answer.name, path, len(found), twice=_twice(files, path))
            _draw(stem, answer, image, networks, out)
        found.append(answer)
        progress(len(found), max(lenses.total, len(found)))
    return found


class _Lenses:
    """The lenses of files, one after the other; `waiting` are those that were read and not answered yet."""

    def __init__(self, files: list[Path], how: "Reading") -> None:
        self._files, self._how = files, how
        self.total = len(files)
        self.waiting: deque[tuple[Path, LensImage | None]] = deque()

    def sources(self) -> Iterator["Source"]:
        """Each lens, read when its turn comes. A file that cannot be read is one whose reading fails."""
        from lensmae.evaluation.images.analyse import Source

        last = done = -1
        for place, found in self._how.lenses([(path, str(path)) for path in self._files]):
            path = self._files[place]
            # What is wrong with the crop is said once a stack.
            if place == done:
                continue
            try:
                if isinstance(found, ImageReadError):
                    raise found
                self.total += found.lenses - 1 if place > last else 0
                last = place
                cut = _cut(found, self._how)
                self.waiting.append((path, cut))
                yield Source(found.name, lambda cut=cut: cut)
            except ImageReadError as problem:
                done = place
                self.waiting.append((path, None))
                yield Source(str(path), functools.partial(_refuse, problem))


def _refuse(problem: ImageReadError) -> "LensImage":
    raise problem


def _without_companions(files: list[Path]) -> list[Path]:
    """The files without those that are the noise, flags or PSF of another of them."""
    from lensmae.data.images.companions import companions

    belongs = {part: image for image, parts in companions(map(str, files)).items() for part in parts.values()}
    for part, image in belongs.items():
        typer.echo(f"{part} belongs to {image} and is not answered for itself.", err=True)
    return [path for path in files if str(path) not in belongs]


def _cut(image: "LensImage", how: "Reading") -> "LensImage":
    from lensmae.data.images.fitting import Crop

    crop = how.crop
    height, width = image.pixels.shape
    if isinstance(crop, Crop) and (crop.left + crop.side > width or crop.top + crop.side > height):
        raise ImageReadError(
            f"{image.name} was not read: it has {width}x{height} pixels, and a square of {crop.side} from column {crop.left} and "
            f"row {crop.top} on does not lie inside; choose another --crop."
        )
    return how.framed(image)


def _twice(files: list[Path], path: Path) -> bool:
    """Whether several files would be written under the stem of this one."""
    return sum(other.stem.casefold() == path.stem.casefold() for other in files) > 1


def _stem(name: str, path: Path, place: int, twice: bool) -> str:
    """Begin of the names of what is written of a lens: of one in a stack with its index."""
    inside = re.sub(r"[^A-Za-z0-9_.-]+", "-", name.removeprefix(str(path))).strip("-")
    stem = f"{path.stem}-{inside}" if inside else path.stem
    return f"{place:04}-{stem}" if twice else stem


def _draw(stem: str, answer: "Analysis", image: "LensImage", networks: "Networks", out: Path) -> None:
    from lensmae.evaluation.images.derived_images import reconstruction_product, superres_product
    from lensmae.figures.images.derived_images import image_files

    products = [reconstruction_product(answer, networks.mae)] if networks.mae else []
    if networks.superres:
        products.append(superres_product(image, networks.superres)[0])
    for product in products:
        where = {"upright": answer.format in ("image", "tiff"), "sky": product.sky, "unit": product.unit}
        made = image_files(f"{stem}.{product.kind}", product.pixels, product.pixel_scale, product.facts, **where)
        for name, content in made.items():
            _write(out / name, content)


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _print(answers: list["Analysis"]) -> None:
    from lensmae.evaluation.images.verdicts import verdict, warnings

    for answer in answers:
        said = (verdict(answer.classified),) if answer.classified else ()
        for line in (*answer.notes, *answer.framing, *said, *warnings(answer)):
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
    score = "" if answer.reconstruction is None else f"{answer.reconstruction.score:.3g}"
    return answer.name, called, classified.checkpoint if classified else "", chances, score, inside

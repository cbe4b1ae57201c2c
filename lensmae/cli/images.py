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
    from lensmae.evaluation.analyse import Analysis, Networks, Refusal

commands = typer.Typer()
_NONE = "none"


@commands.command()
def predict(
    files: Annotated[list[Path], typer.Argument(help="images: npy, npz, FITS, PNG, JPEG, TIFF or HDF5")],
    classifier: Annotated[str, typer.Option(help="name, run id or path of a classifier; none to leave it out")] = "classifier",
    mae: Annotated[str, typer.Option(help="the same of a masked autoencoder")] = "mae",
    superres: Annotated[str, typer.Option(help="the same of a super-resolver; it draws where there is an --out")] = "superres",
    out: Annotated[Path | None, typer.Option(help="folder for answers.csv and, of each file, what the networks drew")] = None,
    clean: Annotated[bool, typer.Option("--remove-cosmic-rays", help="first, by L.A.Cosmic; for images a camera saw")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV and nothing else on stdout")] = False,
    as_json: AsJson = False,
) -> None:
    """What the networks say of image files: class, reconstruction error, how unlike their training lenses an image is.

    A file that cannot be read is named on stderr and the others are answered; the exit status is then 1, and 2 where none was.
    """
    if as_json and as_csv:
        raise ConfigError("Choose one of --json and --csv.")
    from lensmae.evaluation.analyse import Refusal
    from lensmae.evaluation.answers import record, table

    networks = _load(classifier, mae, superres)
    answers = with_progress("Analysing", lambda progress: _answer(files, networks, out, clean, progress))
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


def _load(classifier: str, mae: str, superres: str) -> "Networks":
    from lensmae.evaluation.analyse import Networks
    from lensmae.evaluation.references import find_reference
    from lensmae.models import load_checkpoint

    loaded, references = {}, {}
    for kind, name in (("classifier", classifier), ("mae", mae), ("superres", superres)):
        if name == _NONE:
            continue
        model = load_checkpoint(name)
        if model.card.kind != kind:
            raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; --{kind} needs a {kind}.")
        loaded[kind] = model
        try:
            reference = find_reference(model.path)
        except CheckpointError as problem:
            typer.echo(f"{problem} Strange images are not told apart.", err=True)
            continue
        if reference is not None:
            references[kind] = reference
        else:
            said = "nothing says yet what is usual for it, so strange images are not told apart"
            typer.echo(f"{model.name}: {said}; `lensmae calibrate {name} DATA` measures it.", err=True)
    return Networks(**loaded, references=references)


def _answer(files: list[Path], networks: "Networks", out: Path | None, clean: bool, progress: Any) -> list["Analysis | Refusal"]:
    from lensmae.evaluation.analyse import Analysis, Source, analyse_files

    sources = [Source(str(path), lambda path=path: _read(path, clean)) for path in files]
    found = []
    for path, answer in zip(files, analyse_files(sources, networks), strict=True):
        if out is not None and isinstance(answer, Analysis):
            _draw(path, f"{len(found):04}-{path.stem}" if _twice(files, path) else path.stem, answer, networks, out, clean)
        found.append(answer)
        progress(len(found), len(files))
    return found


def _read(path: Path, clean: bool) -> "LensImage":
    from lensmae.data import read_image
    from lensmae.data.cosmic_rays import without_cosmic_rays

    image = read_image(path, str(path))
    return without_cosmic_rays(image) if clean else image


def _twice(files: list[Path], path: Path) -> bool:
    """Whether several files would be written under the stem of this one."""
    return sum(other.stem.casefold() == path.stem.casefold() for other in files) > 1


def _draw(path: Path, stem: str, answer: "Analysis", networks: "Networks", out: Path, clean: bool) -> None:
    from lensmae.evaluation.products import reconstruction_product, superres_product
    from lensmae.figures.products import image_files

    products = [reconstruction_product(answer, networks.mae)] if networks.mae else []
    if networks.superres:
        products.append(superres_product(_read(path, clean), networks.superres)[0])
    for product in products:
        upright = answer.format in ("image", "tiff")
        made = image_files(f"{stem}.{product.kind}", product.pixels, product.pixel_scale, product.facts, upright=upright)
        for name, content in made.items():
            _write(out / name, content)


def _write(path: Path, content: bytes) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _print(answers: list["Analysis"]) -> None:
    from lensmae.evaluation.answers import warnings

    for answer in answers:
        for said in (*answer.notes, *warnings(answer)):
            typer.echo(f"{answer.name}: {said}", err=True)
    print_table(("file", "class", "probabilities", "masked MSE", "training lenses"), list(map(_row, answers)), empty="")


def _row(answer: "Analysis") -> tuple[str, ...]:
    chances, classified = "", answer.classified
    if classified is not None:
        named = zip(classified.classes, classified.probabilities, strict=True)
        chances = ", ".join(f"{name} {value:.4f}" for name, value in named)
    strange = {True: "outside", False: "inside", None: "not known"}[answer.outside]
    score = "" if answer.redrawn is None else f"{answer.redrawn.score:.3g}"
    return answer.name, "" if classified is None else classified.name, chances, score, strange

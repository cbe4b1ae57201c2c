"""Commands about single images of the user's own."""

import itertools
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
import typer
from typer.core import TyperCommand

from lensmae.cli.console import AXES_HELP, BAND_HELP, AsJson, Scheduler, print_figures, print_table, with_progress
from lensmae.data.withheld import CANNOT_TELL
from lensmae.errors import ConfigError, ImageReadError
from lensmae.workspace import replacing

if TYPE_CHECKING:
    import pandas as pd

    from lensmae.data import LensImage
    from lensmae.data.images.crop import Crop
    from lensmae.data.images.read_options import Reading
    from lensmae.evaluation.images.analyse import Analysis, Networks, Refusal
    from lensmae.evaluation.images.sources import Entry

commands = typer.Typer()
_NONE, _AUTO = "none", "auto"


class _CropCommand(TyperCommand):
    """`--crop 5 10 64` is one option of three numbers, `--crop auto` one of a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Join the three numbers into one value."""
        if "--crop" in args:
            after = args.index("--crop") + 1
            numbers = list(itertools.takewhile(re.compile(r"-?[0-9]+").fullmatch, args[after : after + 3]))
            if len(numbers) == 3:
                args = [*args[:after], " ".join(numbers), *args[after + 3 :]]
        return super().parse_args(ctx, args)


@commands.command(cls=_CropCommand)
def predict(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="images (npy, npz, FITS, PNG, JPEG, TIFF, HDF5, MATLAB, torch tensors), folders, tar archives (WebDataset), or "
            "lists of them: a path a line in .txt, a column `file` in .csv or .parquet"
        ),
    ],
    classifier: Annotated[
        str,
        typer.Option(
            help="name, run id or path of a classifier, or none; auto: classifier-model-ii inside its domain, else classifier"
        ),
    ] = "auto",
    mae: Annotated[str, typer.Option(help="the same of a masked autoencoder")] = "mae",
    superres: Annotated[str, typer.Option(help="the same of a super-resolver; its images go to --out")] = "superres",
    out: Annotated[
        Path | None, typer.Option(help="folder for answers.csv and, of each file, what the networks made of it")
    ] = None,
    item: Annotated[
        str | None, typer.Option(help="which HDU, array or page of files with several; the image by name by default")
    ] = None,
    band: Annotated[str | None, typer.Option(help=BAND_HELP)] = None,
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
        float | None, typer.Option(min=1e-3, max=60, help="arcsec/pixel, instead of what the files say or do not say")
    ] = None,
    clean: Annotated[
        bool, typer.Option("--remove-cosmic-rays", help="first, by L.A.Cosmic; for real exposures, not simulations")
    ] = False,
    parts: Annotated[
        Path | None, typer.Option(help="folder for the answers as Parquet, a part a file; repeated, it computes what is missing")
    ] = None,
    scheduler: Scheduler = None,
    samp: Annotated[
        bool, typer.Option("--samp", help="show what is written to --out in the DS9, Aladin and TOPCAT of this machine")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV and nothing else on stdout")] = False,
    as_json: AsJson = False,
) -> None:
    """What the networks say of image files: class, reconstruction error, and whether an image is in the domain of each.

    Out of the classifier's domain the class is withheld: with --json, `class` is null then, and `in_domain` says it by network.

    A file that cannot be read is named on stderr and the others are answered; the exit status is then 1, and 2 where none was.
    """
    if as_json and as_csv:
        raise ConfigError("Choose one of --json and --csv.")
    if samp and out is None:
        raise ConfigError("--samp shows what is written to --out; give a folder.")
    from lensmae.data.images.read_options import Reading
    from lensmae.evaluation.images.analyse import Refusal
    from lensmae.evaluation.images.answers import record, table
    from lensmae.evaluation.images.networks import load_networks
    from lensmae.evaluation.images.parts import listed_files

    how = Reading(item, band, _square(crop), clean, pixel_scale, axes, lens)
    if parts is not None:
        _in_parts(listed_files(files), (classifier, mae, superres), how, parts, scheduler)
        return
    if scheduler is not None:
        raise ConfigError("--scheduler computes parts; say with --parts where they go.")
    files = listed_files(files)
    networks, began = load_networks(classifier, mae, superres, _say), time.time()
    answers = with_progress("Analysing", lambda progress: _answer(files, networks, out, how, progress))
    refused = [answer.reason for answer in answers if isinstance(answer, Refusal)]
    if len(refused) == len(answers):
        raise ImageReadError("\nError: ".join(refused))
    for reason in refused:
        typer.echo(f"Error: {reason}", err=True)
    if out is not None:
        _write_answers(out, table(answers), began if samp else None)
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


def _write_answers(out: Path, rows: "pd.DataFrame", sent_from: float | None) -> None:
    """The table as CSV and VOTable; that and the images written since a time go to other programs, where a time is given."""
    from lensmae.evaluation.images.virtual_observatory import send, votable_bytes

    _write(out / "answers.csv", rows.to_csv(index=False).encode())
    _write(out / "answers.vot", votable_bytes(rows))
    if sent_from is not None:
        made = sorted(path for path in out.glob("*.fits") if path.stat().st_mtime >= sent_from)
        names = send([*made, out / "answers.vot"])
        typer.echo(f"Sent by SAMP to {', '.join(names)}.", err=True)


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


def _in_parts(files: list["Entry"], names: tuple[str, str, str], how: "Reading", folder: Path, scheduler: str | None) -> None:
    """Answers as Parquet files; says how many there are."""
    import pandas as pd

    from lensmae.evaluation.images.parts import Names, answer_in_parts
    from lensmae.jobs.cluster import cluster

    with cluster(scheduler or "local:1") as executor:
        made = with_progress("Analysing", lambda progress: answer_in_parts(files, Names(*names), how, folder, executor, progress))
    refused = sum(int(one["refused"].notna().sum()) for one in map(pd.read_parquet, made) if "refused" in one)
    print_figures({"files": len(files), "refused": refused, "parts": len(made), "written": str(folder)})


def _say(message: str) -> None:
    typer.echo(message, err=True)


def _answer(
    files: list["Entry"], networks: "Networks", out: Path | None, how: "Reading", progress: Any
) -> list["Analysis | Refusal"]:
    """Answers for every lens of every file, a few at a time: a stack may hold a hundred thousand."""
    from lensmae.evaluation.images.analyse import Analysis, analyse_files
    from lensmae.evaluation.images.sources import Lenses, without_companions

    lenses = Lenses(without_companions(files, _say), how)
    found = []
    for answer in analyse_files(lenses.sources(), networks):
        path, image = lenses.waiting.popleft()
        if out is not None and isinstance(answer, Analysis):
            stem = _stem(answer.name, path, len(found), twice=_twice(files, path))
            _draw(stem, answer, image, networks, out)
        found.append(answer)
        progress(len(found), max(lenses.total, len(found)))
    return found


def _twice(files: list["Entry"], path: "Entry") -> bool:
    """Whether several files would be written under the stem of this one."""
    return sum(other.stem.casefold() == path.stem.casefold() for other in files) > 1


def _stem(name: str, path: "Entry", index: int, twice: bool) -> str:
    """Begin of the names of what is written of a lens: of one in a stack with its index."""
    inside = re.sub(r"[^A-Za-z0-9_.-]+", "-", name.removeprefix(str(path))).strip("-")
    stem = f"{path.stem}-{inside}" if inside else path.stem
    return f"{index:04}-{stem}" if twice else stem


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
    called = "" if classified is None else answer.called or CANNOT_TELL
    if classified is not None:
        named = zip(classified.classes, classified.probabilities, strict=True)
        chances = ", ".join(f"{name} {value:.4f}" for name, value in named)
    known = {kind: inside for kind, inside in answer.in_domain.items() if inside is not None}
    inside = ", ".join(kind for kind in known if known[kind]) or "none" if known else "not known"
    score = "" if answer.reconstruction is None else f"{answer.reconstruction.score:.3g}"
    return answer.name, called, classified.checkpoint if classified else "", chances, score, inside

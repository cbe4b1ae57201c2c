"""Commands that bring data sets in and out: import and export."""

from pathlib import Path
from typing import Annotated

import typer

from lensmae.cli.console import AXES_HELP, BAND_HELP, CLASSES_HELP, Scheduler, class_names, executor_of, with_progress
from lensmae.errors import ConfigError

commands = typer.Typer()
_NAMED = 20


@commands.command("import")
def import_command(
    source: Annotated[Path, typer.Argument(help="folder, or a file of many lenses (npy, npz, HDF5, FITS, TIFF, MATLAB, torch)")],
    name: Annotated[str, typer.Argument(help="name of the new data set")],
    classes: Annotated[str | None, typer.Option(help=CLASSES_HELP)] = None,
    split: Annotated[str | None, typer.Option(help="put all lenses into train, validation or test")] = None,
    size: Annotated[int | None, typer.Option(min=8, max=1024, help="bring every image to so many pixels a side")] = None,
    pixel_scale: Annotated[float | None, typer.Option(help="arcsec/pixel of the data set")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the split, where the files have none")] = 0,
    clean: Annotated[bool, typer.Option("--remove-cosmic-rays", help="L.A.Cosmic; for real exposures, not simulations")] = False,
    item: Annotated[
        str | None, typer.Option(help="which HDU or array of files with several; the image by name by default")
    ] = None,
    band: Annotated[str | None, typer.Option(help=BAND_HELP)] = None,
    axes: Annotated[str | None, typer.Option(help=AXES_HELP)] = None,
    crop: Annotated[str, typer.Option(help="with --size: auto finds the lens in larger fields; none takes the middle")] = "auto",
    jobs: Annotated[int | None, typer.Option(min=1, help="processes; all cores by default")] = None,
    scheduler: Scheduler = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what was found and import nothing")] = False,
) -> None:
    """Import class folders, LR/HR pairs, image folders, or stacks in npy, npz, HDF5, FITS, TIFF, MATLAB or torch files."""
    from lensmae.data import ImportOptions, import_dataset, plan_import
    from lensmae.data.exchange.layouts import describe

    if crop not in ("auto", "none"):
        raise ConfigError(f"--crop is auto or none for an import; {crop!r} was given.")
    options = ImportOptions(class_names(classes), split, size, pixel_scale, seed, clean, item, band, axes, crop)
    if dry_run:
        plan = plan_import(source, options)
        typer.echo(f"{describe(plan.layout)} {'x'.join(map(str, plan.form.shape))} pixels, {plan.nbytes / 1e6:,.1f} MB.")
        for warning in plan.warnings:
            typer.echo(warning, err=True)
        return
    try:
        with executor_of(scheduler) as executor:
            how = {"jobs": jobs, "executor": executor}
            report = with_progress("Importing", lambda progress: import_dataset(source, name, options, **how, progress=progress))
    except KeyboardInterrupt:
        typer.echo("Interrupted; the same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    dataset = report.dataset
    counts = ", ".join(f"{n} {kind}" for kind, n in dataset.info.counts.items())
    typer.echo(f"{dataset.path}: {dataset.info.n} lenses, {counts}")
    if report.copies:
        typer.echo(f"Copies of lenses that are held out, held out with them: {report.copies:,}.", err=True)
    _say_skipped(report.skipped, dataset.path)


def _say_skipped(skipped: dict[str, str], folder: Path) -> None:
    if not skipped:
        return
    typer.echo(f"Left out ({len(skipped)}):", err=True)
    for file, problem in list(skipped.items())[:_NAMED]:
        typer.echo(f"  {file}: {problem}", err=True)
    if len(skipped) > _NAMED:
        typer.echo(f"  and {len(skipped) - _NAMED} more; all are in {folder / 'skipped.csv'}", err=True)


@commands.command("export")
def export_command(
    name: Annotated[str, typer.Argument(help="data set")],
    folder: Annotated[Path, typer.Argument(help="new folder")],
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "all",
    parts: Annotated[bool, typer.Option("--parts", help="put train/, val/ and test/ above the class folders")] = False,
) -> None:
    """Write a data set in the original DeepLense layout: one npy file a lens."""
    from lensmae.data import open_dataset
    from lensmae.data.exchange.exporting import export_dataset

    dataset = open_dataset(name)
    n = with_progress("Exporting", lambda progress: export_dataset(dataset, folder, split=split, parts=parts, progress=progress))
    typer.echo(f"{folder}: {n} lenses")

"""Jobs that make data sets, one a name. The work itself runs in processes of its own."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lensmae.app.jobs.board import DATASETS, board
from lensmae.jobs import Job, Report, ThreadJob
from lensmae.workspace import uploads_dir

if TYPE_CHECKING:
    from lensmae.data import ImportOptions
    from lensmae.data.simulation.simulate import Finish


def start_simulation(
    name: str, preset: str, per_class: int, seed: int, classes: Sequence[str] = (), finish: "Finish | None" = None
) -> Job:
    """Simulate a data set, or join the job that does. Raises `LensMAEError` where the one of this name is just being cancelled.

    Args:
        name: of the new data set.
        preset: name of a preset.
        per_class: lenses a class, 1 or more.
        seed: of the data set, 0 or more.
        classes: of the preset; all where empty.
        finish: changes the images, as `simulate_dataset` takes it.
    """

    def work(report: Report) -> str:
        from lensmae.data import simulate_dataset

        report.phase("starting processes that simulate")
        info = simulate_dataset(preset, name, per_class, seed, classes=classes, progress=report, finish=finish).info
        return f"{name} is ready: {info.n:,} lenses."

    return _start(name, ThreadJob(work, f"Simulating {name}", "lenses"))


def start_import(name: str, source: Path, options: "ImportOptions") -> Job:
    """Import a data set, or join the job that does; an uploaded file is removed once it is over. Raises as `start_simulation`."""

    def work(report: Report) -> str:
        from lensmae.data import import_dataset

        report.phase("looking at the files")
        try:
            found = import_dataset(source, name, options, progress=report)
        finally:
            if source.is_relative_to(uploads_dir()):
                shutil.rmtree(source.parent, ignore_errors=True)
        left_out = f" Left out, and named below: {len(found.skipped):,}." if found.skipped else ""
        copies = f" Copies of lenses that are held out, held out with them: {found.copies:,}." if found.copies else ""
        return f"{name} is ready: {found.dataset.info.n:,} lenses.{left_out}{copies}"

    return _start(name, ThreadJob(work, f"Importing {name}", "lenses"))


def all_jobs() -> dict[str, Job]:
    """By the name of the data set: active jobs, and ended ones that nobody has dismissed."""
    return {str(name): job for (_, name), job in board().listed(DATASETS).items()}


def forget(name: str, job: Job) -> None:
    """Forget an ended job."""
    board().forget((DATASETS, name), job)


def _start(name: str, job: Job) -> Job:
    return board().start((DATASETS, name), job, DATASETS)

"""Jobs that make data sets. The work itself runs in processes of its own."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lensmae.app.jobs import board
from lensmae.app.jobs.board import Job, Progress, Work
from lensmae.errors import LensMAEError
from lensmae.workspace import uploads_dir

if TYPE_CHECKING:
    from lensmae.data import ImportOptions

_GROUP = "data sets"
_AT_ONCE = 2


def start(name: str, title: str, work: Work) -> Job:
    """Start a job, or give the one that is making this data set already. Raises `LensMAEError` where two others run, or where the
    one of this name is just being cancelled."""
    return board.start((_GROUP, name), work, title, _GROUP, _AT_ONCE)


def all_jobs() -> dict[str, Job]:
    """By the name of the data set: jobs that run, and ended ones that nobody has dismissed."""
    return {name: job for (_, name), job in board.listed(_GROUP).items()}


def forget(name: str, job: Job) -> None:
    """Forget an ended job."""
    board.forget((_GROUP, name), job)


def message(job: Job) -> str:
    """How a job ended, in a sentence."""
    if job.state == "finished":
        return job.result
    if job.state == "cancelled":
        return f"{job.title} was cancelled; nothing was kept."
    if isinstance(job.problem, LensMAEError | OSError):
        return str(job.problem)
    return f"It hit an unexpected problem ({type(job.problem).__name__}). The server's log has the details."


def simulate(preset: str, name: str, per_class: int, seed: int, progress: Progress, classes: Sequence[str] = ()) -> str:
    """Simulate a data set, as the work of a job."""
    from lensmae.data import simulate_dataset

    info = simulate_dataset(preset, name, per_class, seed, classes=classes, progress=progress).info
    return f"{name} is ready: {info.n:,} lenses."


def bring_in(source: Path, name: str, options: "ImportOptions", progress: Progress) -> str:
    """Import a data set, as the work of a job; an uploaded file is removed once it is over."""
    from lensmae.data import import_dataset

    try:
        report = import_dataset(source, name, options, progress=progress)
    finally:
        if source.is_relative_to(uploads_dir()):
            shutil.rmtree(source.parent, ignore_errors=True)
    left_out = f" Left out, and named below: {len(report.skipped):,}." if report.skipped else ""
    return f"{name} is ready: {report.dataset.info.n:,} lenses.{left_out}"

"""What a visitor waits for, end to end by the clock: embeddings, uploads, classification, a large data set."""

import io
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from lensmae.data import delete_dataset, open_dataset, read_image, simulate_dataset
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.data.nuisances import draw_nuisances
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.evaluation import evaluate_classifier
from lensmae.evaluation.images.analyse import Source, analyse_files
from lensmae.evaluation.images.networks import load_networks
from lensmae.evaluation.tasks import IN_A_PROCESS, Task
from lensmae.jobs import ProcessJob
from lensmae.models import load_checkpoint
from lensmae.models.arithmetic import multiplies_bfloat16
from lensmae.progress import Progress

# Telescopes whose files are uploaded, and in what format.
_FILES = (("survey_hst", "fits"), ("survey_euclid", "fits"), ("survey_jwst", "npy"), ("survey", "png"))
_SHIPPED = ("classifier", "mae", "superres")
# Of `mae`'s patches, by what is timed: all of them, and the brightest half alone.
_MANY = {"many embedded": "all", "many embedded, brightest half": "brightest half"}
# Seconds that are asked for on two idle cores.
LIMITS = {"embedded and projected": 60, "first upload": 5, "all uploads": 40, "classified": 40}
# Seconds a lens where many are embedded: 89,000 in 8 minutes.
_MANY_S = 480 / 89_000


@dataclass(frozen=True)
class WaitsResult:
    """Seconds by the clock with the shipped networks, nothing kept from before.

    Attributes:
        lenses, many, uploads: how many are embedded and classified, embedded at once, and uploaded.
        seconds: "embedded and projected": from the request, which starts a process as the Embeddings page does, to UMAP's points
            of `lenses` by `mae`; "classified": the same lenses by `classifier`, mean of eight symmetries; "first upload" and "all
            uploads": from the first look at files of four cameras to the answers of all networks, loading these included; "many
            embedded" and "many embedded, brightest half": `many` lenses by `mae`, as `lensmae embed` does with all patches and
            with `--patches "brightest half"`.
        limits: what is asked for on two idle cores; of many lenses, the share of 8 minutes that they are of 89,000.
        processor_s: seconds of all cores together, which other work on the machine adds little to.
        bfloat16: whether the processor multiplies it.
        load: processes at work or waiting on this machine before, as the system says (1 minute); on an idle one near 0.
    """

    lenses: int
    many: int
    uploads: int
    seconds: dict[str, float]
    limits: dict[str, float]
    processor_s: dict[str, float]
    bfloat16: bool
    load: float


def waits(
    progress: Progress,
    lenses: int = 3000,
    many: int = 9000,
    uploads: int = 30,
    names: tuple[str, str, str] = _SHIPPED,
) -> WaitsResult:
    """Measure all of it in a workspace of its own.

    Args:
        progress: called with (parts done, parts in all).
        lenses: embedded, projected and classified.
        many: embedded at once; 0 leaves that out.
        uploads: files.
        names: classifier, MAE and super-resolver; of the shipped ones a specialist answers inside its domain, as on pages.
    """
    load, before = os.getloadavg()[0], os.environ.get("LENSMAE_HOME")
    clock: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as home:
        # Of checkpoints in the workspace of before, too.
        paths = tuple(str(load_checkpoint(name).path.absolute()) for name in names)
        os.environ["LENSMAE_HOME"] = home
        try:
            simulate_dataset("model_ii", "lenses", -(-lenses // 3), seed=17, device="cpu")
            contents = _contents(uploads)
            progress(1, 5)
            clock["embedded and projected"] = _timed(partial(_project, paths[1]))
            progress(2, 5)
            model, dataset = load_checkpoint(paths[0]), open_dataset("lenses")
            clock["classified"] = _timed(lambda: evaluate_classifier(model, dataset, "all", limit=lenses, d4=True))
            progress(3, 5)
            first = []
            clock["all uploads"] = _timed(
                partial(_answer, ("auto" if names == _SHIPPED else paths[0], *paths[1:]), contents, first)
            )
            clock["first upload"] = first[0]
            progress(4, 5)
            if many:
                simulate_dataset("model_ii", "many", -(-many // 3), seed=18, device="cpu")
                for what, patches in _MANY.items():
                    task = Task(work="embed", checkpoint=paths[1], data="many", limit=many, patches=patches)
                    clock[what] = _timed(partial(_in_a_process, task))
                delete_dataset("many")
            progress(5, 5)
        finally:
            os.environ.pop("LENSMAE_HOME") if before is None else os.environ.update(LENSMAE_HOME=before)
    return WaitsResult(
        lenses=lenses,
        many=many,
        uploads=uploads,
        seconds={name: wall for name, (wall, _) in clock.items()},
        limits={name: round(many * _MANY_S, 1) if name in _MANY else float(LIMITS[name]) for name in clock},
        processor_s={name: busy for name, (_, busy) in clock.items()},
        bfloat16=multiplies_bfloat16(),
        load=load,
    )


def _timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: this process's and those of processes that ended meanwhile."""
    start, busy = time.perf_counter(), _busy()
    work()
    return time.perf_counter() - start, _busy() - busy


def _busy() -> float:
    return sum(os.times()[:4])


def _project(checkpoint: str) -> None:
    _in_a_process(Task(work="project", checkpoint=checkpoint, data="lenses"))


def _in_a_process(task: Task) -> None:
    job = ProcessJob(IN_A_PROCESS, task.model_dump(mode="json"))
    job.start()
    job.finished.wait()
    if job.problem is not None:
        raise job.problem


def _answer(paths: tuple[str, str, str], contents: list[tuple[bytes, str]], first: list[tuple[float, float]]) -> None:
    start, busy = time.perf_counter(), _busy()
    networks = load_networks(*paths)
    for _ in analyse_files([Source(name, partial(read_image, data, name)) for data, name in contents], networks):
        if not first:
            first.append((time.perf_counter() - start, _busy() - busy))


def _contents(count: int) -> list[tuple[bytes, str]]:
    """Files of lenses through four cameras, with what files do to images."""
    parts = []
    for turn, (preset, suffix) in enumerate(_FILES):
        some = len(range(turn, count, len(_FILES)))
        if not some:
            continue
        lenses = simulate_batch(preset, some, generator_of(19, turn), noise=True).images
        images = draw_nuisances(lenses, generator_of(20, turn)).images.to(torch.float32).numpy()
        parts.append([(_encoded(image, suffix), f"{preset}-{place}.{suffix}") for place, image in enumerate(images)])
    # One camera after the other, as they come in a folder of mixed files.
    return [part[place] for place in range(max(map(len, parts))) for part in parts if place < len(part)]


def _encoded(image: np.ndarray, suffix: str) -> bytes:
    if suffix == "png":
        spread = np.ptp(image) or 1.0
        buffer = io.BytesIO()
        Image.fromarray(np.uint8(np.round(255 * (image - image.min()) / spread))).save(buffer, "PNG")
        return buffer.getvalue()
    return fits_bytes(image) if suffix == "fits" else npy_bytes(image)

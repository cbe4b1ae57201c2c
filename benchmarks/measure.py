"""Measurements of this machine that `benchmarks/` keeps."""

import os
import platform
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.analyse import analyse
from benchmarks.answers import answers
from benchmarks.decoding import decoding
from benchmarks.embedding_speed import embedding_speed
from benchmarks.embeddings_page import embeddings_page
from benchmarks.import_files import import_files
from benchmarks.lens_lab import lens_lab
from benchmarks.masks import masks, untrained_mae
from benchmarks.pretrain import pretrain
from benchmarks.slider import slider
from benchmarks.visitors import visitors
from lensmae.data import delete_dataset, simulate_dataset, simulate_lens
from lensmae.evaluation.reconstruction.frames import RATIOS, reconstruction_frames
from lensmae.figures import Panel, pack, shared_scale
from lensmae.models import Reconstructor
from lensmae.progress import Progress
from lensmae.workspace import write_json


@dataclass(frozen=True)
class InteractionResult:
    """Server work for one lens, in milliseconds.

    Attributes:
        changes: mask ratios tried.
        median_ms, p95_ms: of one change of the ratio: the network's forward pass, and the page's four pictures packed for
            the browser.
        predict_median_ms, draw_median_ms: its two parts.
        all_ratios_ms: of what the page does when another lens or seed is chosen: all its ratios at once, after which its
            slider moves in the browser and costs the server nothing. Median of ten.
        ratios: how many those are.
    """

    changes: int
    median_ms: float
    p95_ms: float
    predict_median_ms: float
    draw_median_ms: float
    all_ratios_ms: float
    ratios: int


def interaction(progress: Progress, changes: int = 200, size: dict[str, int] | None = None) -> InteractionResult:
    """Move the mask ratio of one lens `changes` times, each time to another value.

    Args:
        size: arguments of another `MAEViT`; the net of the recipe `reference` where None.
    """
    model = untrained_mae(size)
    image = simulate_lens("model_ii", "cdm", seed=0).image
    ratios = np.random.default_rng(0).permutation(np.linspace(0.05, 0.95, changes))
    for ratio in ratios[:5]:
        _reconstruct(model, image, float(ratio))
    times = np.empty((changes, 2))
    for index, ratio in enumerate(ratios):
        times[index] = _reconstruct(model, image, float(ratio))
        progress(index + 1, changes)
    whole = [_timed(lambda seed=seed: _all_ratios(model, image, seed)) for seed in range(10)]
    times *= 1000
    total = times.sum(axis=1)
    return InteractionResult(
        changes=changes,
        median_ms=float(np.median(total)),
        p95_ms=float(np.percentile(total, 95)),
        predict_median_ms=float(np.median(times[:, 0])),
        draw_median_ms=float(np.median(times[:, 1])),
        all_ratios_ms=1000 * float(np.median(whole)),
        ratios=len(RATIOS),
    )


def _reconstruct(model: Reconstructor, image: np.ndarray, ratio: float) -> tuple[float, float]:
    """Seconds that predicting and drawing take."""
    start = time.perf_counter()
    drawn = model.predict(image[None], mask_ratio=ratio)
    predicted = time.perf_counter()
    _pack(image, drawn.prediction, drawn.hidden)
    return predicted - start, time.perf_counter() - predicted


def _all_ratios(model: Reconstructor, image: np.ndarray, seed: int) -> None:
    frames = reconstruction_frames(model, image, seed)
    _pack(image, frames.predictions, frames.hidden)


def _pack(image: np.ndarray, predictions: np.ndarray, hidden: np.ndarray) -> None:
    """The Reconstruction page's four pictures, one frame a prediction (F, H, W), hidden patches (F, gh, gw)."""
    panels = [
        Panel("Original", image),
        Panel("Masked", image, covered=hidden),
        Panel("Prediction", predictions),
        Panel("Error", predictions - image, residual=True, covered=~hidden),
    ]
    pack(panels, shared_scale(panels))


@dataclass(frozen=True)
class SimulateResult:
    """Speed of `lensmae simulate model_ii` with all cores, start of the processes and writing included, and what came out.

    Attributes:
        image_maximum: largest pixel of the set.
        mean_over_median: of all pixels of the set.
        ring_radius_px: flux-weighted mean distance from the image's centre, mean over images.
    """

    images: int
    seconds: float
    images_per_second: float
    image_maximum: float
    mean_over_median: float
    ring_radius_px: float


def simulate(progress: Progress, per_class: int = 1000) -> SimulateResult:
    """Simulate a Model II set into the workspace, measure it, and delete it."""
    name = f"benchmark-{secrets.token_hex(4)}"
    start = time.perf_counter()
    dataset = simulate_dataset("model_ii", name, per_class, seed=secrets.randbelow(2**31), progress=progress)
    seconds = time.perf_counter() - start
    try:
        images = np.array(dataset.images, dtype=np.float64)
    finally:
        delete_dataset(name)
    offsets = np.indices(images.shape[1:]) - (np.array(images.shape[1:]).reshape(2, 1, 1) - 1) / 2
    radius = (images * np.hypot(*offsets)).sum(axis=(1, 2)) / images.sum(axis=(1, 2))
    return SimulateResult(
        images=len(images),
        seconds=seconds,
        images_per_second=len(images) / seconds,
        image_maximum=float(images.max()),
        mean_over_median=float(images.mean() / np.median(images)),
        ring_radius_px=float(radius.mean()),
    )


def _timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def machine() -> dict[str, Any]:
    """What the figures were measured on; no names."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def following(progress: Progress) -> Any:
    """What following a run costs the dashboard and the run; see `benchmarks.following`."""
    # Imports Lightning, which the others do without.
    from benchmarks.following import following as measured

    return measured(progress)


def recipes(progress: Progress) -> Any:
    """How fast every training recipe runs here; see `benchmarks.recipes`."""
    from benchmarks.recipes import recipes as measured

    return measured(progress)


def device_simulation(progress: Progress) -> Any:
    """How fast lenses come in batches; see `benchmarks.device_simulation`."""
    # Imports lenstronomy.
    from benchmarks.device_simulation import device_simulation as measured

    return measured(progress)


def trainer(progress: Progress) -> Any:
    """The whole trainer beside itself as it was; see `benchmarks.whole.trainer`."""
    from benchmarks.whole.trainer import trainer as measured

    return measured(progress)


def points(progress: Progress) -> Any:
    """How many points of a projection a browser handles; see `benchmarks.whole.points`."""
    from benchmarks.whole.points import points as measured

    return measured(progress)


def waits(progress: Progress) -> Any:
    """What a visitor waits for, end to end; see `benchmarks.whole.waits`."""
    from benchmarks.whole.waits import waits as measured

    return measured(progress)


BENCHMARKS: dict[str, Callable[[Progress], Any]] = {
    "interaction": interaction,
    "simulate": simulate,
    "device_simulation": device_simulation,
    "pretrain": pretrain,
    "trainer": trainer,
    "recipes": recipes,
    "analyse": analyse,
    "answers": answers,
    "waits": waits,
    "lens_lab": lens_lab,
    "following": following,
    "masks": masks,
    "slider": slider,
    "embedding_speed": embedding_speed,
    "embeddings": embeddings_page,
    "points": points,
    "import": import_files,
    "visitors": visitors,
    "decoding": decoding,
}


def run_benchmark(name: str, output: str | Path, progress: Progress) -> dict[str, Any]:
    """Run a benchmark of `BENCHMARKS`, write its record to `output`/NAME.json, and return the record."""
    result = BENCHMARKS[name](progress)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    record = {"benchmark": name, "date": date, **asdict(result), "machine": machine()}
    write_json(Path(output) / f"{name}.json", record)
    return record

"""Many image files of mixed kinds in one go: what the Analyse page and `lensmae predict` do with an upload of 200."""

import io
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from lensmae.data import read_image, simulate_lens
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.data.transforms import Transform
from lensmae.evaluation.images.analyse import Networks, Refusal, Source, analyse_files
from lensmae.models import CheckpointCard, Classifier, Reconstructor
from lensmae.models.checkpoint import build_network
from lensmae.progress import Progress

# Of a survey's cut-out that was not cut: the large ones decide about memory.
_LARGE = 3000


@dataclass(frozen=True)
class AnalyseResult:
    """Files of mixed kinds answered by a reference classifier and MAE, eight symmetries and four masks each.

    Attributes:
        files, answered, refused: one in ten files is damaged, one in ten has 3000 x 3000 pixels.
        files_per_second: reading included.
        peak_memory_mb: of the whole process with torch in it, largest resident size.
    """

    files: int
    answered: int
    refused: int
    seconds: float
    files_per_second: float
    peak_memory_mb: float
    kinds: tuple[str, ...] = field(default=("fits", "npy", "npz", "png", "tiff"))


def analyse(progress: Progress, files: int = 200, size: dict[str, int] | None = None) -> AnalyseResult:
    """Answer files as they would come in one upload.

    Args:
        size: `layers` of the encoders' transformers of smaller networks; the reference net where None.
    """
    networks = _networks(size or {})
    sources = [Source(name, lambda data=data, name=name: read_image(data(), name)) for name, data in _contents(files)]
    start = time.perf_counter()
    answers = list(analyse_files(sources, networks, lambda done: progress(done, files)))
    seconds = time.perf_counter() - start
    refused = sum(isinstance(answer, Refusal) for answer in answers)
    # Linux counts kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return AnalyseResult(files, files - refused, refused, seconds, files / seconds, peak)


def _networks(size: dict[str, int]) -> Networks:
    classes = ("no_sub", "cdm", "axion")
    layers = {"encoder_layers": size["layers"]} if size else {}
    shapes = {"classifier": {"encoder": size, "classes": 3}, "mae": layers}
    kinds = {"classifier": Classifier, "mae": Reconstructor}
    found = {}
    for kind, shape in shapes.items():
        card = CheckpointCard(
            kind=kind, architecture=shape, transform=Transform(), classes=classes if kind == "classifier" else ()
        )
        network = build_network(kind, shape).eval().requires_grad_(False)
        found[kind] = kinds[kind](Path(f"{kind}.safetensors"), card, network, "cpu")
    return Networks(**found)


def _contents(files: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Names and contents; a content is made when it is read, so that the measured memory is the pipeline's."""
    lens = simulate_lens("model_ii", "cdm", seed=0).image
    large = np.pad(lens, (_LARGE - len(lens)) // 2)
    kinds = list(_ENCODERS)
    for index in range(files):
        kind = kinds[index % len(kinds)]
        if index % 10 == 3:
            yield f"{index}-damaged.{kind}", lambda kind=kind: _ENCODERS[kind](lens)[:200]
        else:
            image = large if index % 10 == 6 else np.roll(lens, index, axis=0)
            yield f"{index}.{kind}", lambda kind=kind, image=image: _ENCODERS[kind](image)


def _npz(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, image=image)
    return buffer.getvalue()


def _picture(image: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(255 * image / image.max())).save(buffer, kind)
    return buffer.getvalue()


_ENCODERS: dict[str, Callable[[np.ndarray], bytes]] = {
    "fits": fits_bytes,
    "npy": npy_bytes,
    "npz": _npz,
    "png": lambda image: _picture(image, "PNG"),
    "tiff": lambda image: _picture(image, "TIFF"),
}

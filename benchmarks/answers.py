"""What a lens costs on a CPU: embedded, classified and answered for as an upload, now and as PyTorch would do it by itself."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.before import before
from lensmae.data import LensImage, read_image
from lensmae.data.images.writer import fits_bytes, npy_bytes
from lensmae.data.nuisances import draw_nuisances
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.evaluation.images.analyse import BATCH, Source, analyse_files, analyse_images
from lensmae.evaluation.images.networks import load_networks
from lensmae.models import Reconstructor
from lensmae.progress import Progress

_NEIGHBOURS = 10
_BLOCK = 48
_UPLOADS = 30
# Of a lens of each kind of work: what a visitor waits for on two idle cores.
_CORES = 2


@dataclass(frozen=True)
class AnswersResult:
    """Milliseconds of one core a lens, with the shipped networks; medians over blocks of lenses, all ways in turn.

    Attributes:
        lenses: of the corpus `generalist`, half of them with the nuisances of files.
        embed_ms, embed_ratio: by `mae`: "before" as PyTorch does it by itself (MKL, fused attention), "float32", "bfloat16", and
            "brightest half" of the patches in bfloat16; the ratios are of "before" over each.
        same_neighbours: share of the ten nearest lenses that are those of "before".
        class_agreement: share of the ten nearest lenses that are of the lens's class.
        classify_ms: by `classifier`, the mean of eight views, before and now.
        uploads: seconds of one core until the first of 30 files (FITS and npy) is answered and until all are, by all networks;
            before, sixteen were answered together.
        on_two_cores_s: what follows for two idle cores: 3,000 and 89,000 lenses embedded, 3,000 classified, all uploads.
    """

    lenses: int
    embed_ms: dict[str, float]
    embed_ratio: dict[str, float]
    same_neighbours: dict[str, float]
    class_agreement: dict[str, float]
    classify_ms: dict[str, float]
    uploads: dict[str, dict[str, float]]
    on_two_cores_s: dict[str, float]


def answers(
    progress: Progress, lenses: int = 480, files: int = _UPLOADS, names: tuple[str, str, str] | None = None
) -> AnswersResult:
    """Measure all of it.

    Args:
        progress: called with (blocks done, blocks in all).
        lenses: how many are embedded.
        files: uploads.
        names: classifier, MAE and super-resolver; the shipped ones where None.
    """
    images, labels = _corpus(lenses)
    networks = load_networks(*(names or ("auto", "mae", "superres")))
    ways = _ways(networks.mae)
    classifying = {"before": (before, networks.classifier.predict), "now": (nullcontext, networks.classifier.predict)}
    blocks = [images[start : start + _BLOCK] for start in range(0, lenses, _BLOCK)]
    _timed(ways, blocks[0][:8])
    embeddings: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    seconds: list[dict[str, float]] = []
    for done, block in enumerate(blocks):
        found, took = _timed(ways, block, turn=done)
        seconds.append(took)
        for name, values in found.items():
            embeddings[name].append(values)
        progress(done + 1, len(blocks))
    classified = _timed(classifying, blocks[0])[1]
    embed = {name: 1000 * float(np.median([one[name] / len(blocks[0]) for one in seconds])) for name in ways}
    nearest = {name: _nearest(np.concatenate(values)) for name, values in embeddings.items()}
    classify = {name: 1000 * value / len(blocks[0]) for name, value in classified.items()}
    uploads = {"before": _uploads(networks, files, at_once=True), "now": _uploads(networks, files)}
    return AnswersResult(
        lenses=lenses,
        embed_ms=embed,
        embed_ratio={name: float(np.median([one["before"] / one[name] for one in seconds])) for name in ways},
        same_neighbours={name: _shared(nearest["before"], other) for name, other in nearest.items()},
        class_agreement={name: float((labels[other] == labels[:, None]).mean()) for name, other in nearest.items()},
        classify_ms=classify,
        uploads=uploads,
        on_two_cores_s={
            "3,000 embedded": 3 * embed["bfloat16"] / _CORES,
            "89,000 embedded": 89 * embed["bfloat16"] / _CORES,
            "89,000 embedded, brightest half": 89 * embed["brightest half"] / _CORES,
            "3,000 classified": 3 * classify["now"] / _CORES,
            "uploads": uploads["now"]["all"] / _CORES,
        },
    )


def _corpus(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Lenses and galaxies (N, 64, 64) and their classes (N,)."""
    drawn = simulate_batch("generalist", count, generator_of(11, 1), turned=True)
    images = drawn.images.clone()
    half = count // 2
    images[:half] = draw_nuisances(images[:half], generator_of(11, 2)).images
    return images.numpy(), drawn.labels.numpy()


def _ways(model: Reconstructor) -> dict[str, tuple[Callable[[], Any], Callable[[np.ndarray], np.ndarray]]]:
    def embed(images: np.ndarray, **how: Any) -> np.ndarray:
        return model.embed(images, **how)

    return {
        "before": (before, embed),
        "float32": (nullcontext, embed),
        "bfloat16": (nullcontext, partial(embed, rounded=True)),
        "brightest half": (nullcontext, partial(embed, rounded=True, patches="brightest half")),
    }


def _timed(
    ways: dict[str, tuple[Callable[[], Any], Callable[[np.ndarray], np.ndarray]]], images: np.ndarray, turn: int = 0
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """What each way gives of images, and its processor seconds; `turn` says which goes first."""
    found, seconds = {}, {}
    names = list(ways)
    for name in names[turn % len(names) :] + names[: turn % len(names)]:
        around, work = ways[name]
        with around():
            start = time.process_time()
            found[name] = work(images)
            seconds[name] = time.process_time() - start
    return found, seconds


def _nearest(embeddings: np.ndarray) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    count = min(_NEIGHBOURS, len(embeddings) - 1)
    return NearestNeighbors(n_neighbors=count).fit(embeddings).kneighbors(return_distance=False)


def _shared(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean([len(np.intersect1d(a, b)) / len(a) for a, b in zip(one, other, strict=True)]))


def _uploads(networks: Any, count: int, at_once: bool = False) -> dict[str, float]:
    """Processor seconds to the first answer and to the last."""
    contents = _contents(count)
    start = time.process_time()
    if at_once:
        with before():
            first = None
            for place in range(0, count, BATCH):
                analyse_images([read_image(*one) for one in contents[place : place + BATCH]], networks)
                first = first or time.process_time() - start
        return {"first": first or 0.0, "all": time.process_time() - start}
    found = analyse_files([Source(name, partial(_read, data, name)) for data, name in contents], networks)
    next(found)
    first = time.process_time() - start
    list(found)
    return {"first": first, "all": time.process_time() - start}


def _read(data: bytes, name: str) -> LensImage:
    return read_image(data, name)


def _contents(count: int) -> list[tuple[bytes, str]]:
    """Files of lenses of a survey: a corner of sky around them, and noise."""
    images = draw_nuisances(simulate_batch("survey", count, generator_of(12, 1)).images, generator_of(12, 2)).images.numpy()
    names = [f"{place}.{'fits' if place % 2 else 'npy'}" for place in range(count)]
    return [(fits_bytes(one) if name.endswith("fits") else npy_bytes(one), name) for one, name in zip(images, names, strict=True)]

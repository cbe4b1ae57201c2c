"""What the server does when a slider of the Lens lab moves."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lensmae.data.simulation.lens_lab import Subhalo, Substructure, Vortex, lab_row, observe
from lensmae.data.transforms import Transform
from lensmae.evaluation.images.lens_lab import class_probabilities, reconstruct
from lensmae.figures import pack, shared_scale
from lensmae.figures.lens_lab import lab_lines, lab_panels
from lensmae.models import CheckpointCard, Classifier, Reconstructor
from lensmae.models.checkpoint import build_network
from lensmae.progress import Progress

_SUBHALOS = 10
_LENS = {
    "e1": 0.1,
    "e2": 0.0,
    "gamma1": 0.05,
    "gamma2": 0.0,
    "source_x": 0.1,
    "source_y": 0.05,
    "R_sersic": 0.25,
    "n_sersic": 1.0,
}
_LENS |= {"source_e1": -0.1, "source_e2": 0.1, "source_magnitude": 22.5, "noise_level": 1.0}
_LENS |= {"lens_magnitude": 19.0, "lens_R_sersic": 1.2, "lens_n_sersic": 4.0, "lens_e1": 0.1, "lens_e2": 0.0}


@dataclass(frozen=True)
class LensLabResult:
    """Server work for one move of a slider at 64 pixels, in milliseconds; medians but for `p95_ms`.

    Attributes:
        moves: slider moves tried of each kind of lens.
        subhalos: dark subhalos in the lens.
        median_ms, p95_ms: of one move with point masses (Model II): all of it.
        look_ms, draw_ms, classify_ms, reconstruct_ms: its parts: image, the lens without substructure and curves; the four
            pictures packed for the browser; the classifier, one orientation; the autoencoder, one mask.
        survey_ms: of one move with truncated NFW subhalos, lens light and noise (survey_euclid).
        vortex_ms: of one move with an axion vortex of 100 point masses (Model II).
    """

    moves: int
    subhalos: int
    median_ms: float
    p95_ms: float
    look_ms: float
    draw_ms: float
    classify_ms: float
    reconstruct_ms: float
    survey_ms: float
    vortex_ms: float


def lens_lab(progress: Progress, moves: int = 60, size: dict[str, int] | None = None) -> LensLabResult:
    """Move the slider of the Einstein radius `moves` times, each time to another value; networks of the reference size.

    Args:
        size: `encoder_layers` and `decoder_layers` of smaller networks; the reference nets where None.
    """
    # Time does not depend on the weights, so no trained checkpoint is needed.
    size = size or {}
    encoder = {"layers": size["encoder_layers"]} if size else {}
    classifier = _untrained(Classifier, "classifier", {"encoder": encoder, "classes": 3}, classes=("no_sub", "cdm", "axion"))
    mae = _untrained(Reconstructor, "mae", size)
    rng = np.random.default_rng(0)
    halos = [Subhalo(10 ** rng.uniform(8, 10), *rng.uniform(-1.3, 1.3, 2)) for _ in range(_SUBHALOS)]
    kinds: list[tuple[str, Substructure]] = [("model_ii", halos), ("survey_euclid", halos), ("model_ii", Vortex(3e-23, 0.6))]
    times = np.empty((len(kinds), moves, 4))
    for index, (preset, matter) in enumerate(kinds):
        _move(preset, matter, 1.0, classifier, mae)
        for number, radius in enumerate(rng.permutation(np.linspace(0.8, 1.6, moves))):
            times[index, number] = _move(preset, matter, float(radius), classifier, mae)
            progress(index * moves + number + 1, len(kinds) * moves)
    times *= 1000
    total = times.sum(axis=2)
    parts = np.median(times[0], axis=0)
    return LensLabResult(
        moves=moves,
        subhalos=_SUBHALOS,
        median_ms=float(np.median(total[0])),
        p95_ms=float(np.percentile(total[0], 95)),
        look_ms=float(parts[0]),
        draw_ms=float(parts[1]),
        classify_ms=float(parts[2]),
        reconstruct_ms=float(parts[3]),
        survey_ms=float(np.median(total[1])),
        vortex_ms=float(np.median(total[2])),
    )


def _untrained(kind: type, name: str, architecture: dict, classes: tuple[str, ...] = ()) -> Classifier | Reconstructor:
    card = CheckpointCard(kind=name, architecture=architecture, transform=Transform(), classes=classes)
    network = build_network(name, architecture).eval().requires_grad_(False)
    return kind(Path(f"{name}.safetensors"), card, network, "cpu")


def _move(preset: str, matter: Substructure, radius: float, classifier: Classifier, mae: Reconstructor) -> np.ndarray:
    """Seconds of the four parts of one move."""
    marks = [time.perf_counter()]
    seen = observe(lab_row(preset, _LENS | {"theta_E": radius}, matter, 0), preset)
    marks.append(time.perf_counter())
    panels = lab_panels(seen.image, seen.expected, seen.smooth, seen.source)
    lines = lab_lines(seen.curves.critical, seen.curves.caustics, seen.image.shape[0], seen.pixel_scale)
    pack(panels, shared_scale(panels), lines)
    marks.append(time.perf_counter())
    class_probabilities(classifier, seen.image, averaged=False)
    marks.append(time.perf_counter())
    reconstruct(mae, seen.image)
    marks.append(time.perf_counter())
    return np.diff(marks)

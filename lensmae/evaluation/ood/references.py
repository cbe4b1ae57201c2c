"""The reference of a checkpoint: some of its training lenses, and measures of held-out ones, in a file beside it.

`NAME.reference.safetensors` belongs to `NAME.safetensors` by the content of that file, so it is never taken for other weights.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lensmae.errors import CheckpointError
from lensmae.evaluation.ood.expectation import Expectation, Temperature
from lensmae.evaluation.ood.novelty import EmbeddingSpace, Novelty, novelty
from lensmae.evaluation.ood.risk import Foreign, Risk
from lensmae.models.architecture import check_header
from lensmae.models.checkpoint import Kind
from lensmae.models.registry import reference_path
from lensmae.workspace import replacing

THUMBNAIL = 32
# Arrays of further measures of held-out lenses stand in the file under this name and their own.
_HELD = "held."
_HEADER = "lensmae_reference"
_MAX_BYTES = 1 << 26
# Arrays and measures as files of LensMAE 0.1 call them, and as they are called now.
_FORMERLY = {"remainders": "pca_residuals", _HELD + "remainder": _HELD + "pca_residual"}
_FORMER_MEASURES = {"remainder": "pca_residual"}
_AGAIN = "run `lensmae fit-ood CHECKPOINT DATA` again"


class Domain(BaseModel):
    """Inside which limits a network is trusted, and how well they tell its failures (`lensmae fit-ood`).

    Attributes:
        limits: by measure, the value beyond which an image is out of distribution; a measure without one is not asked.
        lenses: how many held-out lenses they were fitted to, as simulated and under each of the nuisances.
        nuisances: by name, what was measured under each: accuracy, share flagged, and the like.
        detection: by measure, AUROC and AURC of telling answers that are wrong, over all nuisances.
        flagged: share of in-domain lenses beyond a limit.
        foreign: tells embeddings of other images, for a network that was shown what is out of its domain.
        risk: how probable it is that an answer is wrong, where that has a limit.
        temperature: of its probabilities, by the noise of an image; None where they stay as they are.
        expectation: how often it is right about simulated lenses, by their noise.
        peak: the median of brightest pixels, for a network that knows one flux scale.
        confident: answers that were wrong with a probability of 0.9 or more, and the share of them that is flagged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: dict[str, float]
    lenses: int = Field(ge=1)
    nuisances: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    detection: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    flagged: float | None = None
    foreign: Foreign | None = None
    risk: Risk | None = None
    temperature: Temperature | None = None
    expectation: Expectation | None = None
    peak: float | None = Field(None, gt=0)
    confident: dict[str, float | None] = Field(default_factory=dict)

    @field_validator("limits", "detection")
    @classmethod
    def _present_names(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {_FORMER_MEASURES.get(name, name): one for name, one in value.items()}


class ReferenceCard(BaseModel):
    """What a reference says of itself.

    Attributes:
        method: changes where distances or scores are computed otherwise, so that old files are refused.
        sha256: of the checkpoint file.
        size: side of the images that were embedded, pixels.
        trained_on: whether the checkpoint was trained on this very data set.
        domain: limits fitted to failures; None in files of earlier versions, where each measure has a percentile of held-out
            lenses for its limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal[1] = 1
    checkpoint: str
    kind: Kind
    sha256: str
    data: str
    fingerprint: str
    preset: str | None
    pixel_scale: float | None
    size: int = Field(ge=1, le=4096)
    classes: tuple[str, ...]
    # Files of LensMAE 0.1 call it `learnt_from`.
    trained_on: bool = Field(validation_alias=AliasChoices("trained_on", "learnt_from"))
    domain: Domain | None = None
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True)
class Reference:
    """Training lenses that a new image is compared with, and the same measures of held-out lenses.

    Attributes:
        embeddings: (M, D) float16, mean-pooled tokens of training lenses.
        rows: (M,) int32, their rows in the data set.
        turns: (M,) uint8, how each was turned (`apply_d4`); all 0 for a network that knows one orientation.
        labels: (M,) uint8, their classes.
        thumbnails: (M, T, T) uint8, the square root of the image on [0, 1].
        distances: (H,) float32, distances of held-out lenses (`EmbeddingSpace.distances`).
        errors: (H,) float32, their anomaly scores (`reconstruct`); empty for a network that reconstructs nothing.
        pca_residuals: (H,) float32, what a classifier's components leave of them (`Classifier.pca_residual`); empty for a network
            that does not whiten.
        component_scale: (components,) float32, standard deviation of a whitening classifier's principal components over its
            training lenses; empty for another, and in files of earlier versions.
        measured: by name, (H,) float32 each, further measures of held-out lenses.
    """

    card: ReferenceCard
    embeddings: np.ndarray
    rows: np.ndarray
    turns: np.ndarray
    labels: np.ndarray
    thumbnails: np.ndarray
    distances: np.ndarray
    errors: np.ndarray
    pca_residuals: np.ndarray
    component_scale: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    measured: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def space(self) -> EmbeddingSpace:
        """Where distances are taken."""
        return EmbeddingSpace(self.embeddings)

    def novelty(self, measure: str, values: np.ndarray) -> list[Novelty]:
        """Where values (B,) of a measure lie among those of held-out lenses; `asks` must be true of it."""
        limit = None if self.card.domain is None else self.card.domain.limits[measure]
        return [novelty(measure, value, self.held_out(measure), limit) for value in values]

    def asks(self, measure: str) -> bool:
        """Whether a measure decides about an image being in domain."""
        if self.card.domain is not None:
            return measure in self.card.domain.limits
        return measure in ("embedding", "error", "pca_residual") and self.held_out(measure).size > 0

    def held_out(self, measure: str) -> np.ndarray:
        """The values (H,) of held-out lenses that a `Novelty.measure` is compared with; empty where there are none."""
        known = {"embedding": self.distances, "error": self.errors, "pca_residual": self.pca_residuals}
        return self.measured[measure] if measure in self.measured else known.get(measure, np.empty(0, np.float32))

    def picture(self, index: int) -> np.ndarray:
        """The thumbnail at an index, (T, T) float32 on [0, 1]."""
        return np.square(self.thumbnails[index] / np.float32(255))

    def class_of(self, index: int) -> str:
        """Class of the lens at an index."""
        return self.card.classes[int(self.labels[index])]


_ARRAYS = {
    "embeddings": (np.float16, 2),
    "rows": (np.int32, 1),
    "turns": (np.uint8, 1),
    "labels": (np.uint8, 1),
    "thumbnails": (np.uint8, 3),
    "distances": (np.float32, 1),
    "errors": (np.float32, 1),
    "pca_residuals": (np.float32, 1),
    "component_scale": (np.float32, 1),
}
# Files of earlier versions do not hold these.
_LATER = ("pca_residuals", "component_scale")
_NUMBERS = ("embeddings", "distances", "errors", "pca_residuals", "component_scale")


def content_digest(path: Path) -> str:
    """SHA-256 of a file, read once for as long as its time and size stay."""
    facts = path.stat()
    return _digest(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _digest(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_reference(path: Path, reference: Reference) -> None:
    """Write a reference atomically."""
    arrays = {name: np.ascontiguousarray(getattr(reference, name), dtype) for name, (dtype, _) in _ARRAYS.items()}
    arrays |= {_HELD + name: np.ascontiguousarray(values, np.float32) for name, values in reference.measured.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(arrays, metadata={_HEADER: reference.card.model_dump_json()}))


def read_reference(path: Path) -> Reference:
    """Read a reference. Raises `CheckpointError` where it is missing, damaged or not one of ours."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist.")
    if path.stat().st_size > _MAX_BYTES:
        raise CheckpointError(f"{path} has {path.stat().st_size / 1e6:,.0f} MB; a reference has a few. {_AGAIN.capitalize()}.")
    try:
        check_header(path)
        with safe_open(path, framework="np") as file:
            card = ReferenceCard.model_validate(json.loads((file.metadata() or {})[_HEADER]))
            names = {_FORMERLY.get(name, name): name for name in file.keys()}  # noqa: SIM118, it is no mapping
            stored = set(_ARRAYS) - (set(_LATER) - set(names))
            arrays = dict.fromkeys(_LATER, np.empty(0, np.float32)) | {name: file.get_tensor(names[name]) for name in stored}
            held = [name for name in sorted(names) if name.startswith(_HELD)]
            measured = {name.removeprefix(_HELD): file.get_tensor(names[name]) for name in held}
    except ValidationError as problem:
        wrong = ", ".join(".".join(map(str, error["loc"])) for error in problem.errors())
        raise CheckpointError(f"The header of {path} is not one that this version knows ({wrong}); {_AGAIN}.") from problem
    except (SafetensorError, OSError, ValueError, KeyError) as problem:
        raise CheckpointError(f"{path} is no readable reference of a checkpoint ({problem}); {_AGAIN}.") from problem
    reference = Reference(card, **arrays, measured=measured)
    _check(path, reference)
    return reference


def _check(path: Path, reference: Reference) -> None:
    count, held_out = len(reference.embeddings), len(reference.distances)
    measured, limits = reference.measured.values(), reference.card.domain.limits if reference.card.domain else ()
    sound = all(
        getattr(reference, name).dtype == dtype and getattr(reference, name).ndim == axes
        for name, (dtype, axes) in _ARRAYS.items()
    )
    sound = (
        sound
        and count >= 2
        and held_out >= 1
        and {len(getattr(reference, name)) for name in ("rows", "turns", "labels", "thumbnails")} == {count}
        and all(part.size in (0, held_out) for part in (reference.errors, reference.pca_residuals))
        and reference.thumbnails.shape[1:] == (THUMBNAIL, THUMBNAIL)
        and bool((reference.turns < 8).all() and (reference.labels < len(reference.card.classes)).all())
        and bool((reference.rows >= 0).all())
        and all(np.isfinite(getattr(reference, name)).all() for name in _NUMBERS)
        and bool((reference.component_scale > 0).all())
        and all(values.dtype == np.float32 and values.ndim == 1 and np.isfinite(values).all() for values in measured)
        and all(reference.held_out(name).size for name in limits)
    )
    if not sound:
        raise CheckpointError(f"The arrays of {path} do not fit each other; {_AGAIN}.")


def find_reference(checkpoint: Path) -> Reference | None:
    """The reference beside a checkpoint file; None where there is none.

    Raises `CheckpointError` where it is damaged or belongs to other weights.
    """
    path = reference_path(checkpoint)
    return own_reference(path, checkpoint) if path.is_file() else None


def reference_or_problem(checkpoint: Path) -> tuple[Reference | None, str | None]:
    """The reference beside a checkpoint file, or why there is one that is not used; None twice where there is none."""
    try:
        return find_reference(checkpoint), None
    except CheckpointError as problem:
        return None, str(problem)


def own_reference(path: Path, checkpoint: Path) -> Reference:
    """The reference in a file, if it belongs to this checkpoint file; else `CheckpointError`."""
    reference = read_reference(path)
    if reference.card.sha256 != content_digest(checkpoint):
        raise CheckpointError(
            f"{path.name} belongs to other weights than {checkpoint.name} holds now, so it is no reference for them; {_AGAIN}."
        )
    return reference

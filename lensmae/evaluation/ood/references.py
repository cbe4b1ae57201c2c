"""The reference of a checkpoint: some of its training lenses and what is usual among held-out ones, in a file beside it.

`NAME.reference.safetensors` belongs to `NAME.safetensors` by the content of that file, so it is never taken for other weights.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from lensmae.errors import CheckpointError
from lensmae.evaluation.ood.novelty import EmbeddingSpace, Novelty, novelty
from lensmae.models.checkpoint import Kind
from lensmae.models.registry import reference_path
from lensmae.workspace import replacing

THUMBNAIL = 32
_HEADER = "lensmae_reference"
_MAX_BYTES = 1 << 26
_AGAIN = "run `lensmae calibrate CHECKPOINT DATA` again"


class ReferenceCard(BaseModel):
    """What a reference says of itself.

    Attributes:
        method: changes where distances or scores are computed otherwise, so that old files are refused.
        sha256: of the checkpoint file.
        size: side of the images that were embedded, pixels.
        learnt_from: whether the checkpoint learnt from this very data set.
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
    learnt_from: bool
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
        errors: (H,) float32, their anomaly scores (`redraw`); empty for a network that redraws nothing.
        remainders: (H,) float32, what a classifier's components leave of them (`Classifier.remainder`); empty for a network that
            does not whiten.
    """

    card: ReferenceCard
    embeddings: np.ndarray
    rows: np.ndarray
    turns: np.ndarray
    labels: np.ndarray
    thumbnails: np.ndarray
    distances: np.ndarray
    errors: np.ndarray
    remainders: np.ndarray

    @cached_property
    def space(self) -> EmbeddingSpace:
        """Where distances are taken."""
        return EmbeddingSpace(self.embeddings)

    def distance_novelty(self, embeddings: np.ndarray) -> list[Novelty]:
        """How unusual embeddings (B, D) are."""
        return [novelty("embedding", value, self.distances) for value in self.space.distances(embeddings)]

    def error_novelty(self, scores: np.ndarray) -> list[Novelty]:
        """How unusual anomaly scores (B,) are; the reference must hold some."""
        return [novelty("error", value, self.errors) for value in scores]

    def remainder_novelty(self, remainders: np.ndarray) -> list[Novelty]:
        """How unusual is what the components leave (B,); the reference must hold some."""
        return [novelty("remainder", value, self.remainders) for value in remainders]

    def held_out(self, measure: str) -> np.ndarray:
        """The values (H,) of held-out lenses that a `Novelty.measure` is compared with."""
        return {"embedding": self.distances, "error": self.errors, "remainder": self.remainders}[measure]

    def picture(self, place: int) -> np.ndarray:
        """The thumbnail at a place, (T, T) float32 on [0, 1]."""
        return np.square(self.thumbnails[place] / np.float32(255))

    def class_of(self, place: int) -> str:
        """Class of the lens at a place."""
        return self.card.classes[int(self.labels[place])]


_ARRAYS = {
    "embeddings": (np.float16, 2),
    "rows": (np.int32, 1),
    "turns": (np.uint8, 1),
    "labels": (np.uint8, 1),
    "thumbnails": (np.uint8, 3),
    "distances": (np.float32, 1),
    "errors": (np.float32, 1),
    "remainders": (np.float32, 1),
}


def content_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def save_reference(path: Path, reference: Reference) -> None:
    """Write a reference atomically."""
    arrays = {name: np.ascontiguousarray(getattr(reference, name), dtype) for name, (dtype, _) in _ARRAYS.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(save(arrays, metadata={_HEADER: reference.card.model_dump_json()}))


def read_reference(path: Path) -> Reference:
    """Read a reference. Raises `CheckpointError` where it is missing, damaged or not one of ours."""
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist.")
    if path.stat().st_size > _MAX_BYTES:
        raise CheckpointError(f"{path} has {path.stat().st_size / 1e6:,.0f} MB; a reference has a few. {_AGAIN.capitalize()}.")
    try:
        with safe_open(path, framework="np") as file:
            card = ReferenceCard.model_validate(json.loads((file.metadata() or {})[_HEADER]))
            # Files of earlier versions hold no remainders.
            stored = set(_ARRAYS) - ({"remainders"} - set(file.keys()))
            arrays = {"remainders": np.empty(0, np.float32)} | {name: file.get_tensor(name) for name in stored}
    except ValidationError as problem:
        wrong = ", ".join(".".join(map(str, error["loc"])) for error in problem.errors())
        raise CheckpointError(f"The header of {path} is not one that this version knows ({wrong}); {_AGAIN}.") from problem
    except (SafetensorError, OSError, ValueError, KeyError) as problem:
        raise CheckpointError(f"{path} is no readable reference of a checkpoint ({problem}); {_AGAIN}.") from problem
    reference = Reference(card, **arrays)
    _check(path, reference)
    return reference


def _check(path: Path, reference: Reference) -> None:
    count, held_out = len(reference.embeddings), len(reference.distances)
    sound = all(
        getattr(reference, name).dtype == dtype and getattr(reference, name).ndim == axes
        for name, (dtype, axes) in _ARRAYS.items()
    )
    sound = (
        sound
        and count >= 2
        and held_out >= 1
        and {len(getattr(reference, name)) for name in ("rows", "turns", "labels", "thumbnails")} == {count}
        and all(part.size in (0, held_out) for part in (reference.errors, reference.remainders))
        and reference.thumbnails.shape[1:] == (THUMBNAIL, THUMBNAIL)
        and bool((reference.turns < 8).all() and (reference.labels < len(reference.card.classes)).all())
        and bool((reference.rows >= 0).all())
        and all(np.isfinite(getattr(reference, name)).all() for name in ("embeddings", "distances", "errors", "remainders"))
    )
    if not sound:
        raise CheckpointError(f"The arrays of {path} do not fit each other; {_AGAIN}.")


def find_reference(checkpoint: Path) -> Reference | None:
    """The reference beside a checkpoint file; None where there is none.

    Raises `CheckpointError` where it is damaged or belongs to other weights.
    """
    path = reference_path(checkpoint)
    return own_reference(path, checkpoint) if path.is_file() else None


def own_reference(path: Path, checkpoint: Path) -> Reference:
    """The reference in a file, if it belongs to this checkpoint file; else `CheckpointError`."""
    reference = read_reference(path)
    if reference.card.sha256 != content_digest(checkpoint):
        raise CheckpointError(
            f"{path.name} belongs to other weights than {checkpoint.name} holds now, so it cannot say what is usual for them; "
            f"{_AGAIN}."
        )
    return reference

"""Networks, checkpoint files, and loaded models that predict."""

from lensmae.models.checkpoint import CheckpointCard, read_card, save_checkpoint
from lensmae.models.classifier import LensClassifier, build_classifier
from lensmae.models.mae import MAEDecoder, MAEEncoder, MAEViT
from lensmae.models.masking import PatchShuffle
from lensmae.models.predictors import (
    Classifier,
    Reconstruction,
    Reconstructor,
    SuperResolver,
    load_checkpoint,
)
from lensmae.models.registry import CheckpointEntry, damaged_checkpoints, find_checkpoint, list_checkpoints
from lensmae.models.superres import LensSuperResolver, bicubic_upsample

__all__ = [
    "CheckpointCard",
    "CheckpointEntry",
    "Classifier",
    "LensClassifier",
    "LensSuperResolver",
    "MAEDecoder",
    "MAEEncoder",
    "MAEViT",
    "PatchShuffle",
    "Reconstruction",
    "Reconstructor",
    "SuperResolver",
    "bicubic_upsample",
    "build_classifier",
    "damaged_checkpoints",
    "find_checkpoint",
    "list_checkpoints",
    "load_checkpoint",
    "read_card",
    "save_checkpoint",
]

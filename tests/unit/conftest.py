"""Small untrained networks, saved as checkpoints of the test's workspace: real files, known behaviour."""

import pytest
import torch

from lensmae.data.transforms import Transform
from lensmae.models import CheckpointCard, save_checkpoint
from lensmae.models.checkpoint import build_network
from lensmae.workspace import models_dir

ENCODER = {"image_size": 64, "patch_size": 8, "emb_dim": 24, "layers": 2, "heads": 2}
MAE = {
    "image_size": 64,
    "patch_size": 8,
    "emb_dim": 24,
    "encoder_layers": 2,
    "encoder_heads": 2,
    "decoder_layers": 1,
    "decoder_heads": 2,
}
# The classes are in another order than the data set's, as a foreign checkpoint's may be.
CLASSES = ("axion", "no_sub", "cdm")


def save(name, kind, architecture, seed=0, **card):
    """Save an untrained network under a name of the workspace."""
    torch.manual_seed(seed)
    network = build_network(kind, architecture)
    save_checkpoint(models_dir() / f"{name}.safetensors", CheckpointCard(kind=kind, architecture=architecture, **card), network)
    return name


@pytest.fixture
def mae(workspace_with_lenses):
    return save("tiny-mae", "mae", MAE, transform=Transform(mean=0.3, std=0.4))


@pytest.fixture
def classifier(workspace_with_lenses):
    architecture = {"encoder": ENCODER, "classes": 3}
    torch.manual_seed(1)
    network = build_network("classifier", architecture)
    # Logits of an untrained head are almost equal; larger weights spread them, so that ranks and confidences differ.
    torch.nn.init.normal_(network.head.weight, std=2.0)
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=CLASSES)
    save_checkpoint(models_dir() / "tiny-classifier.safetensors", card, network)
    return "tiny-classifier"


@pytest.fixture
def superres(workspace_with_lenses):
    architecture = {"encoder": ENCODER | {"image_size": 80}, "scale": 2, "width": 8, "depth": 1}
    return save("tiny-superres", "superres", architecture, transform=Transform(stretch="linear", gain=1.0, per_image_peak=False))

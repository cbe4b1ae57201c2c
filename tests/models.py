"""Small untrained networks as checkpoint files of a workspace: real files, for tests of what is around them."""

from pathlib import Path

import torch

from lensmae.data.transforms import Transform
from lensmae.models import CheckpointCard, save_checkpoint
from lensmae.models.checkpoint import build_network

ENCODER = {"image_size": 64, "patch_size": 8, "emb_dim": 24, "layers": 2, "heads": 2}
_SIZES = {"encoder_layers": 2, "encoder_heads": 2, "decoder_layers": 1, "decoder_heads": 2}
ARCHITECTURES = {
    "mae": {"image_size": 64, "patch_size": 8, "emb_dim": 24, **_SIZES},
    "classifier": {"encoder": ENCODER, "classes": 3, "mass_head": True},
    "superres": {"encoder": ENCODER | {"image_size": 80}, "scale": 2, "width": 8, "depth": 1},
}


def save_small_networks(home: Path) -> None:
    """Write `small-mae`, `small-classifier` and `small-superres` into the workspace `home`."""
    for kind, architecture in ARCHITECTURES.items():
        torch.manual_seed(0)
        network = build_network(kind, architecture)
        if kind == "classifier":
            # Logits of an untrained head are almost equal; larger weights spread them.
            torch.nn.init.normal_(network.head.weight, std=2.0)
        classes = ("no_sub", "cdm", "axion") if kind == "classifier" else ()
        card = CheckpointCard(kind=kind, architecture=architecture, transform=Transform(), classes=classes)
        save_checkpoint(home / "checkpoints" / f"small-{kind}.safetensors", card, network)

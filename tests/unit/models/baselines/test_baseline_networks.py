import numpy as np
import pytest
import torch

from lensmae.data.transforms import Transform
from lensmae.models import CheckpointCard, load_checkpoint, save_checkpoint
from lensmae.models.baselines.edsr import ConvSuperResolver
from lensmae.models.baselines.resnet import ResNetClassifier
from lensmae.models.checkpoint import build_network


def test_resnet_18_has_the_published_number_of_parameters():
    # torchvision.models.resnet18: 11,689,512 with a 3-channel stem (9,408) and a head of 1,000 classes (513,000).
    published = 11_689_512 - 513_000 - 9_408 + (3_136 + 3 * 512 + 3)
    assert sum(parameter.numel() for parameter in ResNetClassifier(3).parameters()) == published


def test_an_untrained_edsr_is_bicubic_interpolation_at_any_size():
    images = torch.rand(2, 1, 20, 31)
    expected = torch.nn.functional.interpolate(images, scale_factor=2, mode="bicubic", align_corners=False)
    torch.testing.assert_close(ConvSuperResolver(width=8, depth=2)(images, images), expected)


@pytest.mark.parametrize(
    ("kind", "architecture", "shape"),
    [
        ("classifier", {"backbone": "resnet18", "classes": 3, "image_size": 32}, (2, 3)),
        ("superres", {"backbone": "edsr", "scale": 2, "width": 8, "depth": 1, "image_size": 32}, (2, 64, 64)),
    ],
)
def test_a_baseline_is_a_checkpoint_like_any_other(tmp_path, kind, architecture, shape):
    network = build_network(kind, architecture).eval()
    classes = ("no_sub", "cdm", "axion") if kind == "classifier" else ()
    card = CheckpointCard(kind=kind, architecture=architecture, transform=Transform(), classes=classes)
    save_checkpoint(tmp_path / "baseline.safetensors", card, network, torch.float16)
    model = load_checkpoint(tmp_path / "baseline.safetensors")
    found = model.predict(np.random.default_rng(0).random((2, 32, 32), dtype=np.float32))
    assert found.shape == shape
    assert np.isfinite(found).all()
    assert not model.has_tokens
    if kind == "classifier":
        assert not model.tells_mass

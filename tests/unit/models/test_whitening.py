import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from lensmae.data.transforms import Transform
from lensmae.models import CheckpointCard, MAEEncoder, build_classifier, save_checkpoint
from lensmae.models.checkpoint import read_network
from lensmae.models.whitening import Whitening, principal_components


def correlated(count, size=8):
    """Images that differ a thousand times more in one pattern than in all others."""
    generator = torch.Generator().manual_seed(0)
    pattern = torch.randn(1, 1, size, size, generator=generator)
    return 1000 * torch.randn(count, 1, 1, 1, generator=generator) * pattern + torch.randn(
        count, 1, size, size, generator=generator
    )


def test_whitening_agrees_with_scikit_learns_principal_components():
    images = correlated(400)
    whitening = Whitening(20, 8)
    whitening.fit(images)
    flat = images.reshape(400, -1).double().numpy()
    measured = PCA(20).fit(flat)
    scores = measured.transform(flat) / np.sqrt(measured.explained_variance_ + measured.explained_variance_[5])
    expected = scores @ measured.components_
    result = torch.sinh(whitening(images)).reshape(400, -1).numpy()
    np.testing.assert_allclose(result, expected / expected.std() * result.std(), atol=2e-3)
    assert result.std() == pytest.approx(1.0, abs=0.01)


def test_a_small_difference_becomes_as_large_as_a_common_one():
    images = correlated(400)
    whitening = Whitening(20, 8)
    whitening.fit(images)
    component = whitening.basis[7].reshape(1, 1, 8, 8)
    change = (whitening(images + component) - whitening(images)).abs().mean()
    common = (whitening(images + whitening.basis[0].reshape(1, 1, 8, 8)) - whitening(images)).abs().mean()
    assert change > 100 * common


def test_mixed_precision_changes_neither_whitened_images_nor_a_mass_by_its_rounding():
    torch.manual_seed(0)
    network = build_classifier(
        MAEEncoder(8, 4, 24, layers=1, heads=2), whitening=20, mass_network={"width": 32, "layers": 2}
    ).eval()
    images = correlated(400)
    network.whitening.fit(images)
    network.mass.fit(network.whitening.components(images))
    linear = build_classifier(MAEEncoder(8, 4, 24, layers=1, heads=2), mass_head=True).eval()
    with torch.no_grad():
        expected = network.whitening(images), network.log_mass(images), linear.log_mass(images / 1000)
        with torch.autocast("cpu", torch.bfloat16):
            mixed = network.whitening(images), network.log_mass(images), linear.log_mass(images / 1000)
    assert torch.equal(mixed[0], expected[0])
    for one, other in zip(mixed[1:], expected[1:], strict=True):
        # bfloat16 itself knows -23 and -22.875, nothing between.
        assert (one - other).abs().max() < 0.03


def test_whitening_wants_its_own_size_and_enough_images():
    with pytest.raises(ValueError, match="more than 20 images"):
        Whitening(20, 8).fit(correlated(20))
    with pytest.raises(ValueError, match="8x8"):
        Whitening(20, 8)(torch.zeros(1, 1, 16, 16))


def test_a_whitened_classifier_still_keeps_the_brightest_patches():
    torch.manual_seed(0)
    network = build_classifier(MAEEncoder(image_size=8, emb_dim=16, layers=1, heads=2), keep_tokens=1, whitening=5).eval()
    network.whitening.fit(correlated(60))
    images = torch.zeros(1, 1, 8, 8)
    images[..., :4, 4:] = 5.0
    patches = network.encoder.patches(network.whitening(images))[:, 1:2]
    torch.testing.assert_close(network.features(images), network.encoder.encode(patches)[:, 1])


def test_a_checkpoint_of_half_precision_keeps_whitening_exact(tmp_path):
    network = build_classifier(MAEEncoder(16, 4, 24, layers=1, heads=2), whitening=6)
    network.whitening.fit(torch.rand(40, 1, 16, 16))
    architecture = {"encoder": {"image_size": 16, "patch_size": 4, "emb_dim": 24, "layers": 1, "heads": 2}, "whitening": 6}
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=("a", "b", "c"))
    save_checkpoint(tmp_path / "half.safetensors", card, network, torch.float16)
    _, loaded = read_network(tmp_path / "half.safetensors")
    assert torch.equal(loaded.whitening.basis, network.whitening.basis)
    assert torch.equal(loaded.whitening.gain, network.whitening.gain)
    assert torch.equal(loaded.head.weight, network.head.weight.half().float())


def test_the_same_images_are_measured_once():
    images = torch.rand(20, 1, 4, 4)
    first, _ = principal_components(images, 3)
    assert principal_components(images.clone(), 3)[0] is first
    assert principal_components(images, 4)[0] is not first
    assert principal_components(images + 1, 3)[0] is not first

"""The convolutional classifier: sizes, finite numbers, D4, and one pass for embedding and answer."""

import numpy as np
import pytest
import torch

from lensmae.data.nuisances import perturb
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.data.transforms import SURVIVING
from lensmae.models import load_checkpoint
from lensmae.models.checkpoint import CheckpointCard, build_network, save_checkpoint

ARCHITECTURE = {"backbone": "convnet", "classes": 3, "image_size": 64, "widths": [8, 16], "blocks": 1, "softening": [0.01, 3.0]}


@pytest.fixture
def classifier(tmp_path):
    """An untrained network from its checkpoint file, in half precision."""
    torch.manual_seed(0)
    network = build_network("classifier", ARCHITECTURE).eval()
    torch.nn.init.normal_(network.score.weight, std=0.3)
    card = CheckpointCard(kind="classifier", architecture=ARCHITECTURE, transform=SURVIVING, classes=("no_sub", "cdm", "axion"))
    save_checkpoint(tmp_path / "net.safetensors", card, network, torch.float16)
    return load_checkpoint(tmp_path / "net.safetensors")


@pytest.fixture(scope="module")
def lenses():
    return perturb(simulate_batch("model_ii", 6, generator_of(4)).images, "noise", 1e-3).numpy()


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (33, 41), (8, 8)])
def test_it_takes_any_size(classifier, shape):
    images = np.random.default_rng(1).random((2, *shape), dtype=np.float32)
    assert classifier.predict(images).shape == (2, 3)


def test_unit_offset_turns_and_mirrors_do_not_change_an_answer(classifier, lenses):
    answer = classifier.predict(lenses, d4=True)
    for changed in (1e4 * lenses + 30.0, np.rot90(lenses, 1, (1, 2)), lenses[:, :, ::-1]):
        np.testing.assert_allclose(classifier.predict(np.ascontiguousarray(changed), d4=True), answer, atol=1e-4)


def test_answers_follow_from_embeddings(classifier, lenses):
    embeddings = classifier.embed(lenses)
    assert embeddings.shape == (6, 16)
    np.testing.assert_allclose(classifier.classify(embeddings), classifier.predict(lenses, d4=False), atol=1e-6)


def test_sky_around_a_lens_counts_little(classifier, lenses):
    """Attention pooling weighs places: with equal weights, twice the sky would halve what a lens adds to the mean."""
    wide = np.pad(lenses, ((0, 0), (16, 16), (16, 16)), mode="edge")
    assert classifier.predict(wide).shape == (6, 3)
    features = classifier.module.feature_map(SURVIVING.forward(torch.from_numpy(lenses[:, None])))
    weights = classifier.module.score(features).flatten(2).softmax(dim=2)
    expected = (features.flatten(2) * weights).sum(2)
    np.testing.assert_allclose(classifier.embed(lenses), expected.detach().numpy(), atol=1e-5)
    assert float((weights.flatten(1).amax(1) / weights.flatten(1).amin(1)).min()) > 1.5


@pytest.mark.parametrize("value", [0.0, 1e-45, 3e38, -3e38])
def test_extreme_images_give_probabilities(classifier, value):
    images = np.full((1, 64, 64), value, dtype=np.float32)
    images[0, 30, 30] = 3e38
    answer = classifier.predict(images)
    np.testing.assert_allclose(answer.sum(), 1.0, atol=1e-5)

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset
from lensmae.data.transforms import Transform
from lensmae.errors import DatasetError
from lensmae.evaluation.classification.saliency import (
    attention_rollout,
    integrated_gradients,
    occlusion,
    transformed_input,
    without_detail,
)
from lensmae.models import CheckpointCard, Classifier
from lensmae.models.checkpoint import build_network
from tests.unit.conftest import ENCODER

ARCHITECTURES = {
    "plain": {"encoder": ENCODER, "classes": 3},
    "some tokens": {"encoder": ENCODER, "classes": 3, "keep_tokens": 20},
    "whitened": {"encoder": ENCODER, "classes": 3, "whitening": 8},
    "of the residual": {"encoder": ENCODER, "classes": 3, "residual": 8},
}


def classifier(tmp_path, images, architecture):
    torch.manual_seed(1)
    network = build_network("classifier", architecture)
    torch.nn.init.normal_(network.head.weight, std=2.0)
    if architecture.get("whitening"):
        network.whitening.fit(Transform().forward(torch.from_numpy(images)[:, None]))
    if architecture.get("residual"):
        network.prior.fit(Transform().forward(torch.from_numpy(images)[:, None]))
    card = CheckpointCard(kind="classifier", architecture=architecture, transform=Transform(), classes=("a", "b", "c"))
    return Classifier(tmp_path / "any.safetensors", card, network.eval().requires_grad_(False), "cpu")


@pytest.fixture
def images(workspace_with_lenses):
    return np.array(open_dataset("lenses").images[:30])


BASELINES = {
    "plain": "an empty sky",
    "some tokens": "an empty sky",
    "whitened": "the mean training lens",
    "of the residual": "a lens that the linear model explains to the last pixel",
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_integrated_gradients_sum_to_the_change_of_the_logit(tmp_path, images, name):
    """Completeness (Sundararajan et al. 2017, proposition 1), up to the logit that is the network's own for the image."""
    model = classifier(tmp_path, images, ARCHITECTURES[name])
    found = integrated_gradients(model, images[0], 1)
    assert abs(found.change) > 1e-3
    assert found.pixels.sum() == pytest.approx(found.change, rel=0.02, abs=0.02)
    assert found.baseline == BASELINES[name]
    inputs = Transform().forward(torch.from_numpy(images[:1])[:, None])
    of_input = model.module.logits_of_input(model.module.network_input(inputs), model.module.kept_tokens(inputs))
    torch.testing.assert_close(of_input, model.module(inputs), rtol=0, atol=0)


def test_more_nodes_are_taken_until_the_gradients_sum_up(tmp_path, images):
    model = classifier(tmp_path, images, ARCHITECTURES["whitened"])
    errors = []
    for steps in (1, None):
        found = integrated_gradients(model, images[0], 1, steps=steps)
        errors.append(abs(found.pixels.sum() - found.change))
    assert errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_rollout_is_the_product_of_attention_captured_inside_the_network(tmp_path, images, name):
    """Attention from query and key of every layer, as a hook sees them while the classifier predicts."""
    model = classifier(tmp_path, images, ARCHITECTURES[name])
    seen = []
    for block in model.module.encoder.transformer:
        block.attn.qkv.register_forward_hook(lambda layer, inputs, output: seen.append(output))
    model.predict(images[:1], d4=False)
    product = np.eye(seen[0].shape[1])
    for output in seen[:2]:
        query, key, _ = output[0].double().view(-1, 3, 2, 12).permute(1, 2, 0, 3)
        weights = (query @ key.transpose(-2, -1) / 12**0.5).softmax(-1).mean(0).numpy()
        product = 0.5 * (weights + np.eye(len(weights))) @ product
    expected = product[1:, 1:].mean(axis=0)
    drawn = attention_rollout(model, images[0])[::8, ::8]
    shares = np.sort(drawn[drawn > 0])
    np.testing.assert_allclose(shares, np.sort(expected / expected.sum()), rtol=1e-4)
    assert drawn.sum() == pytest.approx(1.0, abs=1e-5)


def test_patches_that_are_not_encoded_have_no_attention_and_are_the_faintest(tmp_path, images):
    model = classifier(tmp_path, images, ARCHITECTURES["some tokens"])
    drawn = attention_rollout(model, images[0])[::8, ::8]
    brightness = (
        Transform().forward(torch.from_numpy(images[:1])[:, None])[0, 0].unfold(0, 8, 8).unfold(1, 8, 8).mean((2, 3)).numpy()
    )
    assert (drawn > 0).sum() == 20
    assert brightness[drawn > 0].min() >= brightness[drawn == 0].max()


def test_occlusion_of_one_window_is_the_fall_of_the_log_odds(tmp_path, images):
    model = classifier(tmp_path, images, ARCHITECTURES["plain"])
    # One window as large as the image: every pixel has the fall of the whole smoothed image.
    from scipy.ndimage import gaussian_filter

    drawn = occlusion(model, images[0], 2, window=64)
    sharp, smooth = model.predict(np.stack([images[0], gaussian_filter(images[0], 8, mode="nearest")]), d4=False)[:, 2]
    expected = np.log(sharp / (1 - sharp)) - np.log(smooth / (1 - smooth))
    np.testing.assert_allclose(drawn, expected, rtol=1e-3, atol=1e-5)


def test_smoothing_a_flat_image_changes_nothing(tmp_path, images):
    model = classifier(tmp_path, images, ARCHITECTURES["plain"])
    np.testing.assert_allclose(occlusion(model, np.ones((64, 64), np.float32), 0), 0, atol=1e-5)


def test_an_image_of_another_size_is_refused_by_a_whitened_network(tmp_path, images):
    model = classifier(tmp_path, images, ARCHITECTURES["whitened"])
    with pytest.raises(DatasetError, match="64x64 and takes no others"):
        integrated_gradients(model, np.ones((80, 80), np.float32), 0)


def test_what_a_network_sees_is_the_residual_or_the_whitened_image_and_else_the_image_itself(tmp_path, images):
    inputs = Transform().forward(torch.from_numpy(images[:1])[:, None])
    assert transformed_input(classifier(tmp_path, images, ARCHITECTURES["plain"]), images[0]) is None
    for name, view in (("of the residual", lambda m: m.prior.residual(inputs)), ("whitened", lambda m: m.whitening(inputs))):
        model = classifier(tmp_path, images, ARCHITECTURES[name])
        pixels, words = transformed_input(model, images[0])
        np.testing.assert_allclose(pixels, view(model.module)[0, 0].numpy(), rtol=1e-4, atol=1e-4)
        assert "linear model" in words or "whitened" in words


def test_nothing_is_lost_where_the_linear_model_explains_all(tmp_path, images):
    model = classifier(tmp_path, images, ARCHITECTURES["of the residual"])
    smooth = without_detail(model, images[0])
    assert np.abs(smooth - images[0]).max() > 1e-3
    # Explained once more it stays nearly as it is.
    drawn, before = occlusion(model, smooth, 0), occlusion(model, images[0], 0)
    assert np.abs(drawn).max() < 0.2 * np.abs(before).max()

"""Loaded checkpoints: what they give does not depend on how images are cut into batches."""

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset
from lensmae.models import list_checkpoints, load_checkpoint
from lensmae.models.predictors import POOLINGS


@pytest.fixture
def images(workspace_with_lenses):
    return np.array(open_dataset("lenses").images[20:60])


@pytest.mark.parametrize("layer", [1, 2])
def test_a_layer_is_what_its_block_gives_after_the_final_norm(mae, images, layer):
    model, seen = load_checkpoint(mae), []
    encoder = model.module.encoder
    encoder.transformer[layer - 1].register_forward_hook(lambda _, __, output: seen.append(encoder.layer_norm(output)))
    with torch.inference_mode():
        encoder.tokens(model.transform.forward(torch.from_numpy(images).unsqueeze(1)))
        tokens = seen.pop().numpy()
        found = model.pooled(images, layer)
    np.testing.assert_allclose(found[POOLINGS.index("mean")], tokens[:, 1:].mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(found[POOLINGS.index("class token")], tokens[:, 0], atol=1e-5)
    np.testing.assert_allclose(found[POOLINGS.index("max")], tokens[:, 1:].max(axis=1), atol=1e-5)


def test_the_last_layer_is_the_default(mae, images):
    model = load_checkpoint(mae)
    np.testing.assert_array_equal(model.embed(images), model.embed(images, 2, "mean"))


@pytest.mark.parametrize(("layer", "pooling"), [(0, "mean"), (3, "mean"), (1, "median")])
def test_a_layer_or_pooling_that_is_not_there_is_refused(mae, images, layer, pooling):
    with pytest.raises(ValueError, match="There is no"):
        load_checkpoint(mae).embed(images, layer, pooling)


def test_classes_follow_from_embeddings_as_from_images(classifier, images):
    model = load_checkpoint(classifier)
    np.testing.assert_allclose(model.classify(model.embed(images)), model.predict(images, d4=False), atol=1e-5)


def test_one_mask_serves_more_images_than_a_batch_holds(mae, images):
    model = load_checkpoint(mae)
    hidden = np.arange(64).reshape(1, 8, 8) % 4 != 0
    drawn = model.predict(images, hidden=hidden)
    assert (drawn.hidden == hidden).all()
    np.testing.assert_allclose(drawn.prediction[-1:], model.predict(images[-1:], hidden=hidden).prediction, atol=1e-5)


def test_masks_of_a_seed_do_not_depend_on_the_batches(mae, images):
    model = load_checkpoint(mae)
    many = model.predict(images, seed=3)
    np.testing.assert_array_equal(many.mask[-1], model.predict(images[-1:], seed=3 + len(images) - 1).mask[0])


def test_the_plain_name_comes_before_those_that_go_on_from_it():
    """The first of a kind is what a page opens with."""
    shipped = [entry.name for entry in list_checkpoints() if entry.origin == "shipped" and entry.card.kind == "mae"]
    assert shipped == ["mae", "mae-no-sub"]

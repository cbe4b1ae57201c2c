"""Attention maps against PyTorch's own attention, and rollout against a case by hand."""

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset
from lensmae.errors import ConfigError
from lensmae.evaluation.reconstruction.attention import AttentionMaps, attention_maps, position_similarity
from lensmae.models import load_checkpoint


@pytest.fixture
def lens(workspace_with_lenses):
    return np.array(open_dataset("lenses").images[3])


@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_weights_are_those_of_multi_head_attention(mae, lens, part):
    model = load_checkpoint(mae)
    maps = attention_maps(model, lens, part)
    np.testing.assert_allclose(maps.weights.sum(axis=-1), 1.0, rtol=1e-5)
    network = getattr(model.module, part)
    inputs = model.transform.forward(torch.from_numpy(lens)[None, None])
    tokens = network.with_class_token(network.patches(inputs)) if part == "encoder" else None
    if tokens is None:
        features, backward = model.module.encoder(inputs, mask_ratio=0.0, scores=torch.zeros(1, 64))
        tokens = network.unshuffled(features, backward, (8, 8))
    block = network.transformer[0]
    reference = torch.nn.MultiheadAttention(24, 2, bias=False, batch_first=True)
    reference.in_proj_weight.data = block.attn.qkv.weight
    normal = block.norm1(tokens)
    _, expected = reference(normal, normal, normal, average_attn_weights=False)
    np.testing.assert_allclose(maps.weights[0], expected[0].detach().numpy(), rtol=1e-3, atol=1e-6)


def test_the_decoder_sees_another_thing_under_another_mask(mae, lens):
    model = load_checkpoint(mae)
    hidden = np.zeros((8, 8), dtype=bool)
    hidden[2:6, 2:6] = True
    assert not np.allclose(attention_maps(model, lens, "decoder", hidden).weights, attention_maps(model, lens, "decoder").weights)


def test_a_patch_reads_its_own_row_and_the_class_token_the_first():
    weights = np.random.default_rng(0).random((1, 1, 5, 5)).astype(np.float32)
    maps = AttentionMaps(weights, (2, 2))
    np.testing.assert_array_equal(maps.head(0, 0, (1, 0)), weights[0, 0, 3, 1:].reshape(2, 2))
    np.testing.assert_array_equal(maps.head(0, 0, None), weights[0, 0, 0, 1:].reshape(2, 2))


def test_rollout_of_two_layers_by_hand():
    """Two tokens; every layer keeps half by the residual and takes half from where its head looks."""
    swap, stay = np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(2)
    maps = AttentionMaps(np.stack([np.stack([swap, stay]), np.stack([swap, swap])]), (1, 1))
    # First layer: heads average to one half each way, so tokens keep 3/4; second layer: 1/2 each way.
    np.testing.assert_allclose(maps.rollout(None), [[0.5]])
    maps = AttentionMaps(np.stack([np.stack([swap, stay])]), (1, 1))
    np.testing.assert_allclose(maps.rollout((0, 0)), [[0.75]])


def test_a_position_is_most_like_itself(mae):
    model = load_checkpoint(mae)
    for part in ("encoder", "decoder"):
        similar = position_similarity(model, (8, 8), (3, 5), part)
        assert similar.argmax() == 3 * 8 + 5
        assert similar[3, 5] == pytest.approx(1.0)
    assert position_similarity(model, (12, 12), (0, 0)).shape == (12, 12)


def test_an_unknown_part_is_named(mae, lens):
    with pytest.raises(ConfigError, match="encoder and decoder"):
        attention_maps(load_checkpoint(mae), lens, "head")

"""What standardises the features before a classifier's head."""

import pytest
import torch

from lensmae.models.checkpoint import build_network

ENCODER = {"image_size": 16, "patch_size": 4, "emb_dim": 24, "layers": 1, "heads": 3}
ARCHITECTURE = {"encoder": ENCODER, "classes": 3, "keep_tokens": None, "mass_head": False}


def test_a_batch_norm_gives_every_channel_the_same_weight():
    torch.manual_seed(0)
    network = build_network("classifier", ARCHITECTURE | {"head_norm": "batch"}).train()
    features = network.features(torch.rand(64, 1, 16, 16))
    assert features.std(dim=0).max() > 2 * features.std(dim=0).min()
    standard = network.head_norm(features)
    torch.testing.assert_close(standard.var(dim=0, unbiased=False), torch.ones(24), atol=0.02, rtol=0)
    assert not list(network.head_norm.parameters())


def test_another_norm_is_refused():
    with pytest.raises(ValueError, match="head_norm is 'group'"):
        build_network("classifier", ARCHITECTURE | {"head_norm": "group"})

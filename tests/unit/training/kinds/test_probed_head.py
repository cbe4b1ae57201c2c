"""Fitting a classifier's head before fine-tuning."""

import numpy as np
import pytest
import torch

from lensmae.errors import ConfigError
from lensmae.models.linear_probe import fit_linear_probe
from lensmae.training import make_config
from lensmae.training.kinds.probed_head import fit_head
from lensmae.training.kinds.registry import start_network
from lensmae.training.loading.datamodule import open_data

TINY = {
    "data": "simulate:model_ii",
    "init": "scratch",
    "transform": "surviving",
    "patch_size": 16,
    "emb_dim": 24,
    "batch_size": 32,
}
TINY |= {"encoder_layers": 1, "validation_images": 8, "head_norm": "batch", "pooling": "all"}


def test_the_head_answers_as_a_linear_probe_of_the_first_batches():
    config = make_config("classifier", **TINY, probe_images=96)
    data = open_data(config)
    card, network = start_network(config, data.dataset, data.training_rows)
    encoder = {name: tensor.clone() for name, tensor in network.encoder.state_dict().items()}
    fit_head(config, card, network, data.feed)
    assert all(torch.equal(tensor, encoder[name]) for name, tensor in network.encoder.state_dict().items())
    batches = [data.feed.batch(step, 0, 1, torch.device("cpu")) for step in range(3)]
    inputs = card.transform.forward(torch.cat([batch.images for batch in batches]))
    labels = np.concatenate([batch.labels.numpy() for batch in batches])
    with torch.inference_mode():
        features = network.eval().features(inputs)
        answered = network(inputs).softmax(1)
    assert features.shape == (96, 3 * 24)
    expected = fit_linear_probe(features.numpy(), labels).predict_proba(features.numpy())
    np.testing.assert_allclose(answered.numpy(), expected, atol=0.02)
    assert (expected.argmax(1) == labels).mean() > 0.5


def test_a_head_behind_a_layer_norm_is_not_fitted_first():
    with pytest.raises(ConfigError, match="set head_norm to batch"):
        make_config("classifier", **TINY | {"head_norm": "layer"}, probe_images=96)

"""A head fitted to the features of an encoder before fine-tuning begins."""

import numpy as np
import pytest
import torch

from lensmae.errors import ConfigError, DatasetError
from lensmae.models.checkpoint import build_network
from lensmae.training import make_config
from lensmae.training.kinds.head import fit_head
from lensmae.training.kinds.registry import start_network
from lensmae.training.loading.datamodule import open_data

ENCODER = {"image_size": 16, "patch_size": 4, "emb_dim": 24, "layers": 2, "heads": 3}


def network_of(classes):
    torch.manual_seed(0)
    return build_network("classifier", {"encoder": ENCODER, "classes": classes, "keep_tokens": None, "mass_head": False})


@pytest.mark.parametrize("classes", [2, 3])
def test_a_fitted_head_tells_what_the_features_tell(classes):
    generator = torch.Generator().manual_seed(1)
    labels = np.arange(120) % classes
    images = torch.rand(120, 1, 16, 16, generator=generator)
    images[torch.from_numpy(labels == 1)] *= 3.0
    images[torch.from_numpy(labels == 2)] -= 2.0
    network = network_of(classes).train()
    encoder = {name: tensor.clone() for name, tensor in network.encoder.state_dict().items()}
    fit_head(network, list(images.split(50)), labels)
    assert network.training
    assert all(torch.equal(tensor, encoder[name]) for name, tensor in network.encoder.state_dict().items())
    with torch.no_grad():
        assert (network.eval()(images).argmax(1).numpy() == labels).mean() > 0.95


def test_a_class_of_too_few_images_is_named():
    with pytest.raises(DatasetError, match="3 images of every class"):
        fit_head(network_of(3), [torch.rand(8, 1, 16, 16)], np.array([0, 0, 0, 0, 1, 1, 1, 2]))


def test_a_run_begins_with_the_head_of_its_training_images():
    options = {"data": "simulate:model_ii", "init": "scratch", "transform": "surviving", "patch_size": 16, "emb_dim": 24}
    options |= {"encoder_layers": 1, "validation_images": 8, "head_images": 60}
    config = make_config("classifier", **options)
    data = open_data(config)
    _, fitted = start_network(config, data.dataset, data.training_rows)
    _, plain = start_network(make_config("classifier", **options | {"head_images": 0}), data.dataset, data.training_rows)
    assert torch.equal(fitted.encoder.patchify.weight, plain.encoder.patchify.weight)
    assert fitted.head.weight.std() > 3 * plain.head.weight.std()


def test_a_convnet_has_no_encoder_to_fit_a_head_to():
    with pytest.raises(ConfigError, match="backbone to vit"):
        make_config("classifier", data="simulate:model_ii", backbone="convnet", transform="surviving", head_images=60)

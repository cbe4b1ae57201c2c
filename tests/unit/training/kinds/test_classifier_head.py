"""The norm before the head of a classifier that is trained."""

import pytest
from safetensors.torch import load_file

from lensmae.models import load_checkpoint
from lensmae.training import create_run, make_config, train_run
from lensmae.training.loading.stream import EPOCH


@pytest.mark.usefixtures("no_run_id")
def test_a_batch_norm_is_measured_for_the_weights_that_are_kept():
    options = {"data": "simulate:model_ii", "init": "scratch", "transform": "surviving", "patch_size": 16, "emb_dim": 24}
    options |= {"encoder_layers": 1, "validation_images": 8, "batch_size": 16, "epochs": 48 / EPOCH, "head_norm": "batch"}
    product = train_run(create_run(make_config("classifier", **options), "batch"))
    assert load_checkpoint("batch").card.architecture["head_norm"] == "batch"
    tensors = load_file(product)
    assert tensors["head_norm.running_var"].min() > 0
    assert (tensors["head_norm.running_var"] - 1).abs().max() > 0.5

"""Training on lenses that are simulated for each step: repeatable, resumable, different on every device."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lensmae import training
from lensmae.errors import DatasetError
from lensmae.models import load_checkpoint
from lensmae.training import create_run, make_config, train_run
from lensmae.training.kinds.registry import start_network
from lensmae.training.loading.datamodule import open_data
from lensmae.training.loading.stream import EPOCH, is_stream, streams
from lensmae.training.optimizer import build_optimizer

ROOT = Path(__file__).resolve().parents[4]
TINY = {
    "batch_size": 12,
    "epochs": 72 / EPOCH,
    "save_every": 2,
    "validate_every": 1,
    "validation_images": 24,
    "nuisances": "files",
}
CPU = torch.device("cpu")
KINDS = {
    "classifier": {
        "data": "simulate:model_ii",
        "transform": "surviving",
        "gain": 100.0,
        "init": "scratch",
        "backbone": "convnet",
        "conv_width": 8,
        "conv_stages": 2,
        "conv_blocks": 1,
        "optimizer": "muon",
        "crop": 40,
        "crop_share": 0.5,
        # An average of weights would have its batch norms measured on thousands of lenses, twice a run.
        "ema_decay": 0,
    },
    "pretrain": {
        "data": "simulate:generalist",
        "strata": "model_ii=1,galaxies=1",
        "transform": "surviving",
        "gain": 20.0,
        "denoise": True,
        "patch_size": 8,
        "emb_dim": 24,
        "encoder_layers": 2,
        "decoder_layers": 1,
        "optimizer": "muon",
    },
    "superres": {
        "data": "simulate:pairs_64",
        "init": "scratch",
        "nuisances": "none",
        "batch_size": 4,
        "epochs": 24 / EPOCH,
        "validation_images": 4,
        "patch_size": 8,
        "emb_dim": 24,
        "encoder_layers": 1,
        "width": 4,
        "depth": 1,
    },
}
pytestmark = pytest.mark.usefixtures("no_run_id")


def config_of(kind, **options):
    return make_config(kind, **{**TINY, **KINDS[kind], **options})


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_stopped_and_resumed_stream_ends_with_the_same_bits(kind, stopped_and_resumed):
    whole = train_run(create_run(config_of(kind), "whole"))
    parts = stopped_and_resumed(create_run(config_of(kind), "parts"))
    one, other = load_file(whole), load_file(parts)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    card = load_checkpoint("whole").card
    assert card.data["preset"] == KINDS[kind]["data"].removeprefix("simulate:")
    assert np.isfinite(card.metrics["validation"]["validation_loss"])


def test_a_convnet_goes_on_from_a_convnet_under_other_nuisances():
    first = train_run(create_run(config_of("classifier"), "first"))
    options = {"init": "first", "nuisances": "faint", "learning_rate": 1e-12, "conv_width": 16}
    one, other = load_file(first), load_file(train_run(create_run(config_of("classifier", **options), "second")))
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one if name.endswith("weight"))


def test_lenses_are_a_function_of_seed_step_and_process():
    feed, again, other = (open_data(config_of("classifier", seed=seed)).feed for seed in (3, 3, 4))
    first = feed.batch(5, 0, 2, CPU)
    torch.testing.assert_close(first.images, again.batch(5, 0, 2, CPU).images, rtol=0, atol=0)
    for another in (feed.batch(6, 0, 2, CPU), feed.batch(5, 1, 2, CPU), other.batch(5, 0, 2, CPU)):
        assert not torch.isclose(first.images, another.images).all(dim=(1, 2, 3)).any()
    assert len(first.images) == 6
    assert first.count == 12
    assert set(first.labels.tolist()) == {0, 1, 2}


def test_validation_is_fixed_and_in_no_step():
    one, two = (open_data(config_of("classifier")) for _ in range(2))
    rows = np.concatenate(one.validation_rows)
    assert len(rows) == 24
    np.testing.assert_array_equal(one.dataset.images[rows], two.dataset.images[rows])
    validated = {one.dataset.truths[row].tobytes() for row in rows}
    trained = {image.numpy().tobytes() for step in range(4) for image in one.feed.batch(step, 0, 1, CPU).clean.squeeze(1)}
    assert not validated & trained


def test_the_target_of_denoising_is_the_lens_without_noise():
    batch = open_data(config_of("pretrain")).feed.batch(1, 0, 1, CPU)
    rest = (batch.images - batch.clean).squeeze(1)
    rough = (batch.clean - batch.clean.roll(1, -1)).abs().mean()
    assert float(rest.std(dim=(1, 2)).max()) > 1e-3
    assert float(rough) < float((batch.images - batch.images.roll(1, -1)).abs().mean())


def test_a_classifier_sees_no_galaxies_and_an_mae_does():
    galaxies = {"data": "simulate:generalist", "strata": "model_ii=1,galaxies=3"}
    assert int(open_data(config_of("classifier", **galaxies)).feed.batch(0, 0, 1, CPU).labels.min()) >= 0
    assert int(open_data(config_of("pretrain", **galaxies)).feed.batch(0, 0, 1, CPU).labels.min()) == -1


def test_what_cannot_be_simulated_is_named():
    with pytest.raises(DatasetError, match="There is no preset 'model_x' to simulate"):
        open_data(config_of("classifier", data="simulate:model_x"))
    with pytest.raises(DatasetError, match="makes LR/HR pairs"):
        open_data(config_of("pretrain", data="simulate:superres"))
    with pytest.raises(DatasetError, match="it must be like 'model_ii=2"):
        open_data(config_of("pretrain", strata="model_ii"))


def test_two_processes_take_one_step_on_lenses_of_their_own(workspace_with_lenses):
    """The product of two processes against both halves of the step computed here, and the mean of their gradients."""
    options = {
        "epochs": 12 / EPOCH,
        "data": "simulate:model_ii",
        "patch-size": 8,
        "emb-dim": 24,
        "encoder-layers": 1,
        "decoder-layers": 1,
        "batch-size": 12,
        "ema-decay": 0.0,
        "nuisances": "files",
        "transform": "surviving",
        "validation-images": 6,
        "save-every": 1,
    }
    given = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    ddp = ["--devices", "2", "--strategy", "ddp", "--accelerator", "cpu"]
    command = [sys.executable, "-m", "lensmae", "train", "pretrain", "--name", "two", *given, *ddp]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=300)
    assert ended.returncode == 0, ended.stderr.decode()
    config = make_config("pretrain", **{name.replace("-", "_"): value for name, value in options.items()})
    data = open_data(config)
    card, network = start_network(config, data.dataset, data.training_rows)
    objective = training.KINDS["pretrain"].objective(config, card.transform, data.total_steps)
    batches = [data.feed.batch(0, rank, 2, CPU) for rank in range(2)]
    (sum(objective.loss(network, batch, 0, network) for batch in batches) / 2).backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip)
    optimizer, _ = build_optimizer(network, config, data.total_steps)
    optimizer.step()
    trained = load_checkpoint("two").module.state_dict()
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(trained[name], tensor, rtol=0, atol=2e-5, msg=name)


def test_what_a_run_can_simulate_is_named():
    assert "simulate:galaxies" in streams(labelled=False)
    # Galaxies have no class, pairs_64 one class; superres makes pairs.
    assert not {"simulate:galaxies", "simulate:pairs_64", "simulate:superres"} & set(streams(labelled=True))
    assert {"simulate:model_ii", "simulate:generalist"} < set(streams(labelled=True)) < set(streams(labelled=False))
    assert all(is_stream(name) for name in streams(labelled=False))

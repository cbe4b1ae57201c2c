import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lensmae.data.transforms import Transform
from lensmae.errors import CheckpointError
from lensmae.models import CheckpointCard, find_checkpoint, list_checkpoints, load_checkpoint, read_card, save_checkpoint
from lensmae.models.checkpoint import build_network

ENCODER = {"image_size": 16, "patch_size": 4, "emb_dim": 24, "layers": 2, "heads": 3, "in_channels": 1}
ARCHITECTURES = {
    "mae": {"image_size": 16, "patch_size": 4, "emb_dim": 24, "encoder_layers": 2, "decoder_layers": 1},
    "classifier": {"encoder": ENCODER, "classes": 3, "keep_tokens": None, "mass_head": False},
    "superres": {"encoder": ENCODER, "scale": 2, "width": 8, "depth": 1},
}


def write(path, kind="mae", dtype=torch.float32, **changes):
    torch.manual_seed(0)
    network = build_network(kind, ARCHITECTURES[kind])
    classes = ("no_sub", "cdm", "axion") if kind == "classifier" else ()
    card = CheckpointCard(kind=kind, architecture=ARCHITECTURES[kind], transform=Transform(mean=0.3, std=0.5), classes=classes)
    save_checkpoint(path, card.model_copy(update=changes), network, dtype)
    return network


@pytest.fixture(autouse=True)
def own_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("kind", ["mae", "classifier", "superres"])
def test_a_saved_network_comes_back_with_its_weights_and_its_card(tmp_path, kind):
    network = write(tmp_path / "x.safetensors", kind)
    model = load_checkpoint(tmp_path / "x.safetensors")
    assert model.card.kind == kind
    assert model.transform == Transform(mean=0.3, std=0.5)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, model.module.state_dict()[name])


def test_half_precision_weights_are_read_as_float32(tmp_path):
    write(tmp_path / "x.safetensors", dtype=torch.float16)
    assert {p.dtype for p in load_checkpoint(tmp_path / "x.safetensors").module.parameters()} == {torch.float32}


def test_reconstruction_is_in_flux_and_does_not_depend_on_the_flux_unit(tmp_path):
    write(tmp_path / "x.safetensors")
    model = load_checkpoint(tmp_path / "x.safetensors")
    images = np.random.default_rng(0).random((3, 16, 16), dtype=np.float32)
    one, other = model.predict(images, seed=3), model.predict(1000 * images, seed=3)
    np.testing.assert_allclose(other.prediction, 1000 * one.prediction, rtol=1e-3, atol=1e-2)
    np.testing.assert_array_equal(one.mask, other.mask)
    assert one.hidden.sum() == 3 * 12


def test_batches_do_not_change_masks_or_predictions(tmp_path):
    write(tmp_path / "x.safetensors")
    model = load_checkpoint(tmp_path / "x.safetensors")
    images = np.random.default_rng(0).random((70, 16, 16), dtype=np.float32)
    together, alone = model.predict(images, seed=5), model.predict(images[66:67], seed=71)
    np.testing.assert_allclose(together.prediction[66], alone.prediction[0], rtol=1e-4, atol=1e-5)


def test_classifier_probabilities_do_not_change_when_the_lens_is_turned(tmp_path):
    write(tmp_path / "x.safetensors", "classifier")
    model = load_checkpoint(tmp_path / "x.safetensors")
    images = np.random.default_rng(0).random((2, 16, 16), dtype=np.float32)
    straight, turned = model.predict(images), model.predict(np.rot90(images, 1, (1, 2)).copy())
    np.testing.assert_allclose(straight, turned, atol=1e-6)
    np.testing.assert_allclose(straight.sum(1), 1, rtol=1e-5)


def test_names_runs_and_paths_find_checkpoints_and_unknown_ones_say_what_there_is(tmp_path):
    write(tmp_path / "home/checkpoints/mine.safetensors")
    write(tmp_path / "home/runs/run-1/model.safetensors")
    (tmp_path / "home/runs/run-2").mkdir()
    assert find_checkpoint("mine").name == "mine.safetensors"
    assert load_checkpoint("run-1").name == "run-1"
    assert {"mine", "run-1"} <= {entry.name for entry in list_checkpoints()}
    with pytest.raises(CheckpointError, match="mine"):
        find_checkpoint("nonsense")
    with pytest.raises(CheckpointError, match="no finished model"):
        find_checkpoint("run-2")


def test_files_that_are_no_checkpoints_are_refused_with_their_name(tmp_path):
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(CheckpointError, match=r"text\.safetensors"):
        read_card(tmp_path / "text.safetensors")
    save_file({"a": torch.ones(2)}, tmp_path / "bare.safetensors")
    with pytest.raises(CheckpointError, match="without a LensMAE header"):
        load_checkpoint(tmp_path / "bare.safetensors")
    save_file({"a": torch.ones(2)}, tmp_path / "odd.safetensors", metadata={"lensmae": json.dumps({"kind": "pie"})})
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path / "odd.safetensors")


def test_a_header_that_claims_a_huge_network_is_refused_without_taking_memory(tmp_path):
    write(
        tmp_path / "x.safetensors",
        architecture={**ARCHITECTURES["mae"], "emb_dim": 2**20, "encoder_heads": 1, "decoder_heads": 1},
    )
    with pytest.raises(CheckpointError, match="emb_dim = "):
        load_checkpoint(tmp_path / "x.safetensors")


@pytest.mark.parametrize("kind", ["mae", "classifier", "superres"])
def test_whole_numbers_with_a_scale_a_row_halve_the_file_and_keep_the_weights(tmp_path, kind):
    network = write(tmp_path / "whole.safetensors", kind, dtype=torch.int8)
    write(tmp_path / "half.safetensors", kind, dtype=torch.float16)
    read = load_checkpoint(tmp_path / "whole.safetensors").module.state_dict()
    for name, tensor in network.state_dict().items():
        assert read[name].dtype == tensor.dtype
        rows = tensor.float().flatten(1) if tensor.ndim > 1 else tensor.float()[None]
        error = (read[name].float().reshape(rows.shape) - rows).abs().amax(dim=1)
        assert bool((error <= rows.abs().amax(dim=1) / 250 + 1e-7).all()), name
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("whole", "half")]
    weights = sum(2 * tensor.numel() for tensor in network.state_dict().values() if tensor.ndim > 1)
    assert sizes[0] < sizes[1] - 0.3 * weights


@pytest.mark.parametrize("name", ["![x](http-x)", "<b>cdm</b>", "www.evil.example", "a www.evil.example", "x" * 81, ""])
def test_a_class_whose_name_is_markup_or_an_address_makes_a_damaged_checkpoint(name):
    with pytest.raises(ValueError, match="no name of a class"):
        CheckpointCard(kind="classifier", architecture={}, transform=Transform(), classes=("cdm", name))

"""Weights of others give, here, what their own code gives: an independent forward pass, and transformers' ViTMAE."""

import re
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lensmae.errors import CheckpointError
from lensmae.models import load_checkpoint
from lensmae.models.foreign import convert_weights, reading, save_converted
from lensmae.models.foreign.reading import read_tensors
from lensmae.models.mae import MAEViT
from tests.unit.models.reference_mae import forward, random_state

ICARUS = {"patch": 2, "dim": 128, "encoder_layers": 2, "decoder_layers": 1, "side": 4}


def drawn(network, images, noise, kept_share=0.5):
    with torch.no_grad():
        return network(images, mask_ratio=1 - kept_share, scores=noise)


@pytest.fixture
def here(monkeypatch):
    """Weights are read in this process, which saves the start of another one; the other tests read them as users do."""
    monkeypatch.setattr(reading, "apply_within", lambda limits, function, *arguments: function(*arguments))


@pytest.fixture
def noise():
    return torch.rand(3, 16, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def grey():
    return torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(2))


WRAPS = ["plain", "ddp", "compiled", "nested", "half", "safetensors", "trainer", "lightning", "own name", "parameters"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("wrap", WRAPS)
def test_icarus_weights_predict_as_an_independent_forward_pass_however_they_are_wrapped(tmp_path, wrap, noise, grey):
    state = random_state(**ICARUS, channels=1)
    path = tmp_path / ("w.safetensors" if wrap == "safetensors" else "w.pt")
    if wrap == "safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    elif wrap == "nested":
        torch.save({"epoch": 3, "model": {f"module.{name}": tensor for name, tensor in state.items()}}, path)
    elif wrap == "own name":
        beside = {"optimizer": {"exp_avg": torch.zeros(3), **state}, "epoch": 3}
        torch.save({**beside, "net": {f"_orig_mod.net.{name}": tensor for name, tensor in state.items()}}, path)
    elif wrap == "parameters":
        torch.save({name: torch.nn.Parameter(tensor) for name, tensor in state.items()}, path)
    elif wrap == "half":
        torch.save({name: tensor.bfloat16() for name, tensor in state.items()}, path)
    elif wrap == "trainer":
        # As facebookresearch/mae saves: its options, the optimizer, NumPy's numbers.
        beside = {"args": Namespace(lr=1e-3, output=Path("x")), "best": np.float64(0.1), "optimizer": {"state": {}, "step": 3}}
        torch.save({"model": state, **beside}, path)
    elif wrap == "lightning":
        whole = {f"network._orig_mod.{name}": tensor for name, tensor in state.items()} | {"loss.weight": torch.ones(3)}
        torch.save({"state_dict": whole, "epoch": 3, "hyper_parameters": {"lr": 1e-3}}, path)
    else:
        prefix = {"plain": "", "ddp": "module.", "compiled": "_orig_mod."}[wrap]
        torch.save({prefix + name: tensor for name, tensor in state.items()}, path)
    conversion = convert_weights(path)
    assert (conversion.layout, conversion.unused) == ("IcarusWizard/MAE", ())
    prediction, mask = drawn(conversion.network, grey, noise)
    if wrap == "half":
        state = {name: tensor.bfloat16().float() for name, tensor in state.items()}
    expected, expected_mask = forward(state, grey, noise.argsort(1), kept=8, heads=2)
    torch.testing.assert_close(prediction, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(mask, expected_mask)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("size", [(8, 2, 48, 1, 1), (12, 4, 24, 3, 2), (32, 4, 96, 5, 4)], ids=str)
def test_a_state_dict_of_ours_of_any_depth_and_width_predicts_as_its_network(tmp_path, size):
    """The names are IcarusWizard's; positions have the batch first."""
    side, patch, width, encoder, decoder = size
    torch.manual_seed(0)
    layers = {"encoder_layers": encoder, "encoder_heads": 2, "decoder_layers": decoder, "decoder_heads": 2}
    network = MAEViT(image_size=side, patch_size=patch, emb_dim=width, **layers).eval()
    torch.save(network.state_dict(), tmp_path / "ours.pt")
    conversion = convert_weights(tmp_path / "ours.pt", heads=2, decoder_heads=2)
    assert {name: conversion.card.architecture[name] for name in layers} == layers
    assert conversion.unused == ()
    images, noise = torch.rand(2, 1, side, side), torch.rand(2, (side // patch) ** 2)
    torch.testing.assert_close(drawn(conversion.network, images, noise), drawn(network, images, noise))


def test_colour_weights_on_flux_draw_the_mean_of_the_colours_of_their_normalised_prediction(tmp_path, noise, grey):
    """IcarusWizard/MAE sees and predicts (pixel - 0.5) / 0.5 in three colours."""
    state = random_state(**ICARUS, channels=3)
    torch.save(state, tmp_path / "colour.pt")
    prediction, _ = drawn(convert_weights(tmp_path / "colour.pt").network, grey, noise)
    expected, _ = forward(state, ((grey - 0.5) / 0.5).expand(-1, 3, -1, -1), noise.argsort(1), kept=8, heads=2)
    torch.testing.assert_close(prediction, (expected * 0.5 + 0.5).mean(1, keepdim=True), rtol=1e-4, atol=1e-4)


def hugging_face(tmp_path, prefix=""):
    transformers = pytest.importorskip("transformers")
    size = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 512, "image_size": 8}
    size |= {"patch_size": 2, "decoder_hidden_size": 64, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 2}
    torch.manual_seed(0)
    model = transformers.ViTMAEForPreTraining(transformers.ViTMAEConfig(**size, decoder_intermediate_size=256, mask_ratio=0.5))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    path = tmp_path / "hf.safetensors"
    save_file({prefix + name: tensor.contiguous() for name, tensor in model.eval().state_dict().items()}, path)
    return model, path


def test_vitmae_weights_predict_as_transformers_does(tmp_path, noise, grey):
    model, path = hugging_face(tmp_path)
    conversion = convert_weights(path)
    assert conversion.layout == "Hugging Face ViTMAE"
    mean, deviation = (torch.tensor(of).view(1, 3, 1, 1) for of in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        answer = model(((grey - mean) / deviation), noise=noise)
    expected = (model.unpatchify(answer.logits) * deviation + mean).mean(1, keepdim=True)
    prediction, mask = drawn(conversion.network, grey, noise)
    torch.testing.assert_close(prediction, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(mask[:, 0, ::2, ::2].flatten(1).bool(), answer.mask.bool())


def renamed(name, table):
    for theirs, ours in table.items():
        name = re.sub(theirs, ours, name)
    return name


# ViTMAE's names were made from facebookresearch/mae's; the ways back and to transformers 4, without our code.
FACEBOOK = {
    r"^vit\.embeddings\.position_embeddings": "pos_embed",
    r"^vit\.embeddings\.patch_embeddings\.projection": "patch_embed.proj",
    r"^vit\.embeddings\.": "",
    r"^vit\.layers\.": "blocks.",
    r"^vit\.layernorm": "norm",
    r"^decoder\.decoder_layers\.": "decoder_blocks.",
    r"^decoder\.": "",
    r"layernorm_before": "norm1",
    r"layernorm_after": "norm2",
    r"attention\.o_proj": "attn.proj",
}
TRANSFORMERS_4 = {
    r"^vit\.layers\.": "vit.encoder.layer.",
    r"attention\.q_proj": "attention.attention.query",
    r"attention\.k_proj": "attention.attention.key",
    r"attention\.v_proj": "attention.attention.value",
    r"attention\.o_proj": "attention.output.dense",
    r"mlp\.fc1": "intermediate.dense",
    r"mlp\.fc2": "output.dense",
}


@pytest.mark.usefixtures("here")
def test_the_names_of_transformers_4_give_the_same_network(tmp_path, noise, grey):
    _, path = hugging_face(tmp_path)
    state = {renamed(name, TRANSFORMERS_4): torch.from_numpy(array) for name, array in read_tensors(path).items()}
    save_file(state, tmp_path / "old.safetensors")
    old, new = (drawn(convert_weights(file).network, grey, noise)[0] for file in (tmp_path / "old.safetensors", path))
    torch.testing.assert_close(old, new)


@pytest.mark.usefixtures("here")
def test_facebooks_names_give_the_network_that_vitmaes_names_give(tmp_path, noise, grey):
    _, path = hugging_face(tmp_path)
    state = {renamed(name, FACEBOOK): torch.from_numpy(array) for name, array in read_tensors(path).items()}
    for block in [name.split(".attention.")[0] for name in state if "q_proj.weight" in name]:
        for leaf in ("weight", "bias"):
            parts = [state.pop(f"{block}.attention.{part}_proj.{leaf}") for part in "qkv"]
            state[f"{block}.attn.qkv.{leaf}"] = torch.cat(parts)
    torch.save({"model": state | {"head.weight": torch.zeros(10, 128)}}, tmp_path / "facebook.pth")
    conversion = convert_weights(tmp_path / "facebook.pth")
    assert (conversion.layout, conversion.unused) == ("facebookresearch/mae or timm", ("head.weight",))
    ours, _ = drawn(conversion.network, grey, noise)
    theirs, _ = drawn(convert_weights(path).network, grey, noise)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_converted_file_is_a_checkpoint_that_reconstructs_flux_of_any_unit(tmp_path, workspace_with_lenses):
    state = random_state(patch=4, dim=64, encoder_layers=1, decoder_layers=1, side=16, channels=3)
    torch.save(state, tmp_path / "w.pt")
    path, _ = save_converted(tmp_path / "w.pt", "theirs")
    assert path == workspace_with_lenses / "checkpoints/theirs.safetensors"
    image = np.random.default_rng(0).random((1, 64, 64), dtype=np.float32)
    one, thousand = (load_checkpoint("theirs").predict(image * unit, seed=3) for unit in (1.0, 1000.0))
    np.testing.assert_allclose(thousand.prediction, 1000 * one.prediction, rtol=1e-3, atol=0.1)
    with pytest.raises(CheckpointError, match="already exists"):
        save_converted(tmp_path / "w.pt", "theirs")


def test_what_is_missing_is_named_and_nothing_is_written(tmp_path, workspace_with_lenses):
    state = random_state(**ICARUS, channels=1)
    del state["decoder.mask_token"], state["decoder.head.bias"]
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match=r"decoder\.mask_token, decoder\.head\.bias missing"):
        save_converted(tmp_path / "w.pt", "theirs")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="no MAE weights in a known layout"):
        convert_weights(tmp_path / "other.pt")
    assert not list(workspace_with_lenses.glob("checkpoints/*"))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("dim", "encoder_layers", "decoder_layers", "patch", "heads"), [(64, 1, 3, 4, 1), (96, 3, 1, 2, 3)])
def test_any_depth_and_width_is_read_off_the_tensors(tmp_path, dim, encoder_layers, decoder_layers, patch, heads):
    state = random_state(patch=patch, dim=dim, encoder_layers=encoder_layers, decoder_layers=decoder_layers, side=4, channels=1)
    torch.save(state, tmp_path / "w.pt")
    network = convert_weights(tmp_path / "w.pt", heads=heads, decoder_heads=heads).network
    images = torch.rand(2, 1, 4 * patch, 4 * patch, generator=torch.Generator().manual_seed(5))
    noise = torch.rand(2, 16, generator=torch.Generator().manual_seed(6))
    expected, _ = forward(state, images, noise.argsort(1), kept=8, heads=heads)
    torch.testing.assert_close(drawn(network, images, noise)[0], expected, rtol=1e-4, atol=1e-5)


def test_code_in_a_file_is_refused_and_not_run(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"encoder.cls_token": Hostile()}, tmp_path / "bad.pt")
    with pytest.raises(CheckpointError, match="without running code"):
        convert_weights(tmp_path / "bad.pt")
    assert not (tmp_path / "ran").exists()
    (tmp_path / "torn.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(CheckpointError, match=r"torn\.safetensors"):
        convert_weights(tmp_path / "torn.safetensors")

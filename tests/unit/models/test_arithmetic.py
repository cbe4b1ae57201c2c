"""Faster ways of multiplying give what PyTorch's own operations give."""

import numpy as np
import pytest
import torch

from lensmae.data import open_dataset
from lensmae.models import arithmetic, load_checkpoint
from lensmae.models.arithmetic import attend, attention_weights, take_fast_float32

SHORT, LONG = 40, 600


@pytest.mark.parametrize("tokens", [SHORT, LONG])
def test_attention_and_its_gradient_are_those_of_pytorch(tokens):
    generator = torch.Generator().manual_seed(0)
    query, key, value = (
        torch.randn(2, 3, tokens, 8, dtype=torch.float64, generator=generator, requires_grad=True) for _ in range(3)
    )
    found, expected = attend(query, key, value), torch.nn.functional.scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(one.square().sum(), (query, key, value)) for one in (found, expected)]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("tiles", [True, False])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_attention_is_that_of_float64_whatever_multiplies(tiles, dtype, near, monkeypatch):
    monkeypatch.setattr(arithmetic, "TILES", tiles)
    generator = torch.Generator().manual_seed(0)
    given = [torch.randn(2, 3, SHORT, 8, generator=generator).to(dtype) for _ in range(3)]
    expected = torch.nn.functional.scaled_dot_product_attention(*(one.double() for one in given))
    with torch.inference_mode():
        torch.testing.assert_close(attend(*given).double(), expected, atol=near, rtol=near)


def test_weights_of_attention_sum_to_one():
    query, key = torch.randn(2, 1, 2, 5, 4)
    torch.testing.assert_close(attention_weights(query, key).sum(dim=-1), torch.ones(1, 2, 5))


def test_products_stay_those_of_float32():
    take_fast_float32()
    generator = torch.Generator().manual_seed(1)
    left, right = torch.randn(512, 192, generator=generator), torch.randn(192, 768, generator=generator)
    exact = left.double() @ right.double()
    # 192 terms of rounding 2^-24 each; bfloat16 would be wrong by 1e-2.
    assert float(((left @ right).double() - exact).abs().max()) < 1e-4


def test_a_processor_that_would_round_is_left_alone(monkeypatch):
    backend = getattr(torch.backends.mkldnn, "matmul", None)
    if backend is None:
        pytest.skip("this PyTorch does not let the precision of oneDNN be chosen")
    before = backend.fp32_precision
    monkeypatch.setattr(arithmetic, "capabilities", lambda: {"cpu_name": "AMD", "amx_bf16": True})
    monkeypatch.setattr(arithmetic, "_exact", lambda: False)
    assert not take_fast_float32.__wrapped__()
    assert backend.fp32_precision == before


def test_rounded_embeddings_of_an_autoencoder_find_the_same_neighbours(mae, monkeypatch):
    monkeypatch.setattr("lensmae.models.predictors.multiplies_bfloat16", lambda: True)
    model, images = load_checkpoint(mae), np.asarray(open_dataset("lenses").images[:40])
    exact, rounded = model.embed(images), model.embed(images, rounded=True)
    assert not np.array_equal(exact, rounded)
    nearest = np.linalg.norm(rounded[:, None] - exact[None], axis=-1).argmin(axis=1)
    assert (nearest == np.arange(40)).mean() > 0.9
    assert rounded.dtype == np.float32


def test_what_classes_are_told_from_is_never_rounded(classifier, monkeypatch):
    monkeypatch.setattr("lensmae.models.predictors.multiplies_bfloat16", lambda: True)
    model, images = load_checkpoint(classifier), np.asarray(open_dataset("lenses").images[:5])
    np.testing.assert_array_equal(model.embed(images, rounded=True), model.embed(images))


@pytest.mark.parametrize("tiles", [True, False])
def test_matrices_that_were_rounded_before_give_the_embeddings_of_rounding_at_every_call(mae, monkeypatch, tiles):
    monkeypatch.setattr(arithmetic, "TILES", tiles)
    monkeypatch.setattr("lensmae.models.predictors.multiplies_bfloat16", lambda: True)
    model, images = load_checkpoint(mae), np.array(open_dataset("lenses").images[:6])
    flux = torch.from_numpy(images).unsqueeze(1)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected = model.module.encoder.encode(model.module.encoder.patches(model.transform.forward(flux)))[:, 1:].mean(dim=1)
    np.testing.assert_array_equal(model.embed(images, rounded=True), expected.float().numpy())

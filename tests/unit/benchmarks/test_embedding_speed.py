"""The two networks whose speed is compared compute the same."""

import builtins

import numpy as np
import pytest
import torch

from benchmarks import embedding_speed
from benchmarks.embedding_speed import reference_encoder
from lensmae.errors import ConfigError

SMALL = {"encoder_layers": 2, "decoder_layers": 1}


def test_both_networks_embed_the_same_images_alike():
    pytest.importorskip("transformers", reason="compared with in this benchmark only (requirements-benchmarks.txt)")
    _, reference, ours = reference_encoder(SMALL)
    flux = np.random.default_rng(0).random((3, 64, 64), dtype=np.float32)
    with torch.inference_mode():
        tokens = reference(ours.transform.forward(torch.from_numpy(flux).unsqueeze(1))).last_hidden_state
    np.testing.assert_allclose(ours.embed(flux), tokens[:, 1:].mean(dim=1).numpy(), atol=1e-5)


def test_without_transformers_the_benchmark_says_how_to_get_it(monkeypatch):
    ordinary = builtins.__import__

    def without(name, *args, **options):
        if name == "transformers":
            raise ImportError(name)
        return ordinary(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"requirements-benchmarks\.txt"):
        embedding_speed.embedding_speed(lambda *_: None, size=SMALL)


def test_the_benchmark_measures_both_and_that_they_agree():
    pytest.importorskip("transformers", reason="compared with in this benchmark only (requirements-benchmarks.txt)")
    found = embedding_speed.embedding_speed(lambda *_: None, images=9, rounds=1, size=SMALL)
    assert found.largest_difference < 1e-4
    assert set(found.ratio) == {"batch 8", "batch 64"}
    assert found.ratio["batch 8"] == pytest.approx(found.images_per_second / found.reference_images_per_second["batch 8"])

"""Super-resolvers that learn from pairs simulated for each step: repeatable, of many cameras, halved in two ways."""

import numpy as np
import pytest
import torch
from einops import reduce

from lensmae.data.simulation.bicubic import downsample_bicubic
from lensmae.data.simulation.presets import PRESETS
from lensmae.errors import DatasetError
from lensmae.training import make_config
from lensmae.training.loading.datamodule import open_data
from lensmae.training.loading.pairs import MIXTURE, PairStream
from lensmae.training.loading.stream import streams

CPU = torch.device("cpu")
TINY = {
    "data": "simulate:generalist",
    "strata": "pairs_64=1,galaxies=1",
    "batch_size": 4,
    "validation_images": 4,
    "init": "scratch",
    "patch_size": 8,
    "emb_dim": 24,
    "encoder_layers": 1,
    "width": 4,
    "depth": 1,
}


def test_low_images_are_high_ones_halved_in_two_ways():
    stream = PairStream(make_config("superres", **TINY))
    low, high = (images.squeeze(1).numpy() for images in stream.pairs("galaxies", 12, (0,), CPU))
    sampled = np.abs(low - downsample_bicubic(high)).max(axis=(1, 2))
    binned = np.abs(low - reduce(high, "n (h p) (w q) -> n h w", "mean", p=2, q=2)).max(axis=(1, 2))
    assert np.all(np.minimum(sampled, binned) < 1e-5)
    assert (sampled < 1e-5).any()
    assert (binned < 1e-5).any()
    assert np.maximum(sampled, binned).min() > 1e-3
    assert high.min() == 0.0
    assert np.allclose(high.max(axis=(1, 2)), 1.0)


def test_pairs_of_the_benchmark_have_its_sizes_and_its_low_images():
    low, high = PairStream(make_config("superres", **TINY | {"strata": ""})).pairs("superres", 2, (0,), CPU)
    assert low.shape == (2, 1, 75, 75)
    assert high.shape == (2, 1, 150, 150)
    assert np.abs(low.numpy() - downsample_bicubic(high.numpy())).max() < 1e-5


def test_presets_of_steps_come_by_weight_and_a_step_again_as_it_was():
    config = make_config("superres", data="simulate:generalist")
    stream, again = PairStream(config), PairStream(config)
    names = [stream.preset_of(step) for step in range(400)]
    assert [again.preset_of(step) for step in range(400)] == names
    assert set(names) == set(MIXTURE)
    assert names.count("superres") / 400 == pytest.approx(MIXTURE["superres"], abs=0.1)


def test_a_step_is_the_same_twice_turned_alike_and_another_on_another_device():
    data = open_data(make_config("superres", **TINY))
    first, second = (data.feed.batch(3, 0, 1, CPU) for _ in range(2))
    other = data.feed.batch(3, 1, 2, CPU)
    assert torch.equal(first.images, second.images)
    assert torch.equal(first.targets, second.targets)
    assert len(other.images) == 2
    assert not torch.equal(first.images[1], other.images[0])
    coarse = torch.nn.functional.avg_pool2d(first.targets, 2)
    assert torch.corrcoef(torch.stack([coarse.flatten(), first.images.flatten()]))[0, 1] > 0.9


@pytest.mark.parametrize("strata", ["nothing=1", "generalist=1", "galaxies=-1", "galaxies=0"])
def test_weights_that_mean_nothing_are_refused(strata):
    with pytest.raises(DatasetError):
        PairStream(make_config("superres", **TINY | {"strata": strata}))


def test_nuisances_that_only_one_image_of_a_pair_would_have_are_refused():
    with pytest.raises(DatasetError, match="set nuisances to none"):
        PairStream(make_config("superres", **TINY | {"nuisances": "files"}))


def test_pages_offer_presets_that_can_be_halved():
    offered = streams(labelled=False, pairs=True)
    assert offered[0] == "simulate:superres"
    assert "simulate:generalist" in offered
    assert all(PRESETS[name.removeprefix("simulate:")].shape[0] % 2 == 0 for name in offered[1:])

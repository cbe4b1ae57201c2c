"""`--data simulate:PRESET` of a super-resolver: LR/HR pairs of no data set, simulated anew for every step of a training."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from lensmae.data import LensDataset
from lensmae.data.simulation.batched import generator_of, simulate_batch
from lensmae.data.simulation.presets import PRESETS
from lensmae.data.store.dataset import summarise
from lensmae.data.symmetry import draw_elements, random_d4
from lensmae.errors import DatasetError
from lensmae.training.config import RunConfig
from lensmae.training.loading.feed import Batch
from lensmae.training.loading.stream import PREFIX, weights_of

# Cameras, noise and light of many kinds; half of the steps are of the benchmark's own pairs.
MIXTURE: Mapping[str, float] = MappingProxyType(
    {
        "superres": 0.5,
        "model_ii_free": 0.08,
        "model_iii": 0.06,
        "model_i_64": 0.06,
        "pairs_64": 0.1,
        "survey": 0.1,
        "galaxies": 0.1,
    }
)
# First numbers of a generator's indices, others than those of `lensmae.training.loading.stream`.
_STEPS, _VALIDATION, _FITTING, _PRESET = 21, 22, 23, 24
# Pairs that a transform is measured on.
_FIT_PAIRS = 64
_BLOCK = 16


class PairStream:
    """New LR/HR pairs with the noise of their cameras, on HR's [0, 1]. All pairs of a step are of one preset, since presets
    differ in size; which one is sampled from the seed and the step, by weight.

    LR is made as the preset `superres` does it; of images of presets without pairs, half are halved by the mean of two by two
    pixels instead, as larger pixels would see them.
    """

    def __init__(self, config: RunConfig) -> None:
        self.preset, self.seed = config.data.removeprefix(PREFIX), config.seed
        if self.preset not in PRESETS:
            raise DatasetError(f"There is no preset {self.preset!r} to simulate; there are {', '.join(PRESETS)}.")
        if config.nuisances != "none":
            raise DatasetError("Simulated pairs have the noise of their cameras, in both images; set nuisances to none.")
        corpus = MIXTURE if PRESETS[self.preset].strata else {self.preset: 1.0}
        self.weights = dict(weights_of(config.strata) or corpus)
        unknown = [name for name in self.weights if name not in PRESETS or PRESETS[name].strata]
        if unknown:
            raise DatasetError(f"There is no preset {unknown[0]!r} to draw pairs of; there are {', '.join(MIXTURE)} and others.")
        if min(self.weights.values()) < 0 or sum(self.weights.values()) <= 0:
            raise DatasetError(f"Weights of strata must be 0 or more, and one of them more; they are {self.weights}.")

    def preset_of(self, step: int) -> str:
        """Of which preset the pairs of a step are."""
        drawn = torch.rand(1, generator=generator_of(self.seed, _PRESET, step)).item() * sum(self.weights.values())
        bounds = np.cumsum(list(self.weights.values()))
        return list(self.weights)[min(int(np.searchsorted(bounds, drawn, side="right")), len(bounds) - 1)]

    def pairs(self, preset: str, count: int, index: tuple[int, ...], device: torch.device) -> tuple[Tensor, Tensor]:
        """LR (count, 1, h, w) and HR images (count, 1, 2 h, 2 w), half of them turned by any angle.

        Args:
            preset: of a name, no corpus.
            count: how many, 1 or more.
            index: numbers that tell these pairs from all others of the run.
            device: where they are rendered.
        """
        generator = generator_of(self.seed, *index)
        parts = [
            simulate_batch(preset, some, generator, turned=turned, noise=True, device=device)
            for turned, some in ((False, count - count // 2), (True, count // 2))
            if some
        ]
        images = torch.cat([part.images for part in parts]).unsqueeze(1)
        if PRESETS[preset].target_shape is not None:
            return images, torch.cat([part.targets for part in parts]).unsqueeze(1)
        low = images.amin(dim=(2, 3), keepdim=True)
        high = (images - low) / (images.amax(dim=(2, 3), keepdim=True) - low).clamp_min(torch.finfo(images.dtype).tiny)
        binned = torch.rand(count, 1, 1, 1, generator=generator).to(device) < 0.5
        return torch.where(binned, F.avg_pool2d(high, 2), _halved(high)), high

    def fixed_set(self, config: RunConfig) -> LensDataset:
        """Pairs of the first preset that stay the same throughout a run: those a transform is measured on (split "train"), and
        those it is validated on. In memory."""
        name = next(iter(self.weights))
        counts = (("train", _FITTING, _FIT_PAIRS), ("validation", _VALIDATION, config.validation_images))
        parts = [
            (split, self.pairs(name, min(_BLOCK, count - start), (purpose, start), torch.device("cpu")))
            for split, purpose, count in counts
            for start in range(0, count, _BLOCK)
        ]
        images, targets = (np.concatenate([pair[side].squeeze(1).numpy() for _, pair in parts]) for side in (0, 1))
        splits = [split for split, pair in parts for _ in range(len(pair[0]))]
        lenses = pd.DataFrame({"class": PRESETS[name].classes[0], "split": splits})
        lenses.insert(0, "id", [f"{name}-{index}" for index in range(len(lenses))])
        facts = {"preset": name, "seed": self.seed, "pixel_scale": PRESETS[name].pixel_scale, "flux_unit": "normalised to [0, 1]"}
        arrays = {"images": images, "targets": targets}
        info = summarise(config.data, lenses, arrays, classes=(PRESETS[name].classes[0],), created="", **facts)
        return LensDataset(Path(config.data), info, images, targets, None, lenses)


def _halved(high: Tensor) -> Tensor:
    """As `lensmae.data.simulation.bicubic.downsample_bicubic`."""
    return F.interpolate(high, scale_factor=0.5, mode="bicubic", align_corners=False, antialias=False)


class PairFeed:
    """Batches of new pairs, simulated on the device for each step and process."""

    def __init__(self, stream: PairStream, config: RunConfig) -> None:
        self.stream, self.config = stream, config

    def batch(self, step: int, rank: int, world: int, device: torch.device) -> Batch:
        """As of `Feed`."""
        count = self.config.batch_size
        share = np.arange(rank, count, world)
        low, high = self.stream.pairs(self.stream.preset_of(step), len(share), (_STEPS, step, rank), device)
        if self.config.symmetry != "none":
            elements = draw_elements(self.config.symmetry, len(share), generator_of(self.config.seed, step, rank, 0)).to(device)
            low, high = random_d4(low, elements), random_d4(high, elements)
        nothing = torch.full((len(share),), float("nan"), device=device)
        return Batch(low, torch.zeros(len(share), dtype=torch.int64, device=device), nothing, count, share, high)

"""`--data simulate:PRESET`: lenses that no data set holds, simulated anew for every step of a training."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lensmae.data import LensDataset
from lensmae.data.nuisances import PRIORS, draw_nuisances
from lensmae.data.simulation.batched import LensBatch, generator_of, simulate_batch
from lensmae.data.simulation.presets import CLASSES, PRESETS
from lensmae.data.store.dataset import summarise
from lensmae.errors import DatasetError
from lensmae.training.config import RunConfig
from lensmae.training.loading.batches import drawing_device

PREFIX = "simulate:"
# Lenses that count as one epoch of a stream, which has no end.
EPOCH = 100_000
# First numbers of a generator's indices: steps have theirs, validation and fitting others, so that no step sees those lenses.
_STEPS, _VALIDATION, _FITTING = 1, 2, 3
# Lenses that a transform is measured on, kept as the training split of the fixed set.
_FIT_IMAGES = 512
# Lenses simulated at once for the fixed set.
_BLOCK = 512


def is_stream(data: str) -> bool:
    """Whether a run's data are simulated for it."""
    return data.startswith(PREFIX)


def streams(labelled: bool, pairs: bool = False) -> list[str]:
    """The presets that a run can simulate its lenses from, as `data` names them.

    Args:
        labelled: whether classes are learned: then only presets with several of them.
        pairs: whether LR/HR pairs are: of all presets, but first those of the pairs' own.
    """
    if pairs:
        own = sorted(PRESETS, key=lambda name: PRESETS[name].target_shape is None)
        return [PREFIX + name for name in own if PRESETS[name].shape[0] % 2 == 0 or PRESETS[name].target_shape]
    suits = [name for name, preset in PRESETS.items() if preset.target_shape is None]
    several = [name for name in suits if len(set(PRESETS[name].classes) & set(CLASSES)) > 1]
    return [PREFIX + name for name in (several if labelled else suits)]


class LensStream:
    """New lenses of a preset, a function of the run's seed and the indices (step, process).

    One half of each batch is as the preset has it, the other turned by any angle, where the configuration's symmetry is d4.
    """

    def __init__(self, config: RunConfig) -> None:
        self.preset, self.seed = config.data.removeprefix(PREFIX), config.seed
        if self.preset not in PRESETS:
            raise DatasetError(f"There is no preset {self.preset!r} to simulate; there are {', '.join(PRESETS)}.")
        if PRESETS[self.preset].target_shape is not None:
            raise DatasetError(f"Preset {self.preset} makes LR/HR pairs, which only a super-resolver learns from.")
        names = (config.only_class,) if config.only_class else CLASSES
        # Galaxies have no class: a classifier does not see them.
        labelled = config.labelled or bool(config.only_class)
        self.classes = tuple(name for name in names if name in PRESETS[self.preset].classes) if labelled else ()
        self.weights = weights_of(config.strata)
        self.turned = config.symmetry == "d4"

    def lenses(self, count: int, index: tuple[int, ...], device: torch.device, purpose: int = _STEPS) -> LensBatch:
        """Noise-free lenses, images (count, H, W) on the device.

        Args:
            count: how many, 1 or more.
            index: numbers that tell these lenses from all others of the run: step and process.
            device: where they are drawn.
            purpose: tells the lenses of steps from those of validation.
        """
        generator = generator_of(self.seed, purpose, *index, device=drawing_device(device))
        parts = (count - count // 2, count // 2) if self.turned else (count, 0)
        drawn = [
            simulate_batch(
                self.preset, some, generator, turned=bool(turned), classes=self.classes, weights=self.weights, device=device
            )
            for turned, some in enumerate(parts)
            if some
        ]
        return LensBatch(
            images=torch.cat([part.images for part in drawn]),
            labels=torch.cat([part.labels for part in drawn]),
            log_axion_mass=torch.cat([part.log_axion_mass for part in drawn]),
            strata=torch.cat([part.strata for part in drawn]),
            names=drawn[0].names,
        )

    def fixed_set(self, config: RunConfig) -> LensDataset:
        """What stays the same throughout a run: lenses that a transform is measured on (split "train"), and those it is validated
        on, as files hold them where the configuration asks for nuisances. In memory; its truths are the noise-free images."""
        parts = [self._fixed(_FIT_IMAGES, _FITTING, config), self._fixed(config.validation_images, _VALIDATION, config)]
        images, truths, labels, masses = (np.concatenate([part[index].numpy() for part in parts]) for index in range(4))
        splits = ["train"] * len(parts[0][0]) + ["validation"] * len(parts[1][0])
        names = np.array([*CLASSES, "galaxy"])[labels]
        lenses = pd.DataFrame({"class": names, "split": splits, "axion_mass_ev": 10.0 ** masses.astype(np.float64)})
        lenses.insert(0, "id", [f"{self.preset}-{index}" for index in range(len(lenses))])
        preset = PRESETS[self.preset]
        classes = self.classes or tuple(dict.fromkeys(names))
        facts = {"preset": self.preset, "seed": self.seed, "pixel_scale": preset.pixel_scale, "flux_unit": "of the peak"}
        info = summarise(config.data, lenses, {"images": images}, classes=classes, created="", **facts)
        return LensDataset(Path(config.data), info, images, None, truths, lenses)

    def _fixed(self, count: int, purpose: int, config: RunConfig) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        parts = []
        for block, start in enumerate(range(0, count, _BLOCK)):
            drawn = self.lenses(min(_BLOCK, count - start), (block,), torch.device("cpu"), purpose)
            images = clean = drawn.images
            if config.nuisances != "none":
                seen = draw_nuisances(images, generator_of(self.seed, purpose, block, 1), PRIORS[config.nuisances])
                images, clean = seen.images, seen.clean
            parts.append((images, clean, drawn.labels, drawn.log_axion_mass))
        return tuple(torch.cat(column) for column in zip(*parts, strict=True))


def weights_of(text: str) -> Mapping[str, float] | None:
    """Weights of a corpus's strata from "NAME=WEIGHT,...", as a configuration holds them; None where empty."""
    if not text:
        return None
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(weight) for name, weight in pairs}
    except ValueError:
        raise DatasetError(f"strata is {text!r}; it must be like 'model_ii=2,model_ii_free=1'.") from None

"""Noise of each preset: from the noise-free image, the row and a seed of its own, so that it can be drawn again."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from lenstronomy.SimulationAPI.observation_api import SingleBand

from lensmae.data.simulation.bicubic import downsample_bicubic
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.priors import MODEL_I_BACKGROUND_RMS, PAIR_NOISE_VARIANCE, PAIR_SKY
from lensmae.data.simulation.rows import camera_of, known
from lensmae.errors import DatasetError


def observed(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    """The image (H, W) float64 of a data set, in the preset's unit, from the noise-free counts a second (H, W).

    The column `noise_level` of the row is the share of the camera's noise that is in the image: 0 none, 1 all.
    """
    level = float(row["noise_level"]) if known(row, "noise_level") else preset.noise_level
    expected = expected_image(preset, row, clean)
    if level == 0:
        return expected
    return expected + level * (_NOISY[preset.noise](preset, row, clean) - expected)


def expected_image(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    """The noise-free image (H, W) in the preset's unit."""
    if preset.noise == "doubled":
        # DeepLenseSim adds the noise-free model to itself where its noise should have been.
        return 2.0 * clean
    if preset.noise == "counts":
        return camera_of(preset, row).exposure_time * clean
    if preset.noise == "pairs":
        return _pair_truth(clean)
    return clean


def noise_rms(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    """Standard deviation (H, W) of the noise of the preset's camera, all of it, in counts a second, from the noise-free counts a
    second (H, W). Raises `DatasetError` for pairs, whose noise is not a camera's."""
    camera = camera_of(preset, row)
    if preset.noise == "counts":
        # Photons are drawn twice there.
        return np.sqrt(2 * np.abs(clean) / camera.exposure_time + MODEL_I_BACKGROUND_RMS**2)
    if preset.noise == "pairs":
        raise DatasetError(f"Images of {preset.name} are scaled to [0, 1]: the noise of its camera is not known on that scale.")
    return SingleBand(**camera.band()).estimate_noise(clean)


def stream(row: Mapping[str, Any]) -> np.random.Generator:
    """A stream of its own, so that the noise can be drawn again from the row without drawing the parameters."""
    return np.random.default_rng([int(row["seed"]), 1])


def _camera_noise(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    """Sky, read-out and photon noise as lenstronomy has them for the camera."""
    return clean + noise_rms(preset, row, clean) * stream(row).standard_normal(clean.shape)


def _doubled(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    return 2.0 * _camera_noise(preset, row, clean)


def _counts(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    """Model I: photon noise as a Gaussian, background, times the exposure; then Poisson once more, as DeepLenseSim does."""
    rng, exposure = stream(row), camera_of(preset, row).exposure_time
    photons = np.sqrt(np.abs(clean) / exposure) * rng.standard_normal(clean.shape)
    background = MODEL_I_BACKGROUND_RMS * rng.standard_normal(clean.shape)
    return rng.poisson(np.maximum(exposure * (clean + photons + background), 0.0)).astype(np.float64)


def _normalised(preset: Preset, row: Mapping[str, Any], clean: np.ndarray) -> np.ndarray:
    return _noisy_pair_image(row, clean)[0]


_NOISY = {"camera": _camera_noise, "doubled": _doubled, "counts": _counts, "pairs": _normalised}


def noisy_pair(row: Mapping[str, Any], clean: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """LR image, HR image and noise-free HR image of `superres`, float32, all on the [0, 1] scale of the HR image."""
    noisy, truth = _noisy_pair_image(row, clean)
    target = noisy.astype(np.float32)
    return downsample_bicubic(target), target, truth.astype(np.float32)


def _noisy_pair_image(row: Mapping[str, Any], clean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An image with the noise of Task VI.B, scaled to [0, 1], and the noise-free one on the same scale, float64."""
    truth = _pair_truth(clean)
    constant, linear, square = PAIR_NOISE_VARIANCE
    rms = np.sqrt(constant + linear * truth + square * truth**2)
    noisy = np.maximum(truth + rms * stream(row).standard_normal(truth.shape), 0.0)
    low, high = noisy.min(), noisy.max()
    return (noisy - low) / (high - low), (truth - low) / (high - low)


def _pair_truth(clean: np.ndarray) -> np.ndarray:
    """Sky and peak as on Task VI.B's images."""
    return PAIR_SKY + (1.0 - PAIR_SKY) * clean / clean.max()

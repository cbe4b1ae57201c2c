"""Noise of every preset on a device, as `lensmae.data.simulation.noise` has it, and the pairs of `superres`."""

import torch
from torch import Tensor

from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.scene import Scene
from lensmae.data.simulation.bicubic import bicubic_matrix
from lensmae.data.simulation.presets import Preset
from lensmae.data.simulation.priors import MODEL_I_BACKGROUND_RMS, PAIR_NOISE_VARIANCE, PAIR_SKY


def observed_batch(preset: Preset, scene: Scene, clean: Tensor, draws: Draws) -> Tensor:
    """Images (B, H, W) with the noise of the preset's camera.

    Args:
        preset: whose camera observes.
        scene: of the images, on their device.
        clean: (B, H, W) noise-free in the preset's unit, as `render` gives them; of `superres`, as `pair_truth` does.
        draws: random numbers.
    """
    if preset.noise == "pairs":
        return normalised(noisy_pair_images(clean, draws))
    background, exposure, gain = (
        values.to(clean.dtype)[:, None, None] for values in (scene.background, scene.exposure, scene.gain)
    )
    if preset.noise == "counts":
        photons = clean.abs().sqrt() * _normal(clean, draws)
        rate = clean + photons + MODEL_I_BACKGROUND_RMS * exposure * _normal(clean, draws)
        return draws.poisson(rate.clamp(min=0).to(draws.device)).to(clean.device)
    variance = background.square() + (clean / gain).clamp(min=0) / exposure
    return clean + gain * variance.sqrt() * _normal(clean, draws)


def pair_truth(images: Tensor) -> Tensor:
    """Noise-free images (B, H, W) of `superres` with sky and peak as on Task VI.B's images."""
    return PAIR_SKY + (1.0 - PAIR_SKY) * images / images.amax((1, 2), keepdim=True)


def noisy_pair_images(truth: Tensor, draws: Draws) -> Tensor:
    """Flux-dependent noise of the HR images, cut at 0."""
    constant, linear, square = PAIR_NOISE_VARIANCE
    rms = (constant + linear * truth + square * truth.square()).sqrt()
    return (truth + rms * _normal(truth, draws)).clamp(min=0)


def normalised(images: Tensor) -> Tensor:
    """Each scaled to [0, 1]."""
    low, high = images.amin((1, 2), keepdim=True), images.amax((1, 2), keepdim=True)
    return (images - low) / (high - low)


def noisy_pairs(truth: Tensor, draws: Draws) -> tuple[Tensor, Tensor, Tensor]:
    """LR images, HR images and noise-free HR images of `superres` on the [0, 1] scale of the HR images."""
    noisy = noisy_pair_images(truth, draws)
    low, high = noisy.amin((1, 2), keepdim=True), noisy.amax((1, 2), keepdim=True)
    target = (noisy - low) / (high - low)
    return downsampled(target), target, (truth - low) / (high - low)


def downsampled(images: Tensor, factor: int = 2) -> Tensor:
    """Bicubic, as `downsample_bicubic`."""
    rows, columns = (torch.from_numpy(bicubic_matrix(size, size // factor)).to(images) for size in images.shape[1:])
    return rows @ images @ columns.T


def _normal(like: Tensor, draws: Draws) -> Tensor:
    return draws.normal(*like.shape).to(like)

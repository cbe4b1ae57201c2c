"""Named pixel transforms. A model's transform is stored in its checkpoint, so no caller can feed it wrongly."""

from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

Stretch = Literal["linear", "log1p", "asinh"]


class Transform(BaseModel):
    """Flux -> network input, invertible, never clamped.

    x is divided by the image's own peak where `per_image_peak` (so any flux unit will do), multiplied by `gain`,
    stretched, then standardised: z = (stretch(gain * x / peak) - mean) / std.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stretch: Stretch = Field("log1p", description="pixel stretch")
    gain: float = Field(4.0, gt=0, description="factor before the stretch; 4 is about the peak of a Model II image")
    per_image_peak: bool = Field(True, description="divide by the image's maximum first")
    mean: float = Field(0.0, description="mean of stretched training pixels")
    std: float = Field(1.0, gt=0, description="standard deviation of stretched training pixels")
    known_peaks: tuple[float, float] | None = Field(None, description="maxima that a fixed flux scale was made for")

    def peak(self, flux: Tensor) -> Tensor:
        """Scale of each image, (B, 1, 1, 1), of flux (B, C, H, W): its maximum, or 1 where an image has no positive pixel.

        With a fixed scale it is 1. Where `known_peaks` is set, an image whose maximum lies outside is in another unit; its
        scale brings the maximum to the middle of the known ones.
        """
        peak = flux.amax(dim=(1, 2, 3), keepdim=True)
        if self.per_image_peak:
            return torch.where(peak > 0, peak, torch.ones_like(peak))
        if self.known_peaks is None:
            return torch.ones_like(peak)
        low, high = self.known_peaks
        foreign = (peak > 0) & ((peak < low) | (peak > high))
        return torch.where(foreign, peak / (0.5 * (low + high)), torch.ones_like(peak))

    def forward(self, flux: Tensor, peak: Tensor | None = None) -> Tensor:
        """Flux (B, C, H, W) -> network input of the same shape."""
        scaled = flux * (self.gain / (self.peak(flux) if peak is None else peak))
        return (_stretch(scaled, self.stretch) - self.mean) / self.std

    def inverse(self, values: Tensor, peak: Tensor) -> Tensor:
        """Network output (B, C, H, W) -> flux; `peak` (B, 1, 1, 1) as `peak` gave it."""
        return _unstretch(values * self.std + self.mean, self.stretch) * (peak / self.gain)

    def fitted(self, flux: Tensor) -> "Transform":
        """This transform with mean and standard deviation measured on flux (N, C, H, W)."""
        raw = self.model_copy(update={"mean": 0.0, "std": 1.0}).forward(flux).double()
        return self.model_copy(update={"mean": float(raw.mean()), "std": max(float(raw.std()), 1e-12)})


def _stretch(values: Tensor, name: Stretch) -> Tensor:
    if name == "linear":
        return values
    if name == "asinh":
        return torch.asinh(values)
    # Odd continuation: noisy sky is negative now and then, and log1p alone would end at -1.
    return torch.sign(values) * torch.log1p(values.abs())


def _unstretch(values: Tensor, name: Stretch) -> Tensor:
    if name == "linear":
        return values
    if name == "asinh":
        return torch.sinh(values)
    return torch.sign(values) * torch.expm1(values.abs())

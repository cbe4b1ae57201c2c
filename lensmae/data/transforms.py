"""Named pixel transforms. A model's transform is stored in its checkpoint, so no caller can feed it wrongly."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

Stretch = Literal["linear", "log1p", "asinh"]
# Pixels at the border of an image, on each side, that its sky is measured on.
_EDGE = 2
# Ratios to the scale are bounded far beyond any image, where only overflow is.
_LARGEST = 1e30
# The network input of the crest of an arc.
_CREST = 1.75


@dataclass(frozen=True)
class Scale:
    """What a transform takes from an image itself, and `inverse` gives back.

    Attributes:
        peak: (B, 1, 1, 1), flux that becomes 1.
        sky: (B, 1, 1, 1), flux that becomes 0; None where nothing is subtracted.
    """

    peak: Tensor
    sky: Tensor | None = None


class Transform(BaseModel):
    """Flux -> network input, invertible, never clamped.

    The sky is subtracted where `sky` says so, x is divided by the image's own scale where `per_image_peak` (so any flux unit will
    do), multiplied by `gain`, stretched, then standardised: z = (stretch(gain * (x - sky) / peak) - mean) / std.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stretch: Stretch = Field("log1p", description="pixel stretch")
    gain: float = Field(4.0, gt=0, description="factor before the stretch; 4 is about the peak of a Model II image")
    per_image_peak: bool = Field(True, description="divide by the image's own scale first")
    mean: float = Field(0.0, description="mean of stretched training pixels")
    std: float = Field(1.0, gt=0, description="standard deviation of stretched training pixels")
    known_peaks: tuple[float, float] | None = Field(None, description="maxima that a fixed flux scale was made for")
    sky: Literal["none", "edge"] = Field("none", description="level that is subtracted first: none, or the median of the edge")
    bright_share: float = Field(
        0.0, ge=0, lt=1, description="an image's scale is the flux that this share of its pixels exceeds; 0 = its maximum"
    )

    def scale(self, flux: Tensor) -> Scale:
        """Scale and sky of each image, of flux (B, C, H, W).

        The scale is the maximum above the sky (or what `bright_share` says, which no hot pixel moves), and 1 where that is not
        positive. With a fixed flux scale it is 1; where `known_peaks` is set, an image whose maximum lies outside is in another
        unit, and its scale brings the maximum to the middle of the known ones.
        """
        sky = _edge_median(flux) if self.sky == "edge" else None
        peak = flux.amax(dim=(1, 2, 3), keepdim=True)
        peak = peak if sky is None else peak - sky
        if self.per_image_peak:
            return Scale(self._own_peak(flux, peak, sky), sky)
        if self.known_peaks is None:
            return Scale(torch.ones_like(peak), sky)
        low, high = self.known_peaks
        foreign = (peak > 0) & ((peak < low) | (peak > high))
        return Scale(torch.where(foreign, peak / (0.5 * (low + high)), torch.ones_like(peak)), sky)

    def _own_peak(self, flux: Tensor, peak: Tensor, sky: Tensor | None) -> Tensor:
        if self.bright_share:
            count = max(1, round(self.bright_share * flux[0].numel()))
            bright = flux.flatten(1).topk(count, dim=1).values[:, -1, None, None, None]
            bright = bright if sky is None else bright - sky
            # Where fewer pixels than that shine, the brightest of them is all there is.
            peak = torch.where(bright > 0, bright, peak)
        return torch.where(peak > 0, peak, torch.ones_like(peak))

    def forward(self, flux: Tensor, scale: Scale | None = None) -> Tensor:
        """Flux (B, C, H, W) -> network input of the same shape; `scale` is that of another image where one is given."""
        scale = self.scale(flux) if scale is None else scale
        scaled = flux * (self.gain / scale.peak) if scale.sky is None else _ratio(flux, scale) * self.gain
        return (_stretch(scaled, self.stretch) - self.mean) / self.std

    def inverse(self, values: Tensor, scale: Scale) -> Tensor:
        """Network output (B, C, H, W) -> flux; `scale` as `scale` gave it."""
        above = _unstretch(values * self.std + self.mean, self.stretch) * (scale.peak / self.gain)
        return above if scale.sky is None else above + scale.sky

    def target(self, clean: Tensor, scale: Scale) -> Tensor:
        """What a network that got an image of `scale` should find of the same image without noise and sky, (B, C, H, W): scaled
        alike, its own sky subtracted."""
        return self.forward(clean, Scale(scale.peak, None if scale.sky is None else self.scale(clean).sky))

    def fitted(self, flux: Tensor) -> "Transform":
        """This transform with mean and standard deviation measured on flux (N, C, H, W)."""
        raw = self.model_copy(update={"mean": 0.0, "std": 1.0}).forward(flux).double()
        return self.model_copy(update={"mean": float(raw.mean()), "std": max(float(raw.std()), 1e-12)})


# What survives files: the sky at the edge subtracted, scaled by what 0.3 % of the pixels exceed (12 of 64 x 64, the crest of an
# arc), and stretched so that 1 % of it is where the stretch turns from linear to logarithmic. Offset and unit of the flux cancel.
SURVIVING = Transform(stretch="asinh", gain=100.0, std=3.0, sky="edge", bright_share=0.003)


def surviving(gain: float) -> Transform:
    """`SURVIVING` with another gain: one over the flux, in units of the crest, at which its stretch turns logarithmic."""
    return SURVIVING.model_copy(update={"gain": gain, "std": math.asinh(gain) / _CREST})


def _ratio(flux: Tensor, scale: Scale) -> Tensor:
    """(flux - sky) / peak, finite wherever flux is: a difference of huge numbers overflows, and so does a ratio to a tiny one."""
    return ((flux / 2 - scale.sky / 2) / scale.peak).clamp(-_LARGEST, _LARGEST) * 2


def _edge_median(flux: Tensor) -> Tensor:
    """Median of the pixels at the border of each image (B, C, H, W), (B, 1, 1, 1)."""
    sides = (flux[..., :_EDGE, :], flux[..., -_EDGE:, :], flux[..., _EDGE:-_EDGE, :_EDGE], flux[..., _EDGE:-_EDGE, -_EDGE:])
    return torch.cat([side.flatten(1) for side in sides], dim=1).median(dim=1).values[:, None, None, None]


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

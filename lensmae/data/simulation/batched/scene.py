"""A batch of lenses as tensors: mass, light, camera. Angles in arcsec, fluxes in counts a second."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class _Tensors:
    """Fields that are tensors, or groups of such, with the lenses of the batch first."""

    def each(self, change: Callable[[Tensor], Tensor]) -> Self:
        """The same with every tensor changed."""
        changed = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                changed[field.name] = change(value)
            elif isinstance(value, _Tensors):
                changed[field.name] = value.each(change)
        return replace(self, **changed)

    def __getitem__(self, lenses: slice) -> Self:
        """Some of the lenses."""
        return self.each(lambda values: values[lenses])

    def to(self, device: torch.device | str) -> Self:
        """The same on another device; float64 becomes float32 where the device has no float64 (MPS)."""
        if torch.device(device).type == "mps":
            return self.each(lambda values: values.float().to(device))
        return self.each(lambda values: values.to(device, non_blocking=True))


@dataclass(frozen=True)
class Macro(_Tensors):
    """Singular isothermal ellipsoids and external shear, each (B,); already in one plane.

    Attributes:
        theta_E: Einstein radius in arcsec, lenstronomy's (product-averaged) convention.
        e1, e2: ellipticity components of the mass.
        gamma1, gamma2: shear about the lens's centre.
        x, y: the lens's centre in arcsec.
    """

    theta_E: Tensor
    e1: Tensor
    e2: Tensor
    gamma1: Tensor
    gamma2: Tensor
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Points(_Tensors):
    """Point masses, each (B, N); a mass with `theta_E_squared` 0 is none.

    Attributes:
        theta_E_squared: in arcsec^2.
        x, y: in arcsec.
    """

    theta_E_squared: Tensor
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Halos(_Tensors):
    """Truncated NFW halos (Baltz, Marshall & Oguri 2009), each (B, N); one with `strength` 0 is none.

    Attributes:
        strength: 4 rho_0 R_s in units of the critical surface density, (theta_E / R_s)^2 / (ln(1 + c) - c / (1 + c)) with theta_E
            the Einstein radius of a point of the halo's mass before truncation.
        Rs: scale radius in arcsec.
        truncation: truncation radius in scale radii.
        x, y: in arcsec.
    """

    strength: Tensor
    Rs: Tensor
    truncation: Tensor
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Light(_Tensors):
    """Elliptical Sersic profiles, each (B, K); one with `flux` 0 is none.

    Attributes:
        flux: counts a second, to infinity.
        R_sersic: half-light radius in arcsec, product average of both axes.
        n_sersic: Sersic index.
        e1, e2: ellipticity components.
        x, y: centre in arcsec.
    """

    flux: Tensor
    R_sersic: Tensor
    n_sersic: Tensor
    e1: Tensor
    e2: Tensor
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Knots(_Tensors):
    """Round exponential profiles (Sersic index 1), each (B, K); one with `flux` 0 is none. Fields as of `Light`."""

    flux: Tensor
    R_sersic: Tensor
    x: Tensor
    y: Tensor


@dataclass(frozen=True)
class Scene(_Tensors):
    """A batch of B lenses before a camera.

    Attributes:
        macro: the main deflector.
        points: point masses, None without.
        halos: truncated NFW halos, None without.
        source: light of the source plane.
        knots: small sources beside it, None without.
        foreground: light of the lens plane, which is not deflected, None without.
        neighbours: galaxies beside it, None without; they need a `foreground`.
        pixel_scale: (B,) arcsec.
        psf_sigma: (B,) standard deviation of the Gaussian PSF in pixels, cut off at `truncation` times it.
        truncation: (B,).
        background: (B,) standard deviation of sky and read-out noise in counts a second and pixel.
        exposure: (B,) seconds in all.
        gain: (B,) factor between the image and counts a second.
        side: pixels an axis.
        supersampling: rays a pixel and axis.
    """

    macro: Macro
    source: Light
    pixel_scale: Tensor
    psf_sigma: Tensor
    truncation: Tensor
    background: Tensor
    exposure: Tensor
    gain: Tensor
    side: int
    points: Points | None = None
    halos: Halos | None = None
    knots: Knots | None = None
    foreground: Light | None = None
    neighbours: Knots | None = None
    supersampling: int = 1

    def __len__(self) -> int:
        return len(self.pixel_scale)

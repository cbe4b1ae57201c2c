"""What files do to lenses: noise, sky, levels, seeing, shifts, turns, scale, bad pixels, JPEG.

One definition for training (drawn anew for each lens, `draw_nuisances`), the stress test and the Lens lab (one at a fixed
strength, `NUISANCES[name].apply`). Images are (B, H, W) on any device; strengths are relative to an image's own peak.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from lensmae.data.simulation.batched.imaging import gaussian_matrix
from lensmae.data.statistics import FWHM_OF_SIGMA
from lensmae.data.value_titles import NUISANCE_TITLES

Strength = float | Tensor
# FWHM of a Gaussian in units of its sigma.
# A Gaussian ends at so many sigma.
_TRUNCATION = 5.0


@dataclass(frozen=True)
class Nuisance:
    """One thing that happens to images in files.

    Attributes:
        name: as in `NUISANCES`, reports and the command line.
        title: as shown.
        unit: of the strength; "" where it is done or not.
        strengths: a usual row of strengths, from harmless to severe.
        harmless: the strength that changes nothing.
        apply: images (B, H, W), strength (a number, or (B,) one a lens), generator -> images of the same shape. What is random
            comes from the generator, which lies on the images' device or on the CPU.
    """

    name: str
    title: str
    unit: str
    strengths: tuple[float, ...]
    harmless: float
    apply: Callable[[Tensor, Strength, torch.Generator], Tensor]


def peak(images: Tensor) -> Tensor:
    """Brightest pixel of each image (B, H, W) above its faintest, (B, 1, 1); 1 where an image is flat."""
    spread = images.amax((1, 2), keepdim=True) - images.amin((1, 2), keepdim=True)
    return torch.where(spread > 0, spread, torch.ones_like(spread))


def _each(strength: Strength, images: Tensor) -> Tensor:
    """A strength (B, 1, 1) on the images' device."""
    given = torch.as_tensor(strength, dtype=images.dtype, device=images.device)
    return given.expand(len(images))[:, None, None]


def _normal(images: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(images.shape, generator=generator, device=generator.device, dtype=images.dtype).to(images.device)


def _unit(images: Tensor, generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device, dtype=images.dtype).to(images.device)


def noise(images: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Gaussian noise of the same rms in every pixel, in units of the peak."""
    return images + _each(strength, images) * peak(images) * _normal(images, generator)


def shot_noise(images: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Noise of photons: its rms is `strength` (in units of the peak) at the peak, and goes with the root of the flux."""
    scale = peak(images)
    relative = ((images - images.amin((1, 2), keepdim=True)) / scale).clamp_min(0)
    return images + _each(strength, images) * scale * relative.sqrt() * _normal(images, generator)


def sky(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """A constant level under the whole image, in units of the peak."""
    return images + _each(strength, images) * peak(images)


def gain(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """Another flux unit: everything times `strength`."""
    return images * _each(strength, images)


def min_max(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """Scaled to [0, 1] where `strength` is 1; between, a mixture."""
    share = _each(strength, images)
    return images + share * ((images - images.amin((1, 2), keepdim=True)) / peak(images) - images)


def levels(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """Rounded to 2^`strength` levels between an image's faintest and brightest pixel, as PNG and TIFF of so many bits."""
    steps = torch.exp2(_each(strength, images)) - 1
    low, scale = images.amin((1, 2), keepdim=True), peak(images)
    return torch.round((images - low) / scale * steps) / steps * scale + low


def blur(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """A broader PSF: convolved with a Gaussian whose FWHM is `strength` pixels."""
    sigma = _each(strength, images)[:, 0, 0] / FWHM_OF_SIGMA
    truncation = torch.full_like(sigma, _TRUNCATION)
    rows = gaussian_matrix(sigma, truncation, images.shape[1], images.dtype)
    columns = rows if images.shape[1] == images.shape[2] else gaussian_matrix(sigma, truncation, images.shape[2], images.dtype)
    return rows @ images @ columns.transpose(1, 2)


def shift(images: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """Moved by `strength` pixels in x and two thirds of that in y (whole pixels where `strength` is whole), in a random direction
    of each; the edge is repeated."""
    size = _each(strength, images)[:, 0, 0]
    other = torch.where(size == size.round(), (size * 2 / 3).round(), size * 2 / 3)
    sign = torch.sign(_unit(images, generator, 2, len(images)) - 0.5)
    return moved(images, size * sign[0], other * sign[1])


def moved(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Images moved by x and y (B,) pixels to the right and down, bicubic between pixels and exact for whole ones."""
    count, height, width = images.shape
    whole_x, whole_y = x.round(), y.round()
    rows = (torch.arange(height, device=images.device) - whole_y[:, None]).clamp(0, height - 1).long()
    columns = (torch.arange(width, device=images.device) - whole_x[:, None]).clamp(0, width - 1).long()
    indices = rows[:, :, None] * width + columns[:, None, :]
    whole = images.flatten(1).gather(1, indices.flatten(1)).reshape(count, height, width)
    rest_x, rest_y = x - whole_x, y - whole_y
    if not bool(((rest_x != 0) | (rest_y != 0)).any()):
        return whole
    one = torch.zeros_like(rest_x)
    motion = torch.stack(
        [torch.stack([one + 1, one, -2 * rest_x / width], 1), torch.stack([one, one + 1, -2 * rest_y / height], 1)], 1
    )
    return _resampled(whole, motion)


def rotation(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """Turned by `strength` degrees about the centre: exact for quarters, bicubic between, the edge repeated."""
    degrees = _each(strength, images)[:, 0, 0]
    quarters = (degrees / 90).round()
    turned = images
    if images.shape[1] == images.shape[2]:
        turned = torch.stack([torch.rot90(image, int(k), (-2, -1)) for image, k in zip(images, quarters.tolist(), strict=True)])
        degrees = degrees - 90 * quarters
    if not bool((degrees != 0).any()):
        return turned
    angle = torch.deg2rad(degrees)
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros_like(angle)
    aspect = images.shape[1] / images.shape[2]
    motion = torch.stack([torch.stack([cos, -sin * aspect, none], 1), torch.stack([sin / aspect, cos, none], 1)], 1)
    return _resampled(turned, motion)


def _resampled(images: Tensor, motion: Tensor) -> Tensor:
    grid = F.affine_grid(motion, [len(images), 1, *images.shape[1:]], align_corners=False)
    return F.grid_sample(images[:, None], grid, mode="bicubic", padding_mode="border", align_corners=False)[:, 0]


def mirror(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """Left and right exchanged where `strength` is not 0."""
    return torch.where(_each(strength, images) != 0, images.flip(-1), images)


def bad_pixels(images: Tensor, strength: Strength, generator: torch.Generator) -> Tensor:
    """So many pixels of 10,000 hold anything between the faintest pixel and twice the peak."""
    chosen = _unit(images, generator, *images.shape) < _each(strength, images) / 1e4
    value = images.amin((1, 2), keepdim=True) + 2 * peak(images) * _unit(images, generator, *images.shape)
    return torch.where(chosen, value, images)


def jpeg(images: Tensor, strength: Strength, _: torch.Generator) -> Tensor:
    """Written as an 8-bit grey JPEG between faintest and brightest pixel, with quality `strength` (1-95), and read again; 100 is
    no JPEG at all."""
    low, scale = images.amin((1, 2), keepdim=True), peak(images)
    grey = torch.round((images - low) / scale * 255).to(torch.uint8).cpu().numpy()
    quality = _each(strength, images)[:, 0, 0].tolist()
    read = torch.stack([torch.from_numpy(_through_jpeg(one, q)) for one, q in zip(grey, quality, strict=True)])
    kept = _each(strength, images) >= 100
    return torch.where(kept, images, read.to(images.device, images.dtype) / 255 * scale + low)


def _through_jpeg(grey: np.ndarray, quality: float) -> np.ndarray:
    if quality >= 100:
        return grey.copy()
    file = io.BytesIO()
    Image.fromarray(grey).save(file, format="JPEG", quality=round(quality))
    with Image.open(file) as image:
        return np.array(image)


_ALL = (
    Nuisance("noise", NUISANCE_TITLES["noise"], "rms/peak", (1e-4, 1e-3, 3e-3, 1e-2, 3e-2), 0.0, noise),
    Nuisance("shot_noise", NUISANCE_TITLES["shot_noise"], "rms/peak, at the peak", (1e-3, 1e-2, 3e-2, 1e-1), 0.0, shot_noise),
    Nuisance("sky", NUISANCE_TITLES["sky"], "of the peak", (0.01, 0.1, 1.0), 0.0, sky),
    Nuisance("gain", NUISANCE_TITLES["gain"], "factor", (1e-3, 10.0, 1e4), 1.0, gain),
    Nuisance("min_max", NUISANCE_TITLES["min_max"], "", (1.0,), 0.0, min_max),
    Nuisance("levels", NUISANCE_TITLES["levels"], "bits", (16.0, 12.0, 10.0, 8.0), 24.0, levels),
    Nuisance("blur", NUISANCE_TITLES["blur"], "pixels FWHM", (0.5, 1.0, 2.0, 3.0), 0.0, blur),
    Nuisance("shift", NUISANCE_TITLES["shift"], "pixels", (0.5, 1.0, 2.0, 3.0, 5.0), 0.0, shift),
    Nuisance("rotation", NUISANCE_TITLES["rotation"], "degrees", (45.0, 90.0, 180.0), 0.0, rotation),
    Nuisance("mirror", NUISANCE_TITLES["mirror"], "", (1.0,), 0.0, mirror),
    Nuisance("jpeg", NUISANCE_TITLES["jpeg"], "quality", (95.0, 85.0, 70.0), 100.0, jpeg),
    Nuisance("bad_pixels", NUISANCE_TITLES["bad_pixels"], "of 10,000", (2.0, 10.0, 50.0), 0.0, bad_pixels),
)
NUISANCES: Mapping[str, Nuisance] = MappingProxyType({nuisance.name: nuisance for nuisance in _ALL})


def perturb(images: Tensor | np.ndarray, name: str, strength: float, seed: int = 0) -> Tensor:
    """Images (B, H, W) under one nuisance at a fixed strength, float32; the same arguments give the same images.

    Args:
        images: flux (B, H, W).
        name: one of `NUISANCES`.
        strength: in the nuisance's unit.
        seed: of what is random in it.

    Raises:
        ValueError: where there is no such nuisance.
    """
    if name not in NUISANCES:
        raise ValueError(f"There is no nuisance {name!r}; there are {', '.join(NUISANCES)}.")
    flux = torch.as_tensor(np.array(images, dtype=np.float32)) if isinstance(images, np.ndarray) else images.float()
    return NUISANCES[name].apply(flux, strength, torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class NuisancePrior:
    """How often training meets what, and how strong; shares of lenses, and bounds between which strengths are uniform.

    Attributes:
        log_noise: decimal logarithm of the noise's rms, in units of the peak.
        noise: share of the lenses that have Gaussian noise.
        shot: share, of those with noise, that have photon noise of the same size at the peak too; of all, where it has a size of
            its own.
        log_shot: decimal logarithm of the photon noise's rms at the peak, in units of it; None for that of the noise.
        levels: share that is rounded to 8 bits, and as many again that are rounded to 16.
        jpeg: share that is written as JPEG, of those that are not rounded.
    """

    noise: float = 0.75
    log_noise: tuple[float, float] = (-5.0, -1.5)
    shot: float = 0.5
    log_shot: tuple[float, float] | None = None
    sky: float = 0.3
    sky_level: tuple[float, float] = (-0.02, 0.1)
    levels: float = 0.25
    blur: float = 0.15
    blur_fwhm: tuple[float, float] = (0.0, 1.5)
    shift: float = 0.3
    shift_pixels: int = 3
    bad_pixels: float = 0.05
    bad_per_10000: tuple[float, float] = (1.0, 8.0)
    jpeg: float = 0.0
    jpeg_quality: tuple[float, float] = (60.0, 98.0)


TRAINING = NuisancePrior()
# What training configurations name. Of `faint`, a fifth of the lenses has noise above 1 % of the peak, of `files` a ninth.
PRIORS: Mapping[str, NuisancePrior] = MappingProxyType(
    {
        "files": TRAINING,
        "faint": NuisancePrior(
            noise=0.8,
            log_noise=(-4.0, -1.4),
            shot=0.3,
            log_shot=(-3.5, -1.0),
            levels=0.2,
            blur=0.2,
            blur_fwhm=(0.0, 2.5),
            bad_pixels=0.1,
            bad_per_10000=(1.0, 30.0),
            jpeg=0.12,
        ),
    }
)


@dataclass(frozen=True)
class Perturbed:
    """Lenses as files hold them, and what they would be without noise.

    Attributes:
        images: (B, H, W), peak of the noise-free lens about 1.
        clean: (B, H, W) the same lenses, seeing and position, without noise, sky, levels and bad pixels.
    """

    images: Tensor
    clean: Tensor


def draw_nuisances(images: Tensor, generator: torch.Generator, prior: NuisancePrior = TRAINING) -> Perturbed:
    """Noise-free lenses (B, H, W) as files would hold them; everything random comes from the generator."""
    count = len(images)

    def some(share: float) -> Tensor:
        return _unit(images, generator, count) < share

    def between(bounds: tuple[float, float]) -> Tensor:
        return bounds[0] + (bounds[1] - bounds[0]) * _unit(images, generator, count)

    def where(chosen: Tensor, strength: Tensor, harmless: float) -> Tensor:
        return torch.where(chosen, strength, torch.full_like(strength, harmless))

    scale = images.amax((1, 2), keepdim=True)
    clean = images / torch.where(scale > 0, scale, torch.ones_like(scale))
    clean = _of_some(blur, clean, some(prior.blur), between(prior.blur_fwhm), generator)
    steps = (
        torch.floor(between((-prior.shift_pixels, prior.shift_pixels + 1))),
        torch.floor(between((-prior.shift_pixels, prior.shift_pixels + 1))),
    )
    moves = some(prior.shift)
    clean = moved(clean, where(moves, steps[0], 0.0), where(moves, steps[1], 0.0))
    rms, noisy = 10 ** between(prior.log_noise), some(prior.noise)
    seen = noise(clean, where(noisy, rms, 0.0), generator)
    if prior.log_shot is None:
        photons = where(noisy & some(prior.shot), rms, 0.0)
    else:
        photons = where(some(prior.shot), 10 ** between(prior.log_shot), 0.0)
    seen = seen + shot_noise(clean, photons, generator) - clean
    seen = sky(seen, where(some(prior.sky), between(prior.sky_level), 0.0), generator)
    seen = _of_some(bad_pixels, seen, some(prior.bad_pixels), between(prior.bad_per_10000), generator)
    bits = _unit(images, generator, count)
    coarse, fine = torch.full_like(bits, 8.0), torch.full_like(bits, 16.0)
    seen = _of_some(levels, seen, bits < 2 * prior.levels, torch.where(bits < prior.levels, coarse, fine), generator)
    if prior.jpeg:
        chosen = (bits >= 2 * prior.levels) & some(prior.jpeg)
        seen = jpeg(seen, where(chosen, between(prior.jpeg_quality), 100.0), generator)
    return Perturbed(seen, clean)


def _of_some(
    nuisance: Callable[[Tensor, Strength, torch.Generator], Tensor],
    images: Tensor,
    chosen: Tensor,
    strength: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """The nuisance on the chosen (B,) images alone. On a CPU the others cost nothing; a GPU would have to wait to know them."""
    if images.device.type != "cpu":
        return torch.where(chosen[:, None, None], nuisance(images, strength, generator), images)
    indices = chosen.nonzero()[:, 0]
    if len(indices) == 0:
        return images
    return images.index_copy(0, indices, nuisance(images[indices], strength[indices], generator))

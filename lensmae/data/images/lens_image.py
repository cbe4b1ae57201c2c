"""An image as it was read, with what is known of its pixels, and how it is brought to a network's size."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lensmae.data.images.fitting import Crop, fit_pixels
from lensmae.data.images.framing import LensLight, find_lens, frame
from lensmae.data.images.wcs import Grid, Sky


@dataclass(frozen=True)
class LensImage:
    """An image as read.

    Attributes:
        pixels: (H, W) float32, finite, in the file's own unit.
        name: the file's name; of a lens in a stack with its index.
        format: npy, npz, fits, image, tiff, hdf5, matlab or torch.
        pixel_scale: arcsec/pixel, where the file says it.
        notes: what was done to the pixels, in full sentences.
        axion_mass_ev: as DeepLense's axion files say it.
        items: names of all images in the file (HDUs, arrays, pages), each good for `read_image(item=...)`.
        item: which of them this is.
        bands: how many bands the image has, each good for `read_image(band=...)`.
        band_names: their names, where the file says them.
        lenses: how many lenses its array holds, each good for `read_image(lens=...)`.
        unit: of the pixels, as the file says it; empty where it is silent.
        sky: where the pixels lie on the sky, where the file says it.
        noise: (H, W) standard deviation of the pixels, where the file or one beside it says it.
        psf: point-spread function on pixels of the image's scale, where the file or one beside it holds it.
        eight_bit, lossy: whether its values are levels of 8 bits, and whether they were compressed as JPEG does.
        lens: where the lens is, once `found` was asked for.
        was_framed: whether it is the square that was cut out about the lens.
    """

    pixels: np.ndarray
    name: str
    format: str
    pixel_scale: float | None = None
    notes: tuple[str, ...] = ()
    axion_mass_ev: float | None = None
    items: tuple[str, ...] = ()
    bands: int = 1
    band_names: tuple[str, ...] = ()
    lenses: int = 1
    unit: str = ""
    sky: Sky | None = None
    noise: np.ndarray | None = None
    psf: np.ndarray | None = None
    eight_bit: bool = False
    lossy: bool = False
    item: str = ""
    lens: LensLight | None = None
    was_framed: bool = False

    def cut(self, part: Any, grid: Grid, note: str) -> "LensImage":
        """A rectangle of the image, its noise and its position on the sky with it; `grid` is its pixels on these."""
        return replace(
            self,
            pixels=np.ascontiguousarray(self.pixels[part]),
            notes=(*self.notes, note),
            noise=None if self.noise is None else self.noise[part],
            sky=None if self.sky is None else self.sky.on(grid),
            lens=None,
        )

    def found(self) -> "LensImage":
        """The same image with the position of its lens, so that `fit_image` frames that instead of the middle."""
        return replace(self, lens=find_lens(self.pixels))

    @property
    def position(self) -> tuple[float, float] | None:
        """Right ascension and declination (ICRS, degrees) of the lens, or of the middle; None where not known."""
        if self.sky is None:
            return None
        height, width = self.pixels.shape
        return self.sky.position(*((self.lens.row, self.lens.column) if self.lens else ((height - 1) / 2, (width - 1) / 2)))

    @property
    def peak_signal_to_noise(self) -> float | None:
        """The brightest pixel above the median over the noise there; None without a noise map."""
        if self.noise is None:
            return None
        known = np.isfinite(self.noise) & (self.noise > 0)
        above = self.pixels - np.median(self.pixels)
        return float((above[known] / self.noise[known]).max()) if known.any() else None

    @property
    def seeing(self) -> float | None:
        """Full width at half maximum of the PSF: arcsec where the pixel scale is known, else pixels; None without a PSF."""
        if self.psf is None:
            return None
        width = full_width_at_half_maximum(self.psf)
        return width if self.pixel_scale is None else width * self.pixel_scale

    def _repr_html_(self) -> str:
        """As a notebook shows it."""
        from lensmae.data.notebook import facts_html, picture_html

        height, width = self.pixels.shape
        facts = {
            "pixels": f"{height} x {width} ({self.format})",
            "pixel scale": None if self.pixel_scale is None else f"{self.pixel_scale:.4g} arcsec",
            "position": None if self.position is None else "RA {:.5f}, Dec {:+.5f} deg".format(*self.position),
            "unit": self.unit,
            "peak S/N": None if self.peak_signal_to_noise is None else f"{self.peak_signal_to_noise:.3g}",
        }
        return facts_html(self.name, facts, self.notes, picture_html(self.pixels, self.name))


@dataclass(frozen=True)
class Facts:
    """What a file says of its lens beside the pixels; None where it is silent.

    Attributes:
        ra, dec: of the lens, or of the middle of the image, in degrees (ICRS).
        seeing: full width at half maximum of the PSF, in arcsec, or in pixels where the pixel scale is not known.
        peak_signal_to_noise: of the brightest pixel.
        unit: of the pixels.
    """

    ra: float | None = None
    dec: float | None = None
    seeing: float | None = None
    peak_signal_to_noise: float | None = None
    unit: str = ""

    @classmethod
    def of(cls, image: LensImage) -> "Facts":
        """Those of an image."""
        ra, dec = image.position or (None, None)
        return cls(ra, dec, image.seeing, image.peak_signal_to_noise, image.unit)


def full_width_at_half_maximum(psf: np.ndarray) -> float:
    """Width in pixels of the disc of as large an area as that of a PSF (H, W) above half of its peak."""
    from scipy.ndimage import zoom

    finer = 8
    values = zoom(np.asarray(psf, dtype=np.float64), finer, order=3, mode="nearest", grid_mode=True)
    return float(2 * np.sqrt((values > values.max() / 2).sum() / np.pi) / finer)


def fit_image(image: LensImage, size: int, pixel_scale: float | None = None) -> LensImage:
    """Bring an image to (size, size), and say how.

    Where its lens is to be found (`LensImage.found`) and its field is larger than the network's, the square about the lens is
    cut out first (`framed`). Where both its own and the wanted `pixel_scale` (arcsec/pixel) are known, it is then
    resampled to that scale and cropped to its centre. Otherwise the centred square is averaged down to `size`. What is smaller is
    padded with its sky, the median of the border.
    """
    field = _field(image, size, pixel_scale)
    image = framed(image, size, pixel_scale)
    if field is not None and min(image.pixels.shape) > round(field) and image.lens is None and image.was_framed:
        # Its light reaches beyond the network's field: all of it is shown, at a coarser scale.
        pixel_scale = image.pixel_scale * min(image.pixels.shape) / size
    fitted = fit_pixels(image.pixels, size, image.pixel_scale, pixel_scale)
    return replace(
        image,
        pixels=fitted.pixels,
        pixel_scale=fitted.scale,
        notes=image.notes + fitted.notes,
        sky=None if image.sky is None else image.sky.on(fitted.grid),
        noise=None,
        lens=None,
    )


def framed(image: LensImage, size: int, pixel_scale: float | None = None) -> LensImage:
    """The square about the lens that a network of this size and scale should see (`frame_of`), cut out and said."""
    crop = frame_of(image, size, pixel_scale)
    if crop is None:
        return image
    part = np.s_[crop.top : crop.top + crop.side, crop.left : crop.left + crop.side]
    where = f"The lens was found at column {image.lens.column:.0f} and row {image.lens.row:.0f}"
    note = f"{where}; {crop.side}x{crop.side} pixels about it, from column {crop.left} and row {crop.top} on, were cut out."
    field = _field(image, size, pixel_scale)
    if field is not None and crop.side > round(field):
        wide, usual = (side * image.pixel_scale for side in (crop.side, field))
        note += f" Its light reaches beyond the network's {usual:.3g} arcsec, so {wide:.3g} arcsec are shown at a coarser scale."
    return replace(image.cut(part, Grid(crop.top, crop.left), note), was_framed=True)


def frame_of(image: LensImage, size: int, pixel_scale: float | None = None) -> Crop | None:
    """The square that `fit_image` cuts out about the lens; None where it takes the whole image or the lens was not looked for."""
    if image.lens is None or min(image.pixels.shape) <= size:
        return None
    return frame(image.pixels.shape, image.lens, _field(image, size, pixel_scale), size)


def _field(image: LensImage, size: int, pixel_scale: float | None) -> float | None:
    """Side of the network's field in pixels of the image."""
    known = image.pixel_scale is not None and pixel_scale is not None
    return size * pixel_scale / image.pixel_scale if known else None

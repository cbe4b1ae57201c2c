"""What an image is like, whatever it shows: how noisy it is, and over how many pixels its light is spread."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lensmae.data.statistics import FWHM_OF_SIGMA

# Of a floating-point number; keeps logarithms and quotients finite.
_TINY = 1e-30
_LEAST_NOISE = 1e-9
# Share of blocks of two by two pixels that count as bright.
_BRIGHT = 0.1
# Spatial frequencies, cycles a pixel: two bands in which lenses shine, and the corner in which noise alone is left.
_NEAR, _FAR, _CORNER = (0.10, 0.18), (0.20, 0.30), 0.5
# Power that lies fewer standard errors of the noise above it is taken for so many.
_STANDARD_ERRORS = 3.0
# Widths that are told apart, pixels.
_WIDTHS = np.linspace(0.0, 10.0, 201)


@dataclass(frozen=True)
class Quality:
    """Of B images.

    Attributes:
        noise: (B,) estimated rms of the pixel noise over the peak above the median, at least 1e-9.
        bright_noise: (B,) the same of the brightest tenth of the image, where photon noise is; fine structure counts as noise.
        width: (B,) FWHM in pixels of the Gaussian whose power falls off as that of the image does: seeing, and what it blurs.
    """

    noise: np.ndarray
    bright_noise: np.ndarray
    width: np.ndarray

    def __getitem__(self, rows: np.ndarray | slice) -> "Quality":
        return Quality(self.noise[rows], self.bright_noise[rows], self.width[rows])


def quality_of(images: np.ndarray) -> Quality:
    """The quality of images (B, H, W), which any flux unit and sky leave as it is."""
    flux = np.asarray(images, dtype=np.float64)
    height, width = flux.shape[1] // 2 * 2, flux.shape[2] // 2 * 2
    even = flux[:, :height, :width]
    blocks = even[:, ::2, ::2], even[:, 1::2, ::2], even[:, ::2, 1::2], even[:, 1::2, 1::2]
    detail = np.abs(blocks[0] - blocks[1] - blocks[2] + blocks[3]).reshape(len(flux), -1) / 2
    light = sum(blocks).reshape(len(flux), -1)
    bright = np.take_along_axis(detail, np.argsort(-light, axis=1)[:, : max(1, round(_BRIGHT * light.shape[1]))], axis=1)
    scale = flux.max(axis=(1, 2)) - np.median(flux, axis=(1, 2))
    return Quality(_rms(detail, scale), _rms(bright, scale), _width(flux))


def _rms(detail: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """By the median absolute diagonal detail of the finest Haar wavelet (Donoho & Johnstone 1994, Biometrika 81, 425), which
    smooth light hardly has; noise that is correlated between pixels is underestimated."""
    return np.maximum(np.median(detail, axis=1) / 0.6745 / np.where(scale > 0, scale, 1.0), _LEAST_NOISE)


def _width(flux: np.ndarray) -> np.ndarray:
    _, height, width = flux.shape
    window = np.hanning(height)[:, None] * np.hanning(width)[None]
    power = np.abs(np.fft.rfft2((flux - np.median(flux, axis=(1, 2), keepdims=True)) * window)) ** 2
    frequency = _frequency(height, width)
    # The power of white noise is distributed exponentially, whose median is ln 2 of its mean.
    noise = np.median(power[:, frequency > _CORNER], axis=1) / math.log(2)
    near, far = (_band(power, noise, (frequency >= low) & (frequency < high)) for low, high in (_NEAR, _FAR))
    falls = _falls(height, width)
    return np.interp(np.log(np.maximum(near, _TINY) / np.maximum(far, _TINY)), falls, _WIDTHS)


def _frequency(height: int, width: int) -> np.ndarray:
    """Cycles a pixel of the real Fourier transform of an image."""
    return np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])


def _band(power: np.ndarray, noise: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Mean power (B,) at the chosen frequencies without that of the noise."""
    least = _STANDARD_ERRORS * noise / math.sqrt(chosen.sum())
    return np.maximum(power[:, chosen].mean(axis=1) - noise, least)


@lru_cache(maxsize=8)
def _falls(height: int, width: int) -> np.ndarray:
    """Logarithm of the ratio of the power in both bands for Gaussians of `_WIDTHS`, whose power is exp(-4 pi^2 s^2 k^2)."""
    frequency = _frequency(height, width)
    exponent = -4 * math.pi**2 * (_WIDTHS[:, None] / FWHM_OF_SIGMA) ** 2
    near, far = (
        np.exp(exponent * frequency[(frequency >= low) & (frequency < high)][None] ** 2).mean(axis=1)
        for low, high in (_NEAR, _FAR)
    )
    return np.log(near / far)

"""What could be known of an image: how often a network is right about simulated lenses as noisy as it, and how sure it may be."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.optimize import minimize
from scipy.special import log_softmax

# Edges between which lenses are as noisy as each other: rms over the peak.
_EDGES = (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, float("inf"))
# Logarithms of noise are clipped to what training draws.
_LOG_NOISE = (-5.0, -1.0)
_LEAST = 10
_TINY = 1e-12


def noise_share(images: np.ndarray) -> np.ndarray:
    """Estimated rms of the pixel noise of images (B, H, W) over their peak above the median, (B,) float64, at least 1e-9.

    By the median absolute diagonal detail of the finest Haar wavelet (Donoho & Johnstone 1994, Biometrika 81, 425), which smooth
    light hardly has; noise that is correlated between pixels is underestimated.
    """
    flux = np.asarray(images, dtype=np.float64)
    height, width = flux.shape[1] // 2 * 2, flux.shape[2] // 2 * 2
    flux = flux[:, :height, :width]
    detail = (flux[:, ::2, ::2] - flux[:, 1::2, ::2] - flux[:, ::2, 1::2] + flux[:, 1::2, 1::2]) / 2
    rms = np.median(np.abs(detail), axis=(1, 2)) / 0.6745
    scale = flux.max(axis=(1, 2)) - np.median(flux, axis=(1, 2))
    return np.maximum(rms / np.where(scale > 0, scale, 1.0), 1e-9)


class Temperature(BaseModel):
    """ln T = offset + slope (log10 noise + 3): answers about noisier images may be as sure as they are right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: float = Field(allow_inf_nan=False)
    slope: float = Field(allow_inf_nan=False)

    def of(self, noise: np.ndarray) -> np.ndarray:
        """Temperatures (B,) of images with noise (B,), between 0.05 and 20."""
        return np.exp(np.clip(self.offset + self.slope * _centred(noise), np.log(0.05), np.log(20.0)))


def _centred(noise: np.ndarray) -> np.ndarray:
    return np.clip(np.log10(noise), *_LOG_NOISE) + 3.0


def fit_temperature_by_noise(probabilities: np.ndarray, labels: np.ndarray, noise: np.ndarray) -> Temperature:
    """The temperature that minimises the mean negative log-likelihood of labels (N,) under probabilities (N, K), of images with
    noise (N,)."""
    logs, rows, x = np.log(np.maximum(probabilities, _TINY)), np.arange(len(labels)), _centred(noise)

    def loss(parameters: np.ndarray) -> float:
        temperature = np.exp(np.clip(parameters[0] + parameters[1] * x, np.log(0.05), np.log(20.0)))
        # A weak pull to 1 keeps it finite where all answers are right.
        return -float(log_softmax(logs / temperature[:, None], axis=1)[rows, labels].mean()) + 1e-4 * float(
            parameters @ parameters
        )

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6})
    return Temperature(offset=float(found.x[0]), slope=float(found.x[1]))


class Expectation(BaseModel):
    """Of simulated lenses in bins of noise: how many, the share rightly classified, the share told, and the share right of those.

    Attributes:
        edges: of the bins' noise, one more than bins; the last has none above it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    edges: tuple[float, ...] = _EDGES[:-1]
    lenses: tuple[int, ...]
    accuracy: tuple[float | None, ...]
    told: tuple[float | None, ...]
    accuracy_of_told: tuple[float | None, ...]

    def place(self, noise: float) -> int:
        """The bin of an image with this noise."""
        return int(np.clip(np.searchsorted(self.edges, noise, side="right") - 1, 0, len(self.lenses) - 1))

    def sentence(self, noise: float) -> str | None:
        """What is to be expected of an answer about an image with this noise; None where too few lenses say so."""
        at = self.place(noise)
        if self.accuracy[at] is None:
            return None
        upper = f" to {100 * self.edges[at + 1]:g}" if at + 1 < len(self.edges) else " or more"
        told = "" if self.accuracy_of_told[at] is None else f", {self.accuracy_of_told[at]:.1%} of the {self.told[at]:.0%} told"
        return (
            f"Of {self.lenses[at]} simulated lenses with noise of {100 * self.edges[at]:g}{upper} % of the peak it calls "
            f"{self.accuracy[at]:.1%} rightly{told}."
        )


def expectation(noise: np.ndarray, right: np.ndarray, told: np.ndarray) -> Expectation:
    """The table of answers (N,): noise of their images, whether they are right, whether they are told."""
    place = np.searchsorted(_EDGES, noise, side="right") - 1
    bins = [place == number for number in range(len(_EDGES) - 1)]
    return Expectation(
        lenses=tuple(int(rows.sum()) for rows in bins),
        accuracy=_shares(right, bins),
        told=_shares(told, bins),
        accuracy_of_told=_shares(right, [rows & told for rows in bins]),
    )


def _shares(values: np.ndarray, bins: Sequence[np.ndarray]) -> tuple[float | None, ...]:
    return tuple(float(values[rows].mean()) if rows.sum() >= _LEAST else None for rows in bins)

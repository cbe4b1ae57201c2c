"""What could be known of an image: how often a network is right about simulated lenses like it, and how sure it may be."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from scipy.optimize import minimize
from scipy.special import log_softmax

from lensmae.data.value_titles import preset_title
from lensmae.evaluation.ood.quality import Quality

# Edges between which lenses are as noisy as each other (rms over the peak), or as sharp (FWHM in pixels).
_EDGES = (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, float("inf"))
_WIDTHS = (0.0, 3.7, 4.2, float("inf"))
# Where temperatures stop to change: logarithms of noise, of that of bright pixels, widths in pixels.
_LOG_NOISE, _LOG_BRIGHT, _WIDTH = (-5.0, -1.0), (-4.0, -0.5), (2.0, 5.0)
_USUAL_WIDTH = 3.5
_LOG_TEMPERATURE = (float(np.log(0.05)), float(np.log(20.0)))
_LEAST = 10
_TINY = 1e-12
# Files of LensMAE 0.1 call answers that are not withheld `told`.
_ANSWERED = AliasChoices("answered", "told")
_ACCURACY_ANSWERED = AliasChoices("accuracy_answered", "accuracy_of_told")


class Temperature(BaseModel):
    """ln T = offset + slope (log10 noise + 3) + bright (log10 bright noise + 2) + width (width - 3.5 pixels): answers about
    noisier and less sharp images may be as sure as they are right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offset: float = Field(allow_inf_nan=False)
    slope: float = Field(allow_inf_nan=False)
    bright: float = Field(0.0, allow_inf_nan=False)
    width: float = Field(0.0, allow_inf_nan=False)

    def of(self, quality: Quality) -> np.ndarray:
        """Temperatures (B,) of images, between 0.05 and 20."""
        weights = np.array([self.offset, self.slope, self.bright, self.width])
        return np.exp(np.clip(_columns(quality) @ weights, *_LOG_TEMPERATURE))


def _columns(quality: Quality) -> np.ndarray:
    """(B, 4): what the logarithm of a temperature is linear in."""
    noise = np.clip(np.log10(quality.noise), *_LOG_NOISE) + 3.0
    bright = np.clip(np.log10(quality.bright_noise), *_LOG_BRIGHT) + 2.0
    return np.stack([np.ones_like(noise), noise, bright, np.clip(quality.width, *_WIDTH) - _USUAL_WIDTH], axis=1)


def fit_temperature_by_quality(probabilities: np.ndarray, labels: np.ndarray, quality: Quality) -> Temperature:
    """The temperature that minimises the mean negative log-likelihood of labels (N,) under probabilities (N, K), of images of
    this quality."""
    logs, rows, columns = np.log(np.maximum(probabilities, _TINY)), np.arange(len(labels)), _columns(quality)

    def loss(parameters: np.ndarray) -> float:
        temperature = np.exp(np.clip(columns @ parameters, *_LOG_TEMPERATURE))
        # A weak pull to 1 keeps it finite where all answers are right.
        return -float(log_softmax(logs / temperature[:, None], axis=1)[rows, labels].mean()) + 1e-4 * float(
            parameters @ parameters
        )

    options = {"xatol": 1e-3, "fatol": 1e-7, "maxiter": 4000}
    found = minimize(loss, np.zeros(columns.shape[1]), method="Nelder-Mead", options=options).x
    return Temperature(offset=found[0], slope=found[1], bright=found[2], width=found[3])


class Cell(BaseModel):
    """Simulated lenses of one noise, sharpness and preset.

    Attributes:
        noise, width: which bin of each.
        stratum: preset that they are of; empty for all together.
        lenses: how many.
        accuracy, answered, accuracy_answered: shares classified correctly, answered (not withheld), and correct of those; the
            last None where none is answered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    noise: int = Field(ge=0)
    width: int = Field(ge=0)
    stratum: str = ""
    lenses: int = Field(ge=1)
    accuracy: float
    answered: float = Field(validation_alias=_ANSWERED)
    accuracy_answered: float | None = Field(validation_alias=_ACCURACY_ANSWERED)


class Expectation(BaseModel):
    """Of simulated lenses in bins of noise: how many, the shares classified correctly and answered, and the share correct of
    those.

    Attributes:
        edges: of the bins' noise, one more than bins; the last has none above it.
        widths: lower edges of the bins of sharpness, pixels; empty in files of earlier versions.
        cells: the same by noise, sharpness and preset, where there are enough lenses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    edges: tuple[float, ...] = _EDGES[:-1]
    lenses: tuple[int, ...]
    accuracy: tuple[float | None, ...]
    answered: tuple[float | None, ...] = Field(validation_alias=_ANSWERED)
    accuracy_answered: tuple[float | None, ...] = Field(validation_alias=_ACCURACY_ANSWERED)
    widths: tuple[float, ...] = ()
    cells: tuple[Cell, ...] = ()

    def index(self, noise: float) -> int:
        """The bin of an image with this noise."""
        return _bin(self.edges, noise)

    def sentence(self, noise: float, width: float | None = None) -> str | None:
        """What is to be expected of an answer about an image with this noise, and with this width where lenses as sharp tell it;
        None where too few lenses say so."""
        at = self.index(noise)
        like = f"a signal-to-noise ratio at the peak of {_range(self.edges, at)}"
        alike = [] if width is None or not self.widths else [cell for cell in self.cells if self._holds(cell, at, width)]
        whole = next((cell for cell in alike if not cell.stratum), None)
        if whole is not None:
            sharp = f" and light spread over {_span(self.widths, whole.width)} pixels"
            return _said(like + sharp, whole, [cell for cell in alike if cell.stratum])
        if self.accuracy[at] is None:
            return None
        shares = {"accuracy": self.accuracy[at], "answered": self.answered[at], "accuracy_answered": self.accuracy_answered[at]}
        return _said(like, Cell(noise=at, width=0, lenses=self.lenses[at], **shares), [])

    def _holds(self, cell: Cell, at: int, width: float) -> bool:
        return (cell.noise, cell.width) == (at, _bin(self.widths, width))


def _bin(edges: Sequence[float], value: float) -> int:
    return int(np.clip(np.searchsorted(edges, value, side="right") - 1, 0, len(edges) - 1))


def _range(edges: Sequence[float], at: int) -> str:
    """A bin of noise as signal-to-noise ratios."""
    above = f"{1 / edges[at]:,.0f}" if edges[at] else ""
    if at + 1 == len(edges):
        return f"{above} or less"
    below = f"{1 / edges[at + 1]:,.0f}"
    return f"{below} to {above}" if above else f"{below} or more"


def _span(edges: Sequence[float], at: int) -> str:
    if at + 1 == len(edges):
        return f"{edges[at]:g} or more"
    return f"{edges[at]:g} to {edges[at + 1]:g}" if edges[at] else f"less than {edges[at + 1]:g}"


def _said(like: str, whole: Cell, parts: Sequence[Cell]) -> str:
    known = whole.accuracy_answered is not None
    answered = f", and {whole.accuracy_answered:.1%} of the {whole.answered:.0%} whose class is not withheld" if known else ""
    apart = ", ".join(f"{preset_title(cell.stratum)} {cell.accuracy:.0%} of {cell.lenses}" for cell in parts)
    return (
        f"Of {whole.lenses} simulated lenses with {like} it classifies {whole.accuracy:.1%} correctly{answered}"
        f"{f' ({apart})' if len(parts) > 1 else ''}."
    )


class Answers(NamedTuple):
    """N answers about simulated lenses: whether each is right and not withheld, of which preset the lens is."""

    right: np.ndarray
    answered: np.ndarray
    strata: np.ndarray


def expectation(quality: Quality, answers: Answers) -> Expectation:
    """The table of answers about images of this quality."""
    at = np.searchsorted(_EDGES, quality.noise, side="right") - 1
    width = np.searchsorted(_WIDTHS, quality.width, side="right") - 1
    bins = [at == number for number in range(len(_EDGES) - 1)]
    cells = []
    for noise in range(len(_EDGES) - 1):
        for sharp in range(len(_WIDTHS) - 1):
            here = (at == noise) & (width == sharp)
            parts = [("", here), *((name, here & (answers.strata == name)) for name in dict.fromkeys(answers.strata.tolist()))]
            cells += [_cell(answers, rows, noise, sharp, name) for name, rows in parts if rows.sum() >= _LEAST]
    return Expectation(
        lenses=tuple(int(rows.sum()) for rows in bins),
        accuracy=_shares(answers.right, bins),
        answered=_shares(answers.answered, bins),
        accuracy_answered=_shares(answers.right, [rows & answers.answered for rows in bins]),
        widths=_WIDTHS[:-1],
        cells=tuple(cells),
    )


def _cell(answers: Answers, rows: np.ndarray, noise: int, width: int, stratum: str) -> Cell:
    answered = rows & answers.answered
    return Cell(
        noise=noise,
        width=width,
        stratum=stratum,
        lenses=int(rows.sum()),
        accuracy=float(answers.right[rows].mean()),
        answered=float(answers.answered[rows].mean()),
        accuracy_answered=float(answers.right[answered].mean()) if answered.any() else None,
    )


def _shares(values: np.ndarray, bins: Sequence[np.ndarray]) -> tuple[float | None, ...]:
    return tuple(float(values[rows].mean()) if rows.sum() >= _LEAST else None for rows in bins)

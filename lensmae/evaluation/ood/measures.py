"""What an image shows of being out of distribution, or of an answer being wrong: measures of one network, large where unusual."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from scipy.special import logsumexp, softmax

from lensmae.data.nuisances import moved
from lensmae.data.symmetry import D4_ORDER, apply_d4
from lensmae.evaluation.ood.quality import quality_of
from lensmae.models import Classifier

# Elements of D4 other than half a turn, which an elliptical lens in its centre has itself.
_POSES = (1, 3, 4, 5, 6, 7)
_MOVES = tuple((right, down) for right in (-1.0, 0.0, 1.0) for down in (-1.0, 0.0, 1.0) if (right, down) != (0.0, 0.0))
# Of a floating-point number; keeps logarithms and quotients finite.
_TINY = 1e-12


@dataclass(frozen=True)
class Views:
    """What a classifier says of B images under each of the V symmetries that it was trained on.

    Attributes:
        embeddings: (B, D) float32, mean-pooled tokens of the image as it is.
        logits: (V, B, K) float32.
        temperature: (B,) that softens the answer, the mean over views.
    """

    embeddings: np.ndarray
    logits: np.ndarray
    temperature: np.ndarray | None = None

    @cached_property
    def each(self) -> np.ndarray:
        """Class probabilities (V, B, K) of every view."""
        return softmax(self.logits, axis=-1)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """The answer, (B, K): their mean, at its temperature."""
        mean = self.each.mean(axis=0)
        if self.temperature is None:
            return mean
        return softmax(np.log(np.maximum(mean, _TINY)) / self.temperature[:, None], axis=-1)

    @property
    def spread(self) -> np.ndarray | None:
        """Standard deviation over the views, (B, K); None where there is one."""
        return self.each.std(axis=0) if len(self.each) > 1 else None


def classifier_views(model: Classifier, images: np.ndarray) -> Views:
    """Ask a classifier for images (B, H, W), under all eight symmetries where it was trained on them."""
    return Views(*model.answer(images, D4_ORDER if model.card.symmetric else 1))


def answer_measures(views: Views) -> dict[str, np.ndarray]:
    """Measures (B,) of a classifier's answers.

    confidence: 1 - the largest probability (Hendrycks & Gimpel 2017, arXiv:1610.02136). energy: -log sum exp of the logits (Liu
    et al. 2020, arXiv:2010.03759), mean over views. disagreement: Jensen-Shannon divergence of the views' probabilities, nats.
    """
    found = {
        "confidence": 1.0 - views.probabilities.max(axis=-1),
        "energy": -logsumexp(views.logits.astype(np.float64), axis=-1).mean(axis=0),
    }
    if len(views.each) > 1:
        found["disagreement"] = np.maximum(_entropy(views.probabilities) - _entropy(views.each).mean(axis=0), 0.0)
    return found


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    clipped = np.maximum(probabilities.astype(np.float64), _TINY)
    return -(clipped * np.log(clipped)).sum(axis=-1)


def quality_measures(images: np.ndarray) -> dict[str, np.ndarray]:
    """Measures (B,) of images (B, H, W), whatever they show: noise, bright noise, width, as `Quality` has them."""
    quality = quality_of(images)
    return {"noise": quality.noise, "bright noise": quality.bright_noise, "width": quality.width}


def whitening_measures(model: Classifier, images: np.ndarray, scale: np.ndarray, peak: float) -> dict[str, np.ndarray]:
    """Measures (B,) of images (B, H, W) for a classifier that whitens: it knows one orientation, one centre and one flux scale.

    orientation, centre, half pixel: an image in the pose of the training lenses is more like them than the same image turned, or
    moved by a pixel or half of one. Each is its length in units of the components' `scale` (components,), over the least of the
    changed images'.
    flux scale: `|ln|` of the brightest pixel over `peak`, the training value. pca_residual, background: as `Classifier` has them.

    Args:
        model: the classifier.
        images: flux (B, H, W).
        scale: (components,) of each component over the training lenses.
        peak: the median of brightest pixels, in flux, above 0.
    """

    def length(changed: np.ndarray) -> np.ndarray:
        return np.sqrt(np.square(model.components(np.ascontiguousarray(changed)) / scale).mean(axis=1))

    here = length(images)
    flux = torch.from_numpy(np.ascontiguousarray(images))
    turned = [length(apply_d4(flux, element).numpy()) for element in _POSES]
    by_one, by_half = ([length(_moved(flux, factor, move)) for move in _MOVES] for factor in (1.0, 0.5))
    return {
        "pca_residual": model.pca_residual(images),
        "background": model.background(images),
        "orientation": here / np.maximum(np.min(turned, axis=0), _TINY),
        "centre": here / np.maximum(np.min(by_one, axis=0), _TINY),
        "half pixel": here / np.maximum(np.min(by_half, axis=0), _TINY),
        "flux scale": np.abs(np.log(np.maximum(images.max(axis=(1, 2)), _TINY) / peak)).astype(np.float64),
    }


def _moved(flux: torch.Tensor, factor: float, move: tuple[float, float]) -> np.ndarray:
    right, down = (torch.full((len(flux),), factor * by) for by in move)
    return moved(flux, right, down).numpy()

"""Where does a classifier look? Three maps for one lens, all of the network as it is, in one orientation."""

from dataclasses import dataclass

import numpy as np
import torch
from einops import repeat
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from lensmae.errors import DatasetError
from lensmae.models import Classifier
from lensmae.models.classifier import LensClassifier
from lensmae.progress import Progress

_BATCH = 32
_NODES = (32, 64, 128, 256)
_CLOSED = 0.02


@dataclass(frozen=True)
class Attribution:
    """What each pixel adds to the logit of a class.

    Attributes:
        pixels: (H, W) float32, in logits.
        change: logit of the image minus that of the baseline, read at the patches that are read of the image; `pixels` sums up to
            it where the integral is exact.
        baseline: what the path starts from, in words.
    """

    pixels: np.ndarray
    change: float
    baseline: str


def has_attention(model: Classifier) -> bool:
    """Whether it is a transformer; a convolutional baseline is not."""
    return isinstance(model.module, LensClassifier)


def transformed_input(model: Classifier, image: np.ndarray) -> tuple[np.ndarray, str] | None:
    """What the network looks at instead of the image, (H, W) float32, and what that is in words; None where it is the image."""
    module = model.module
    if module.prior is not None:
        words = "what its linear model of lenses leaves of the image, asinh, in units of that model's own error"
    elif getattr(module, "whitening", None) is not None:
        words = "the image whitened with the principal components of its training lenses, asinh, in standard deviations"
    else:
        return None
    with torch.inference_mode():
        return module.network_input(_inputs(model, image))[0, 0].cpu().numpy(), words


def attention_rollout(model: Classifier, image: np.ndarray) -> np.ndarray:
    """Share of each patch in the mean-pooled tokens, (H, W) float32 that sums to 1 over patches.

    Attention of all layers, mean over heads, half of it the residual path, multiplied up (Abnar & Zuidema 2020,
    arXiv:2005.00928); read at the patch tokens, which the classifier averages. Patches that it does not encode have 0.
    """
    if not has_attention(model):
        raise DatasetError(f"{model.name} has no transformer, so there is no attention to show.")
    network = model.module
    with torch.inference_mode():
        inputs = _inputs(model, image)
        patches, indices = network.patches(inputs), network.kept_tokens(inputs)
        cls_token = repeat(network.encoder.cls_token, "1 1 c -> b 1 c", b=1)
        tokens = torch.cat([cls_token, patches], dim=1)
        rollout = torch.eye(tokens.shape[1], device=model.device)
        for block in network.encoder.transformer:
            weights = block.attn.weights(block.norm1(tokens)).mean(dim=1)[0]
            rollout = 0.5 * (weights + torch.eye(len(weights), device=model.device)) @ rollout
            tokens = block(tokens)
        rolled = rollout[1:, 1:].mean(dim=0)
        rows, columns = network.encoder.grid(inputs)
        shares = torch.zeros(rows * columns, device=model.device)
        shares[slice(None) if indices is None else indices[0]] = rolled / rolled.sum()
    return _pixels(shares.cpu().numpy().reshape(rows, columns), model.patch_size)


def integrated_gradients(model: Classifier, image: np.ndarray, class_index: int, steps: int | None = None) -> Attribution:
    """Gradients of a class's logit along the straight line from a baseline to the image (Sundararajan et al. 2017,
    arXiv:1703.01365, eq. 1), by Gauss-Legendre quadrature, denser near the baseline; all along it the network reads the patches
    that it reads of the image.

    Image and baseline are network input (`LensClassifier.network_input`). A linear model in front of the network spreads every
    pixel over the whole image and magnifies it: along a line between two images themselves the logit rises and falls by far more
    than its change. Zero is the baseline where the network has such a model, an empty sky otherwise.

    Args:
        model: the classifier.
        image: flux (H, W).
        class_index: index of the class in `model.classes`.
        steps: nodes of the quadrature; where None, twice as many until the gradients sum to the change of the logit within 2 %,
            or 0.02 logits, at most 256.
    """
    inputs = _inputs(model, image)
    with torch.inference_mode():
        end, indices = model.module.network_input(inputs), model.module.kept_tokens(inputs)
    start, words = _baseline(model, image, inputs)
    path = _Path(model.module, class_index, start, end, indices)
    with torch.inference_mode():
        change = float((path.logit(end) - path.logit(start)).item())
    for nodes in _NODES if steps is None else (steps,):
        pixels = (end - start) * path.mean_gradient(nodes)
        if abs(float(pixels.sum()) - change) <= max(_CLOSED * abs(change), _CLOSED):
            break
    return Attribution(pixels[0, 0].cpu().numpy(), change, words)


@dataclass(frozen=True)
class _Path:
    """The straight line between two things that a network may see, (1, C, H, W) each, and a class's logit along it."""

    network: nn.Module
    class_index: int
    start: Tensor
    end: Tensor
    indices: Tensor | None

    def logit(self, inputs: Tensor) -> Tensor:
        indices = None if self.indices is None else self.indices.expand(len(inputs), -1)
        return self.network.logits_of_input(inputs, indices)[:, self.class_index]

    def mean_gradient(self, nodes: int) -> Tensor:
        # Of the square of the position: normalising layers answer to little contrast like to much, so a network changes fastest
        # near the baseline. With 256 nodes the gradients of the shipped classifier missed the change of the logit by 0.3 to 3.7
        # evenly along the line, by 0.01 to 0.7 so (five lenses, measured).
        abscissae, weights = np.polynomial.legendre.leggauss(nodes)
        root = 0.5 * (abscissae + 1)
        along, shares = (
            torch.tensor(values, dtype=torch.float32, device=self.end.device).view(-1, 1, 1, 1)
            for values in (root**2, weights * root)
        )
        total = torch.zeros_like(self.end)
        for index, share in zip(along.split(_BATCH), shares.split(_BATCH), strict=True):
            between = (self.start + index * (self.end - self.start)).requires_grad_(True)
            (gradient,) = torch.autograd.grad(self.logit(between).sum(), between)
            total += (share * gradient).sum(dim=0, keepdim=True)
        return total


def occlusion(
    model: Classifier, image: np.ndarray, class_index: int, window: int | None = None, progress: Progress | None = None
) -> np.ndarray:
    """How much a class's log-odds fall when a window is smoothed away, (H, W) float32 in nats; negative where they rise.

    A square window of two patches' side steps over the image by one patch; inside it the image is replaced by itself under a
    Gaussian of a patch's width, which takes small structure and leaves the arc (the blur of Fong & Vedaldi 2017,
    arXiv:1704.03296; a black window would rather show where the light is). For a network that looks at the residual of a linear
    model it is replaced by what that expects. A pixel has the mean of the windows that cover it.

    Args:
        model: the classifier.
        image: flux (H, W).
        class_index: index of the class in `model.classes`.
        window: pixels a side; two patches where None.
        progress: called with (windows done, windows in all).
    """
    # A network without patches has the windows of the reference ones.
    size = max(4, model.patch_size)
    window = window or 2 * size
    height, width = image.shape
    smooth = without_detail(model, image)
    corners = [(row, column) for row in range(0, height - window + 1, size) for column in range(0, width - window + 1, size)]
    whole = _log_odds(model, image[None], class_index)[0]
    total, covered = np.zeros(image.shape), np.zeros(image.shape)
    for first in range(0, len(corners), _BATCH):
        part = corners[first : first + _BATCH]
        hidden = np.repeat(image[None], len(part), axis=0)
        for index, (row, column) in enumerate(part):
            inside = slice(row, row + window), slice(column, column + window)
            hidden[index][inside] = smooth[inside]
        falls = whole - _log_odds(model, hidden, class_index)
        for (row, column), fall in zip(part, falls, strict=True):
            inside = slice(row, row + window), slice(column, column + window)
            total[inside] += fall
            covered[inside] += 1
        if progress is not None:
            progress(min(first + _BATCH, len(corners)), len(corners))
    return (total / np.maximum(covered, 1)).astype(np.float32)


def without_detail(model: Classifier, image: np.ndarray) -> np.ndarray:
    """The image (H, W) with little in it for the network to see: what its linear model of lenses expects, where it has one,
    else smoothed over the width of a patch."""
    if model.module.prior is None:
        return gaussian_filter(image, max(4, model.patch_size), mode="nearest")
    with torch.inference_mode():
        flux = torch.from_numpy(np.array(image, dtype=np.float32))[None, None].to(model.device)
        explained = model.module.prior.explained(_inputs(model, image))
        return model.transform.inverse(explained, model.transform.scale(flux))[0, 0].cpu().numpy()


def _inputs(model: Classifier, image: np.ndarray) -> Tensor:
    model.patch_grid(image.shape)
    flux = torch.from_numpy(np.array(image, dtype=np.float32))[None, None].to(model.device)
    return model.transform.forward(flux)


def _baseline(model: Classifier, image: np.ndarray, inputs: Tensor) -> tuple[Tensor, str]:
    if model.module.prior is not None:
        return torch.zeros_like(inputs), "a lens that the linear model explains to the last pixel"
    if getattr(model.module, "whitening", None) is not None:
        return torch.zeros_like(inputs), "the mean training lens"
    flux = torch.from_numpy(np.array(image, dtype=np.float32))[None, None].to(model.device)
    return model.transform.forward(torch.zeros_like(flux), model.transform.scale(flux)), "an empty sky"


def _log_odds(model: Classifier, images: np.ndarray, class_index: int) -> np.ndarray:
    # In one orientation, as the other maps; `predict` would average eight.
    with torch.inference_mode():
        flux = torch.from_numpy(np.asarray(images, dtype=np.float32)).unsqueeze(1).to(model.device)
        logits = model.module(model.transform.forward(flux)).double()
        others = torch.cat([logits[:, :class_index], logits[:, class_index + 1 :]], dim=1)
        # Unlike a probability, which is 1 to six digits for a sure network, it still answers to small changes.
        return (logits[:, class_index] - others.logsumexp(dim=1)).cpu().numpy()


def _pixels(grid: np.ndarray, size: int) -> np.ndarray:
    return grid.repeat(size, axis=0).repeat(size, axis=1).astype(np.float32)

"""Whitening: what all lenses of a set share is scaled down, what few of them have is scaled up."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

if TYPE_CHECKING:
    from sklearn.decomposition import PCA


# A study measures the same images before each of its trainings, half a minute each time; a few results are 13 MB each.
_REMEMBERED = 4
_measured: dict[tuple[int, tuple[int, ...], str], "PCA"] = {}
# Up to 64 x 64 pixels all components are found, exactly; of larger images the covariance is too large a matrix.
_EXACT_PIXELS = 4096
# As a share of the pixels, so many images are still decomposed faster than the covariance of the pixels.
_FEW = 0.25


def principal_components(images: Tensor, components: int) -> tuple["PCA", np.ndarray]:
    """scikit-learn's PCA fitted to images (N, 1, H, W), and the images as (N, H * W) float64.

    Raises:
        ValueError: for no more images than components.
    """
    # Here, because a loaded network needs no scikit-learn.
    from sklearn.decomposition import PCA

    if len(images) <= components:
        raise ValueError(f"{components} principal components need more than {components} images, not {len(images)}.")
    # In float64: the variances kept span ten orders of magnitude.
    flat = rearrange(images, "n 1 h w -> n (h w)").double().cpu().numpy()
    key = (components, flat.shape, hashlib.blake2b(flat.data, digest_size=16).hexdigest())
    if key not in _measured:
        measured = PCA(components, svd_solver=pca_solver(*flat.shape), random_state=0).fit(flat)
        while len(_measured) >= _REMEMBERED:
            del _measured[next(iter(_measured))]
        _measured[key] = measured
    return _measured[key], flat


def pca_solver(images: int, pixels: int) -> str:
    """scikit-learn's solver for so many images of so many pixels: exact where that is affordable, from the images where they are
    few, else from the covariance of the pixels."""
    if images <= _FEW * min(pixels, _EXACT_PIXELS):
        return "full"
    return "covariance_eigh" if pixels <= _EXACT_PIXELS else "randomized"


class Whitening(nn.Module):
    """Regularised ZCA whitening of whole images, then asinh.

    Smooth lenses of one preset fill a space of few dimensions, in which images differ by far more than a dent of a subhalo. The
    principal components of the training images are divided by sqrt(variance + floor), which keeps the result an image, in
    place: z = asinh(sum_k u_k (u_k . (x - mean)) g_k), g_k = c / sqrt(w_k + w_floor). The floor, the variance of the
    component at a quarter of all, keeps the weakest from being noise only; c gives the argument of asinh unit deviation.
    (ZCA: Bell & Sejnowski 1997, Vision Research 37, 3327.)

    Args:
        components: number of principal components.
        image_size: side of the square images, pixels. Whitening belongs to one size, orientation and centre.
    """

    def __init__(self, components: int, image_size: int) -> None:
        super().__init__()
        self.image_size = image_size
        self.register_buffer("mean", torch.zeros(image_size**2))
        self.register_buffer("basis", torch.zeros(components, image_size**2))
        self.register_buffer("gain", torch.ones(components))

    def fit(self, images: Tensor) -> None:
        """Measure mean, components and gains on images (N, 1, H, W) in transform space; N must exceed the components.

        Raises:
            ValueError: for too few images.
        """
        components = len(self.basis)
        measured, flat = principal_components(images, components)
        variance = measured.explained_variance_
        gain = 1.0 / np.sqrt(variance + variance[components // 4])
        # Components are orthogonal, so the variance of the result is the sum of theirs.
        gain *= np.sqrt(flat.shape[1] / np.sum(variance * gain**2))
        for buffer, values in ((self.mean, measured.mean_), (self.basis, measured.components_), (self.gain, gain)):
            buffer.copy_(torch.from_numpy(values))

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 1, H, W) in transform space -> the same shape, about zero mean and unit deviation over a set."""
        with torch.autocast(images.device.type, enabled=False):
            white = (self.components(images) * self.gain) @ self.basis
        return rearrange(torch.asinh(white), "b (h w) -> b 1 h w", h=self.image_size)

    def network_input(self, images: Tensor) -> Tensor:
        """What a classifier with this view looks at: the whitened images, (B, 1, H, W)."""
        return self(images)

    def residual(self, images: Tensor) -> Tensor:
        """Root mean square (B,) of what the components leave of images (B, 1, H, W): the network does not see it."""
        return self._left(images).square().mean(dim=1).sqrt()

    def background(self, images: Tensor) -> Tensor:
        """Median absolute value (B,) of the same: what is left where there is no arc."""
        return self._left(images).abs().median(dim=1).values

    def _left(self, images: Tensor) -> Tensor:
        flat = rearrange(images, "b 1 h w -> b (h w)")
        with torch.autocast(images.device.type, enabled=False):
            return flat - self.mean - self.components(images) @ self.basis

    def components(self, images: Tensor) -> Tensor:
        """Principal components (B, components) of images (B, 1, H, W), float32."""
        if images.shape[1:] != (1, self.image_size, self.image_size):
            raise ValueError(f"This network takes images of {self.image_size}x{self.image_size}, not {tuple(images.shape[1:])}.")
        # The weakest vary by 1e-4 of the strongest, which mixed precision and the TF32 of graphics cards would round away.
        with torch.autocast(images.device.type, enabled=False):
            exact = torch.float64 if images.is_cuda else torch.float32
            flat = rearrange(images, "b 1 h w -> b (h w)").to(exact)
            return ((flat - self.mean.to(exact)) @ self.basis.to(exact).T).float()

"""The best linear guess of hidden pixels: where a masked autoencoder may start from, and what it has to beat."""

import numpy as np
import torch
from einops import rearrange, repeat
from torch import Tensor, nn

from lensmae.models.whitening import principal_components


class LinearPrior(nn.Module):
    """Hidden pixels by probabilistic PCA (Tipping & Bishop 1999, J. R. Stat. Soc. B 61, 611): x = mean + W z + noise with
    z ~ N(0, 1) and noise ~ N(0, s^2), fitted to training images; then E[x | visible pixels].

    Smooth lenses of one preset nearly fill a linear space of few dimensions, so a quarter of the pixels fixes the others to a
    part in a thousand. What is left, which substructure dominates, is for a network to learn.

    Args:
        components: columns of W.
        image_size: side of the square images, pixels. The prior belongs to one size, orientation and centre.
        patch_size: side of the patches that are hidden whole.

    Attributes:
        mean: (N,), N pixels.
        basis: (components, N), the transpose of W.
        noise: s^2.
        limits: darkest and brightest pixel of the training images; a guess stays within them.
        spread: root mean square error of the guess on training images with three quarters of their patches hidden.
    """

    def __init__(self, components: int, image_size: int, patch_size: int) -> None:
        super().__init__()
        self.image_size = image_size
        self.patch_size = patch_size
        pixels = image_size**2
        self.register_buffer("mean", torch.zeros(pixels))
        self.register_buffer("basis", torch.zeros(components, pixels))
        self.register_buffer("noise", torch.ones(()))
        self.register_buffer("limits", torch.tensor([-torch.inf, torch.inf]))
        self.register_buffer("spread", torch.ones(()))
        # What follows from the basis, in float64, made when first needed.
        self._basis: Tensor | None = None
        self._sums: Tensor | None = None
        self.register_load_state_dict_post_hook(lambda module, _: module._forget())

    def _forget(self) -> None:
        self._basis = self._sums = None

    def fit(self, images: Tensor) -> None:
        """Measure all from images (N, 1, H, W) in transform space; N must exceed the components.

        Raises:
            ValueError: for too few images.
        """
        measured, flat = principal_components(images, len(self.basis))
        # Rounding of the variances, which float32 pixels do not resolve either, bounds the noise from below.
        noise = max(float(measured.noise_variance_), 1e-10 * float(measured.explained_variance_[0]))
        loading = measured.components_ * np.sqrt(np.maximum(measured.explained_variance_ - noise, 0))[:, None]
        limits = np.array([flat.min(), flat.max()])
        for buffer, values in ((self.mean, measured.mean_), (self.basis, loading), (self.noise, noise), (self.limits, limits)):
            buffer.copy_(torch.as_tensor(values))
        self._forget()
        some = images[:: max(1, len(images) // 512)].float()
        patches = (self.image_size // self.patch_size) ** 2
        hidden = torch.rand(len(some), patches, generator=torch.Generator().manual_seed(0)).argsort(dim=1) >= patches // 4
        error = (self(some, hidden) - some).square()[self.pixels(hidden)]
        self.spread.copy_(error.mean().sqrt().clamp_min(1e-12))

    def pixels(self, hidden: Tensor) -> Tensor:
        """Hidden patches (B, T) as hidden pixels (B, 1, H, W)."""
        side = self.image_size // self.patch_size
        return repeat(hidden, "b (h w) -> b 1 (h p) (w q)", h=side, p=self.patch_size, q=self.patch_size)

    def surprise(self, images: Tensor, guess: Tensor) -> Tensor:
        """How far images lie from a guess, both (B, 1, H, W), in units of `spread` and under asinh: a pixel that the linear
        model cannot follow may lie a thousand spreads from it."""
        return torch.asinh((images - guess) / self.spread)

    def network_input(self, images: Tensor) -> Tensor:
        """What a classifier with this view looks at: the residual, (B, 1, H, W)."""
        return self.residual(images)

    def residual(self, images: Tensor) -> Tensor:
        """What the linear model leaves of images (B, 1, H, W) of which nothing is hidden, as `surprise`; differentiable.

        Of a prior fitted to lenses without substructure it is what substructure adds.
        """
        return self.surprise(images, self.explained(images))

    def explained(self, images: Tensor) -> Tensor:
        """What the linear model makes of images (B, 1, H, W) of which nothing is hidden; differentiable."""
        self._check(images)
        with torch.autocast(images.device.type, enabled=False):
            basis = self.basis.double()
            gram = basis @ basis.T + self.noise.double() * torch.eye(len(basis), dtype=torch.float64, device=basis.device)
            known = rearrange(images, "b 1 h w -> b (h w)").double() - self.mean
            guess = self.mean + torch.linalg.solve(gram, basis @ known.T).T @ basis
        return rearrange(guess.to(images.dtype), "b (h w) -> b 1 h w", h=self.image_size)

    def _check(self, images: Tensor) -> None:
        if images.shape[1:] != (1, self.image_size, self.image_size):
            raise ValueError(f"This network takes images of {self.image_size}x{self.image_size}, not {tuple(images.shape[1:])}.")

    @torch.no_grad()
    def forward(self, images: Tensor, hidden: Tensor) -> Tensor:
        """The guess of every pixel, (B, 1, H, W), from the visible pixels alone.

        Args:
            images: (B, 1, H, W) in transform space.
            hidden: (B, T) bool, True = hidden.
        """
        self._check(images)
        # Mixed precision would round what float64 is needed for.
        with torch.autocast(images.device.type, enabled=False):
            basis, sums = self._products()
            visible = rearrange(~self.pixels(hidden), "b 1 h w -> b (h w)")
            known = (rearrange(images, "b 1 h w -> b (h w)").double() - self.mean) * visible
            # Posterior of z (Bishop 2006, eq. 12.42): its precision W'W / s^2 + 1, all times s^2 here.
            latent = self._solved(~hidden, known @ basis.T, sums)
            guess = (self.mean + latent @ basis).clamp(*self.limits).to(images.dtype)
        return rearrange(guess, "b (h w) -> b 1 h w", h=self.image_size)

    def _products(self) -> tuple[Tensor, Tensor]:
        """The basis (K, N), and W'W of every patch in its upper triangle, (T, K (K + 1) / 2); both float64."""
        if self._sums is None or self._sums.device != self.basis.device:
            self._basis = self.basis.double()
            side, count = self.image_size // self.patch_size, len(self.basis)
            shape = {"h": side, "p": self.patch_size, "q": self.patch_size}
            patches = rearrange(self._basis, "k (h p w q) -> (h w) k (p q)", **shape)
            rows, columns = torch.triu_indices(count, count, device=self.basis.device)
            self._sums = torch.stack([(patch @ patch.T)[rows, columns] for patch in patches])
        return self._basis, self._sums

    def _solved(self, visible: Tensor, projected: Tensor, sums: Tensor) -> Tensor:
        """Posterior mean of z, (B, K) float64, from the visible patches (B, T) and W'(x - mean) over them (B, K).

        With the products of every patch at hand, a mask costs one row of a matrix product.
        """
        count = len(self.basis)
        # Often all lenses of a batch have the same mask. A GPU is not waited for to find out.
        waits = visible.device.type == "cpu"
        shared = waits and bool((visible == visible[:1]).all())
        masks = visible[:1] if shared else visible
        rows, columns = torch.triu_indices(count, count, device=visible.device)
        upper = torch.zeros(len(masks), count, count, dtype=torch.float64, device=visible.device)
        upper[:, rows, columns] = masks.double() @ sums
        upper.diagonal(dim1=1, dim2=2).add_(self.noise.double())
        # Cholesky reads one triangle only.
        factor = torch.linalg.cholesky_ex(upper, upper=True, check_errors=waits).L
        right = projected.T[None] if shared else projected[:, :, None]
        solved = torch.cholesky_solve(right, factor, upper=True)
        return solved[0].T if shared else solved[:, :, 0]

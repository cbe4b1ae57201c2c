"""The masked autoencoder: `MAEViT` = `MAEEncoder` + `MAEDecoder` (He et al. 2022, arXiv:2111.06377).

Reference configuration: image 64, patch 4, emb_dim 192, encoder 12 layers / 3 heads, decoder 4 layers / 3 heads,
mask ratio 0.75. Images are in the checkpoint's transform space (see `lensmae.data.transforms`).
"""

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from lensmae.models.blocks import NORM_EPS, init_linear, transformer
from lensmae.models.linear_prior import LinearPrior
from lensmae.models.masking import PatchShuffle, scores_from_hidden, take


def interpolate_positions(positions: Tensor, native: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """Resample position embeddings (1, T, C) from the native patch grid to another, bicubically."""
    if grid == native:
        return positions
    image = rearrange(positions, "1 (h w) c -> 1 c h w", h=native[0], w=native[1])
    image = F.interpolate(image, size=grid, mode="bicubic", align_corners=False)
    return rearrange(image, "1 c h w -> 1 (h w) c")


class MAEEncoder(nn.Module):
    """Patchify -> position embedding -> `PatchShuffle` -> class token -> transformer -> LayerNorm."""

    def __init__(
        self,
        image_size: int = 64,
        patch_size: int = 4,
        emb_dim: int = 192,
        layers: int = 12,
        heads: int = 3,
        mask_ratio: float = 0.75,
        in_channels: int = 1,
        drop_path: float = 0.0,
        qkv_bias: bool = False,
        norm_eps: float = NORM_EPS,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ValueError(f"image_size {image_size} is not divisible by patch_size {patch_size}.")
        self.patch_size = patch_size
        self.emb_dim = emb_dim
        self.native_grid = (image_size // patch_size, image_size // patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, emb_dim))
        self.pos_embedding = nn.Parameter(torch.zeros(1, self.native_grid[0] * self.native_grid[1], emb_dim))
        self.shuffle = PatchShuffle(mask_ratio)
        self.patchify = nn.Conv2d(in_channels, emb_dim, patch_size, patch_size)
        self.transformer = transformer(emb_dim, layers, heads, drop_path, qkv_bias, norm_eps)
        self.layer_norm = nn.LayerNorm(emb_dim, eps=norm_eps)
        init_linear(self)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embedding, std=0.02)

    def grid(self, images: Tensor) -> tuple[int, int]:
        """Patch grid (rows, columns) of images (B, C, H, W); H and W must be divisible by the patch size."""
        height, width = images.shape[-2:]
        if height % self.patch_size or width % self.patch_size:
            raise ValueError(f"Image size {height}x{width} is not divisible by the patch size {self.patch_size}.")
        return height // self.patch_size, width // self.patch_size

    def patches(self, images: Tensor) -> Tensor:
        """Patch tokens with their position embedding, (B, T, C), in raster order."""
        grid = self.grid(images)
        tokens = rearrange(self.patchify(images), "b c h w -> b (h w) c")
        return tokens + interpolate_positions(self.pos_embedding, self.native_grid, grid)

    def with_class_token(self, patches: Tensor) -> Tensor:
        """What the transformer gets: (B, K, C) -> (B, 1 + K, C), class token first."""
        return torch.cat([repeat(self.cls_token, "1 1 c -> b 1 c", b=patches.shape[0]), patches], dim=1)

    def encode(self, patches: Tensor, layers: int | None = None) -> Tensor:
        """Prepend the class token and run the transformer: (B, K, C) -> (B, 1 + K, C).

        Args:
            patches: tokens (B, K, C).
            layers: stop after so many blocks, at least one; all where None. The final LayerNorm follows in either case, as for
                the intermediate layers of DINOv2 (Oquab et al. 2023, arXiv:2304.07193), so that layers can be compared.
        """
        transformer = self.transformer if layers is None else self.transformer[:layers]
        return self.layer_norm(transformer(self.with_class_token(patches)))

    def tokens(self, images: Tensor) -> Tensor:
        """Unmasked features in raster order, without the class token: (B, C, H, W) -> (B, T, emb_dim)."""
        return self.encode(self.patches(images))[:, 1:]

    def forward(
        self, images: Tensor, mask_ratio: float | None = None, scores: Tensor | None = None, hidden: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Encode the visible patches.

        Args:
            images: (B, C, H, W).
            mask_ratio: share hidden, in [0, 1); the encoder's own where None.
            scores: scores (B, T) that order the patches, lowest visible; random where None.
            hidden: (B, T) bool, an exact mask instead of a ratio; True = hidden.

        Returns:
            Features (B, 1 + K, emb_dim), class token first, and backward indexes (B, T).
        """
        if hidden is not None:
            scores, mask_ratio = scores_from_hidden(hidden)
        kept, _, backward_indexes = self.shuffle(self.patches(images), mask_ratio, scores)
        return self.encode(kept), backward_indexes


class MAEDecoder(nn.Module):
    """Mask tokens in, un-shuffle, position embedding, transformer, linear head, rearrange to an image.

    Args:
        encoder_dim: width of the encoder's tokens where it is another than the decoder's `emb_dim`; a linear layer takes one to
            the other, and a layer norm stands before the head, as in He et al.'s own weights.
    """

    def __init__(
        self,
        image_size: int = 64,
        patch_size: int = 4,
        emb_dim: int = 192,
        layers: int = 4,
        heads: int = 3,
        in_channels: int = 1,
        encoder_dim: int | None = None,
        qkv_bias: bool = False,
        norm_eps: float = NORM_EPS,
    ) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.in_channels = in_channels
        self.native_grid = (image_size // patch_size, image_size // patch_size)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, emb_dim))
        self.pos_embedding = nn.Parameter(torch.zeros(1, self.native_grid[0] * self.native_grid[1] + 1, emb_dim))
        self.embed = nn.Identity() if encoder_dim is None else nn.Linear(encoder_dim, emb_dim)
        self.transformer = transformer(emb_dim, layers, heads, qkv_bias=qkv_bias, norm_eps=norm_eps)
        self.layer_norm = nn.Identity() if encoder_dim is None else nn.LayerNorm(emb_dim, eps=norm_eps)
        self.head = nn.Linear(emb_dim, in_channels * patch_size**2)
        init_linear(self)
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        nn.init.trunc_normal_(self.pos_embedding, std=0.02)

    def positions(self, grid: tuple[int, int]) -> Tensor:
        """Position embeddings (1, 1 + T, C) for a patch grid; the first belongs to the class token."""
        patches = interpolate_positions(self.pos_embedding[:, 1:], self.native_grid, grid)
        return torch.cat([self.pos_embedding[:, :1], patches], dim=1)

    def to_image(self, patches: Tensor, grid: tuple[int, int]) -> Tensor:
        """(B, T, C * p * p) -> (B, C, H, W)."""
        return rearrange(
            patches, "b (h w) (c p q) -> b c (h p) (w q)", h=grid[0], w=grid[1], p=self.patch_size, q=self.patch_size
        )

    def forward(
        self,
        features: Tensor,
        backward_indexes: Tensor,
        grid: tuple[int, int] | None = None,
        hints: Tensor | None = None,
        drawn_share: float = 1.0,
    ) -> tuple[Tensor, Tensor]:
        """Reconstruct the image.

        Args:
            features: (B, 1 + K, emb_dim) from `MAEEncoder`.
            backward_indexes: (B, T).
            grid: patch grid (rows, columns); the native one where None.
            hints: tokens (B, T, emb_dim) in raster order that are added.
            drawn_share: share of the hidden patches that are drawn, those first in the order of the mask; the others cost
                nothing and stay zero (as He et al. drop tokens from the encoder; Fu et al. 2024, arXiv:2401.14391).

        Returns:
            Prediction and pixel mask (1 = was hidden and is drawn), both (B, in_channels, H, W).
        """
        grid = grid or self.native_grid
        tokens = self.unshuffled(features, backward_indexes, grid, hints)
        visible, total = features.shape[1] - 1, backward_indexes.shape[1]
        read = total if drawn_share >= 1.0 else visible + max(1, round(drawn_share * (total - visible)))
        mask = self.pixel_mask(backward_indexes, visible, grid)
        if read == total:
            patches = self._patches(tokens)
        else:
            patches = self._drawn(tokens, torch.argsort(backward_indexes, dim=1)[:, :read])
            mask &= ~self.pixel_mask(backward_indexes, read, grid)
        return self.to_image(patches, grid), mask.to(patches.dtype)

    def _patches(self, tokens: Tensor) -> Tensor:
        """Tokens (B, 1 + R, emb_dim), class token first -> patches (B, R, C * p * p)."""
        return self.head(self.layer_norm(self.transformer(tokens)[:, 1:]))

    def _drawn(self, tokens: Tensor, indices: Tensor) -> Tensor:
        """Patches (B, T, C * p * p) of tokens (B, 1 + T, emb_dim), from those at indices (B, R) alone; the others are zero."""
        read = torch.cat([tokens[:, :1], take(tokens[:, 1:], indices)], dim=1)
        drawn = self._patches(read)
        empty = drawn.new_zeros(tokens.shape[0], tokens.shape[1] - 1, drawn.shape[-1])
        return empty.scatter(1, repeat(indices, "b r -> b r n", n=drawn.shape[-1]), drawn)

    def unshuffled(
        self, features: Tensor, backward_indexes: Tensor, grid: tuple[int, int], hints: Tensor | None = None
    ) -> Tensor:
        """What the transformer gets: class token, then features and mask tokens in raster order, with their position embedding,
        (B, 1 + T, emb_dim). Arguments as of `forward`.

        Args:
            features: (B, 1 + K, C), class token first.
            backward_indexes: (B, T).
            grid: rows and columns of patches.
            hints: (B, T, C) added to the patches; none where None.
        """
        batch, total = backward_indexes.shape
        features = self.embed(features)
        mask_tokens = repeat(self.mask_token, "1 1 c -> b m c", b=batch, m=total - features.shape[1] + 1)
        shuffled = torch.cat([features[:, 1:], mask_tokens.to(features.dtype)], dim=1)
        patches = take(shuffled, backward_indexes)
        patches = patches if hints is None else patches + hints
        return torch.cat([features[:, :1], patches], dim=1) + self.positions(grid)

    def pixel_mask(self, backward_indexes: Tensor, visible: int, grid: tuple[int, int]) -> Tensor:
        """(B, T) backward indexes -> (B, in_channels, H, W) bool, True where the patch was hidden."""
        hidden = repeat(backward_indexes >= visible, "b t -> b t n", n=self.in_channels * self.patch_size**2)
        return self.to_image(hidden, grid)


class MAEViT(nn.Module):
    """Encoder and decoder with the reference defaults.

    Args:
        linear_prior: principal components of a `LinearPrior`; 0 for none. With one, the decoder is told its guess and how far
            the visible pixels lie from it, and draws the difference; an untrained network is exactly the prior.
        decoder_dim: token width of the decoder where it is another than the encoder's.
        qkv_bias, norm_eps: of the attention and of the layer norms, for weights that others trained.
    """

    def __init__(
        self,
        image_size: int = 64,
        patch_size: int = 4,
        emb_dim: int = 192,
        encoder_layers: int = 12,
        encoder_heads: int = 3,
        decoder_layers: int = 4,
        decoder_heads: int = 3,
        mask_ratio: float = 0.75,
        in_channels: int = 1,
        linear_prior: int = 0,
        decoder_dim: int | None = None,
        qkv_bias: bool = False,
        norm_eps: float = NORM_EPS,
    ) -> None:
        super().__init__()
        blocks = {"qkv_bias": qkv_bias, "norm_eps": norm_eps}
        self.encoder = MAEEncoder(
            image_size, patch_size, emb_dim, encoder_layers, encoder_heads, mask_ratio, in_channels, **blocks
        )
        size = (image_size, patch_size, decoder_dim or emb_dim, decoder_layers, decoder_heads, in_channels)
        self.decoder = MAEDecoder(*size, encoder_dim=emb_dim if decoder_dim else None, **blocks)
        self.prior = LinearPrior(linear_prior, image_size, patch_size) if linear_prior else None
        if self.prior is not None:
            self.hints = nn.Conv2d(2, emb_dim, patch_size, patch_size)
            init_linear(self.hints)
            nn.init.zeros_(self.decoder.head.weight)
            nn.init.zeros_(self.decoder.head.bias)

    def forward(
        self,
        images: Tensor,
        mask_ratio: float | None = None,
        scores: Tensor | None = None,
        hidden: Tensor | None = None,
        drawn_share: float = 1.0,
        guess: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W) -> prediction and pixel mask (1 = hidden), both (B, C, H, W); see `MAEEncoder.forward`, and
        `MAEDecoder.forward` for `drawn_share`.

        Args:
            images: (B, C, H, W).
            mask_ratio: share of patches to hide, in [0, 1); the network's own where None.
            scores: (B, T) scores; those with the highest are hidden.
            hidden: (B, T) bool, exact masks instead.
            drawn_share: of the hidden patches that are drawn, in (0, 1].
            guess: (B, 1, H, W), `linear_guess` of the same patches where it is known already.
        """
        features, backward_indexes = self.encoder(images, mask_ratio, scores, hidden)
        guess, hints = self.guess(images, features, backward_indexes, guess)
        drawn, mask = self.decoder(features, backward_indexes, self.encoder.grid(images), hints, drawn_share)
        return drawn if guess is None else guess + self.prior.spread * drawn, mask

    def linear_guess(self, images: Tensor, hidden: Tensor) -> Tensor | None:
        """The prior's guess (B, 1, H, W) of images (B, 1, H, W) from the patches not hidden (B, T); None without one."""
        return None if self.prior is None else self.prior(images, hidden)

    def guess(
        self, images: Tensor, features: Tensor, backward_indexes: Tensor, known: Tensor | None = None
    ) -> tuple[Tensor | None, Tensor | None]:
        """The prior's guess (B, 1, H, W), from the patches that were encoded, and what the decoder is told of it (B, T, emb_dim);
        None for both without a prior.

        Args:
            images: (B, 1, H, W).
            features, backward_indexes: as of `MAEDecoder.forward`.
            known: the guess, where it was made before.
        """
        if self.prior is None:
            return None, None
        hidden = backward_indexes >= features.shape[1] - 1
        guess = self.prior(images, hidden) if known is None else known
        surprise = self.prior.surprise(images, guess).masked_fill(self.prior.pixels(hidden), 0.0)
        return guess, rearrange(self.hints(torch.cat([guess, surprise], dim=1)), "b c h w -> b (h w) c")


def masked_loss(prediction: Tensor, images: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over hidden pixels (arXiv:2111.06377, section 3, "Reconstruction target")."""
    return ((prediction - images) ** 2 * mask).sum() / mask.sum()

"""Where an MAE looks: attention of every head, attention rollout, and how alike its position embeddings are."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from lensmae.errors import ConfigError
from lensmae.models import Reconstructor
from lensmae.models.mae import interpolate_positions


@dataclass(frozen=True)
class AttentionMaps:
    """Attention of one transformer over an image; token 0 is the class token, the others are the patches in raster order.

    Attributes:
        weights: (L, heads, 1 + T, 1 + T) float32 softmax weights, rows sum to one.
        grid: rows and columns of patches, T together.
    """

    weights: np.ndarray
    grid: tuple[int, int]

    def head(self, layer: int, head: int, patch: tuple[int, int] | None) -> np.ndarray:
        """What a patch (row, column), or the class token where None, attends to in one head: (gh, gw)."""
        return self._seen(self.weights[layer, head], patch)

    def heads_mean(self, layer: int, patch: tuple[int, int] | None) -> np.ndarray:
        """The same, mean over the heads of a layer."""
        return self._seen(self.weights[layer].mean(axis=0), patch)

    def rollout(self, patch: tuple[int, int] | None) -> np.ndarray:
        """Attention rollout to the last layer (Abnar & Zuidema 2020, arXiv:2005.00928, eq. 1): how much of each input patch
        reaches a patch, or the class token, when attention mixes tokens linearly and residuals keep one half."""
        identity = np.eye(self.weights.shape[-1])
        mixed = identity
        for layer in self.weights.mean(axis=1):
            mixed = (0.5 * layer + 0.5 * identity) @ mixed
        return self._seen(mixed, patch)

    def _seen(self, matrix: np.ndarray, patch: tuple[int, int] | None) -> np.ndarray:
        row = 0 if patch is None else 1 + patch[0] * self.grid[1] + patch[1]
        return matrix[row, 1:].reshape(self.grid).astype(np.float32)


@torch.inference_mode()
def attention_maps(
    model: Reconstructor, image: np.ndarray, part: str = "encoder", hidden: np.ndarray | None = None
) -> AttentionMaps:
    """Attention over one image (H, W).

    Args:
        model: the network.
        image: flux (H, W).
        part: "encoder", which then sees all patches, or "decoder", which sees the encoder's features of the visible patches and
            mask tokens in the place of the hidden ones.
        hidden: (gh, gw) bool mask, for the decoder.
    """
    grid = model.patch_grid(image.shape)
    flux = torch.from_numpy(np.array(image, dtype=np.float32))[None, None].to(model.device)
    inputs = model.transform.forward(flux)
    encoder, decoder = model.module.encoder, model.module.decoder
    if part == "encoder":
        return AttentionMaps(_weights(encoder.transformer, encoder.with_class_token(encoder.patches(inputs))), grid)
    if part != "decoder":
        raise ConfigError(f"There is no part {part!r} of the network; there are encoder and decoder.")
    exact = torch.zeros(1, grid[0] * grid[1], dtype=torch.bool) if hidden is None else torch.from_numpy(hidden.reshape(1, -1))
    features, backward = encoder(inputs, hidden=exact.to(model.device))
    _, hints = model.module.guess(inputs, features, backward)
    return AttentionMaps(_weights(decoder.transformer, decoder.unshuffled(features, backward, grid, hints)), grid)


def _weights(layers: nn.Sequential, tokens: Tensor) -> np.ndarray:
    found = []
    for block in layers:
        found.append(block.attn.weights(block.norm1(tokens))[0])
        tokens = block(tokens)
    return torch.stack(found).cpu().numpy()


def position_similarity(model: Reconstructor, grid: tuple[int, int], patch: tuple[int, int], part: str = "encoder") -> np.ndarray:
    """Cosine similarity of the position embedding of a patch (row, column) with that of every patch: (gh, gw), in [-1, 1].

    Args:
        model: the network.
        grid: rows and columns of patches.
        patch: row and column.
        part: encoder or decoder.
    """
    network = getattr(model.module, part)
    own = network.pos_embedding[:, -network.native_grid[0] * network.native_grid[1] :]
    embedded = interpolate_positions(own, network.native_grid, grid)[0]
    chosen = embedded[patch[0] * grid[1] + patch[1]]
    return torch.cosine_similarity(embedded, chosen[None], dim=1).reshape(grid).cpu().numpy()
